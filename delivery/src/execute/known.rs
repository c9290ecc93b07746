//! Asking for the migrations of a release. Whoever asks only wants to know: there is no error, and no wait
//! that would be noticed.

use std::time::Duration;

use tokio::time::timeout;

use super::session::Session;
use crate::evidence::Evidence;
use crate::migrations::Known;
use crate::release::{Commit, Digest};

/// How long git, and then the registry, may take.
const LIMIT: Duration = Duration::from_secs(10);

impl Session {
    /// What is known of the migrations of a release: from git, or else from what was recorded about its digest.
    pub(crate) async fn migrations_of(&self, commit: Option<&Commit>, digest: Option<&Digest>) -> Known {
        let why = match self.files_of(commit).await {
            Ok(known) => return known,
            Err(why) => why,
        };
        let Some(digest) = digest else { return Known::not(why) };
        match timeout(LIMIT, Evidence::about(&self.registry, digest)).await {
            Ok(Ok(evidence)) => Known::recorded(&evidence, &why),
            Ok(Err(error)) => Known::not(format!("{why}, and {error:#}")),
            Err(_) => Known::not(format!("{why}, and the registry did not tell within {} s", LIMIT.as_secs())),
        }
    }

    /// The same, with what was recorded at hand.
    pub(crate) async fn migrations_by(&self, commit: &Commit, evidence: &Evidence) -> Known {
        self.files_of(Some(commit)).await.unwrap_or_else(|why| Known::recorded(evidence, &why))
    }

    async fn files_of(&self, commit: Option<&Commit>) -> Result<Known, String> {
        let commit = commit.ok_or("nobody knows its commit")?;
        match timeout(LIMIT, self.tree.migrations(commit)).await {
            Ok(Ok(folder)) => Ok(Known::of(folder)),
            Ok(Err(error)) => Err(format!("{error:#}")),
            Err(_) => Err(format!("git did not tell what {} has within {} s", commit.short(), LIMIT.as_secs())),
        }
    }
}
