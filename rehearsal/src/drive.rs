//! The driver of `cargo xtask rehearse`: the real commands, one after another, on a cloud that is
//! made for them, with what each should come to and what must be true afterwards.

mod command;
mod git;
mod page;
mod terminal;
mod timeline;
