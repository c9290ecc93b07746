//! The provider as a program, on every source that this machine has.
//!
//! A source that it has not is skipped with a printed reason; where `POSTGRES_TESTS_SKIP_NOTHING`
//! is set, as in CI, a skip is a failure.

mod cleanup;
mod command;
mod container;
mod fake;
mod given;
mod local;
mod provider;
