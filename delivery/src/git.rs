//! The state of the work tree: what is deployed has to be committed, and where others can find it.
//!
//! Git is asked as a program, so that `GIT_DIR`, `GIT_WORK_TREE` and `GIT_INDEX_FILE` mean what they
//! mean to it. Nothing is fetched: what the remote had when it was asked last is what counts, and a
//! checkout in Actions has asked just before.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context as _, bail};
use tokio::process::Command;

use crate::exit::Ending;
use crate::release::Commit;

/// How many changed files are named.
const NAMED: usize = 5;

/// A work tree.
#[derive(Clone, Debug)]
pub struct WorkTree {
    /// Where git is asked.
    pub folder: PathBuf,
    /// Variables that git gets besides those of this process.
    pub variables: Vec<(OsString, OsString)>,
}

/// What git says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The commit that is checked out.
    pub head: Commit,
    /// Files that differ from it, and files that it lacks and nobody ignores.
    pub changes: Vec<String>,
    /// Whether anybody else can have the commit.
    pub pushed: Pushed,
}

/// Whether a remote has a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// A branch of a remote contains it.
    Yes,
    /// None does, as far as is known here.
    No,
    /// There is no remote.
    NoRemote,
}

impl WorkTree {
    /// The work tree around this folder, or that which the variables of this process name.
    #[must_use]
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), variables: Vec::new() }
    }

    /// Asks git.
    pub async fn look(&self) -> anyhow::Result<State> {
        let head = self.git(&["rev-parse", "--verify", "HEAD^{commit}"]).await?;
        let head = head.trim().parse().context("git names what is checked out")?;
        let status = self.git(&["status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=normal"]).await?;
        let changes = status.split('\0').filter_map(|entry| entry.get(3..)).map(str::to_owned).collect();
        let remotes = self.git(&["for-each-ref", "--count=1", "--contains", "HEAD", "refs/remotes"]).await?;
        let pushed = if !remotes.trim().is_empty() {
            Pushed::Yes
        } else if self.git(&["remote"]).await?.trim().is_empty() {
            Pushed::NoRemote
        } else {
            Pushed::No
        };
        Ok(State { head, changes, pushed })
    }

    async fn git(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let what = format!("git {}", arguments.join(" "));
        let mut command = Command::new("git");
        command.current_dir(&self.folder).envs(self.variables.iter().cloned()).args(arguments);
        command.env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0").stdin(Stdio::null()).kill_on_drop(true);
        let output = command.output().await.with_context(|| format!("failed to start {what}"))?;
        if !output.status.success() {
            bail!("{what} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl State {
    /// The commit that may be deployed, or every reason why there is none.
    pub fn judge(&self) -> Result<&Commit, Ending> {
        let mut reasons = Vec::new();
        if !self.changes.is_empty() {
            let named = self.changes.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
            let more = match self.changes.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            reasons.push(format!(
                "the work tree is not what {} says: {named}{more}; commit it, stash it, or ignore it",
                self.head.short()
            ));
        }
        match self.pushed {
            Pushed::Yes => {}
            Pushed::No => reasons.push(format!(
                "no branch of a remote has {}, so nobody else could find what runs: push it (and `git fetch` when it \
                 was pushed from elsewhere)",
                self.head.short()
            )),
            Pushed::NoRemote => reasons.push(
                "the repository has no remote, so nobody else could find what runs: `git remote add origin URL`, and \
                 push"
                    .to_owned(),
            ),
        }
        if reasons.is_empty() { Ok(&self.head) } else { Err(Ending::Refused(reasons)) }
    }
}

#[cfg(test)]
mod tests;
