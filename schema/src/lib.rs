//! The migrations, checked before they merge: what each would do to the release that runs, which
//! lock it takes, for how long, who waits for it, and the safe way to write it.
//!
//! [`check`] is pure: a [`Folder`] as it is, and the one that has been merged already. What squawk
//! sees of a statement is squawk's; what it does not see, and what a single file cannot tell, is here.

pub mod check;
pub mod cli;
pub mod exit;
mod finding;
mod folder;
pub mod git;
pub mod new;
mod rule;
mod sql;
mod versions;

pub use finding::Finding;
pub use folder::{Direction, Folder, Migration};
pub use rule::{Kind, Rule};
pub use versions::{Contract, Versions};
