//! Every gate is shown to catch what it is for: a rule is broken in a copy of this repository, and
//! the gate that guards it is seen to refuse.
//!
//! These take minutes, so `cargo xtask test` leaves them out and `cargo xtask test --gates` runs them.

mod copy;
mod coverage;
mod image;
mod lint;
mod scan;
