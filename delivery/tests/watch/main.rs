//! Watches on the paused clock, over the engine's own transport, of two releases in memory.

mod bad;
mod cbor;
mod cloudwatch;
mod good;
mod identity;
mod scene;
mod service;
mod users;
