//! What the tests stand on: binaries made byte by byte, and a folder that looks like a repository.

mod elf;
mod project;

pub(crate) use elf::{Crate, Elf};
pub(crate) use project::{Project, RUN_AT, Ran};
