//! The scan of an image: Trivy, and the advisories for the crates in its binary.
//!
//! Each is a [`Check`] of its own with a verdict of its own, and neither hides the other. A check
//! that could not do its work is neither clean nor vulnerable: it could not tell, and that is not
//! a pass.

pub mod advisories;
pub mod check;
pub mod exceptions;
pub mod outcome;
pub mod severity;
pub mod show;
pub mod trivy;

pub use check::{Check, Finding, FindingKind, Standing, Verdict};
pub use exceptions::Exceptions;
pub use outcome::Outcome;
pub use severity::Severity;
