//! What this binary was built from.

/// The crate's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit, forty hexadecimal digits, with `-dirty` appended when the tree had changes, or
/// `unknown` for a build that was not told.
pub const COMMIT: &str = match option_env!("BUILD_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};
