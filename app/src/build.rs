//! What this instance was built from.

use crate::config::Environment;

/// The crate's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The variable that the image's own configuration sets.
const COMMIT_VARIABLE: &str = "BUILD_COMMIT";

/// The version and the commit of this instance.
///
/// The commit is told by the environment and not compiled in, so that a new commit with the same code
/// is the same binary in the same layer, and nothing is compiled or pushed again for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The crate's version.
    pub version: &'static str,
    /// The commit, forty hexadecimal digits, with `-dirty` appended when the tree had changes, or
    /// `unknown` for an instance that was not told.
    pub commit: String,
}

impl Build {
    /// Asks the environment, which the image has set.
    #[must_use]
    pub fn read(environment: Environment<'_>) -> Self {
        let commit = environment(COMMIT_VARIABLE).filter(|commit| !commit.is_empty());
        Self { version: VERSION, commit: commit.unwrap_or_else(|| "unknown".to_owned()) }
    }
}
