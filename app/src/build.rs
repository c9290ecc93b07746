//! What this instance was built from.

use axum::http::{HeaderName, HeaderValue};

use crate::config::Environment;

/// The crate's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The header that every answer names the commit in: who watches two releases behind one address
/// tells by it which of them answered.
pub const X_COMMIT: HeaderName = HeaderName::from_static("x-commit");

/// The variable that the image's own configuration sets.
const COMMIT_VARIABLE: &str = "BUILD_COMMIT";

/// What stands for a commit that nobody told.
const UNKNOWN: &str = "unknown";

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
        Self { version: VERSION, commit: commit.unwrap_or_else(|| UNKNOWN.to_owned()) }
    }

    /// The commit as the value of [`X_COMMIT`].
    #[must_use]
    pub fn header(&self) -> HeaderValue {
        HeaderValue::from_str(&self.commit).unwrap_or_else(|_| HeaderValue::from_static(UNKNOWN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_a_header_and_what_cannot_be_one_is_unknown() {
        for (told, expected) in [
            (Some("4b825dc642cb6eb9a060e54bf8d69288fbee4904-dirty"), "4b825dc642cb6eb9a060e54bf8d69288fbee4904-dirty"),
            (Some(""), "unknown"),
            (Some("a\nb: c"), "unknown"),
            (None, "unknown"),
        ] {
            let build = Build::read(&|_| told.map(str::to_owned));
            assert_eq!(build.header(), expected, "{told:?}");
        }
    }
}
