//! ECS over the wire.
