//! What is known of the migrations of a release: its files, from git, or else the versions that were
//! recorded when it was judged.

use schema::{Folder, Versions};

use crate::evidence::Evidence;

/// What is known of a release's migrations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Which versions it brings and needs, or why nobody knows.
    pub versions: Result<Versions, String>,
    /// The files, when git has its commit.
    pub folder: Option<Folder>,
}

impl Known {
    /// All of it: these are the files.
    #[must_use]
    pub fn of(folder: Folder) -> Self {
        Self { versions: Ok(folder.versions()), folder: Some(folder) }
    }

    /// Nothing, and why.
    pub fn not(why: impl Into<String>) -> Self {
        Self { versions: Err(why.into()), folder: None }
    }

    /// What the newest verdict says that says anything of it; where none does, why nobody knows.
    #[must_use]
    pub fn recorded(evidence: &Evidence, why: &str) -> Self {
        let found = evidence.verdicts.iter().rev().find_map(|verdict| verdict.schema.clone());
        Self { versions: found.ok_or_else(|| format!("{why}, and no verdict tells of its migrations")), folder: None }
    }
}
