//! Deployments against the rehearsal cloud in memory, on the paused clock: how they are followed, taken
//! back, proven, and how the schema is migrated.

mod adapters;
mod back;
mod cloud;
#[path = "../shared/direct.rs"]
mod direct;
mod expired;
mod follow;
mod histories;
#[path = "../shared/in_memory.rs"]
mod in_memory;
mod interrupted;
mod migrate;
mod prove;
