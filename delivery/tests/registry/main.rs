//! What is kept in the registry, against the rehearsal cloud in memory: images, verdicts, locks.

mod cloud;
#[path = "../shared/direct.rs"]
mod direct;
mod evidence;
#[path = "../shared/in_memory.rs"]
mod in_memory;
#[path = "../shared/layout.rs"]
mod layout;
mod lock;
mod preflight;
mod push;
mod secrets;
mod small;
mod smoke;
