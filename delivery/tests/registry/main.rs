//! What is kept in the registry, against the rehearsal cloud in memory: images, verdicts, locks.

mod cloud;
mod evidence;
mod lock;
mod push;
mod small;
