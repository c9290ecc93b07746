//! What is kept in the registry, against the rehearsal cloud in memory: images, verdicts, locks.

mod cloud;
mod evidence;
mod lock;
mod preflight;
mod push;
mod secrets;
mod small;
mod smoke;
