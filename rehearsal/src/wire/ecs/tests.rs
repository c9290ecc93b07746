//! ECS's API as a client sees it.

mod codes;
mod direct;
mod life;
mod parameters;
