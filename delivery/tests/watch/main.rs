//! Watches on the paused clock, over the engine's own transport, of two releases in memory.

mod bad;
mod cbor;
mod cloudwatch;
mod figures;
mod good;
mod identity;
#[path = "../shared/in_memory.rs"]
mod in_memory;
mod rehearsed;
mod releases;
mod scene;
mod users;
