//! The state of the work tree: what is deployed has to be committed, and where others can find it.
//!
//! Git is asked as a program, so that `GIT_DIR`, `GIT_WORK_TREE` and `GIT_INDEX_FILE` mean what they
//! mean to it. Nothing is fetched: what the remote had when it was asked last is what counts, and a
//! checkout in Actions has asked just before.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use schema::Folder;

use crate::edge::Variables;
use crate::exit::Ending;
use crate::release::Commit;

/// How many changed files are named.
const NAMED: usize = 5;

/// A work tree.
#[derive(Clone, Debug)]
pub enum WorkTree {
    /// One that git is asked about.
    At {
        /// Where it is asked.
        folder: PathBuf,
        /// Variables that it gets besides those of this process: `GIT_DIR` and the like.
        variables: Vec<(String, String)>,
    },
    /// One whose state is known.
    Known(State),
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
    /// The work tree around this folder, or that which these variables name.
    #[must_use]
    pub fn at(folder: impl Into<PathBuf>, variables: &Variables) -> Self {
        let own = variables.iter().filter(|(name, _)| name.starts_with("GIT_"));
        let variables = own.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self::At { folder: folder.into(), variables }
    }

    /// Asks git.
    pub async fn look(&self) -> anyhow::Result<State> {
        match self {
            Self::Known(state) => Ok(state.clone()),
            Self::At { folder, variables } => {
                let git = Git { folder: folder.clone(), variables: variables.clone() };
                tokio::task::spawn_blocking(move || git.look()).await.context("failed to ask git")?
            }
        }
    }
}

impl WorkTree {
    /// The migrations that a commit has. An error where the commit is not in this clone, with what brings it.
    pub async fn migrations(&self, commit: &Commit) -> anyhow::Result<Folder> {
        match self {
            Self::Known(_) => bail!("git is not asked here"),
            Self::At { folder, variables } => {
                let git = Git { folder: folder.clone(), variables: variables.clone() };
                let commit = commit.clone();
                tokio::task::spawn_blocking(move || git.migrations(&commit)).await.context("failed to ask git")?
            }
        }
    }
}

struct Git {
    folder: PathBuf,
    variables: Vec<(String, String)>,
}

impl Git {
    fn look(&self) -> anyhow::Result<State> {
        let head = self.ask(&["rev-parse", "--verify", "HEAD^{commit}"])?;
        let head = head.trim().parse().context("git names what is checked out")?;
        let status = self.ask(&["status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=normal"])?;
        let changes = status.split('\0').filter_map(|entry| entry.get(3..)).map(str::to_owned).collect();
        let remotes = self.ask(&["for-each-ref", "--count=1", "--contains", "HEAD", "refs/remotes"])?;
        let pushed = if !remotes.trim().is_empty() {
            Pushed::Yes
        } else if self.ask(&["remote"])?.trim().is_empty() {
            Pushed::NoRemote
        } else {
            Pushed::No
        };
        Ok(State { head, changes, pushed })
    }

    fn migrations(&self, commit: &Commit) -> anyhow::Result<Folder> {
        if self.ask(&["cat-file", "-e", &format!("{commit}^{{commit}}")]).is_err() {
            let short = commit.short();
            bail!("git has no commit {short} here (`git fetch origin {commit}` brings it)");
        }
        let list = self.ask(&["ls-tree", "--name-only", "-z", commit.as_str(), "migrations/"])?;
        let mut migrations = Folder::default();
        for path in list.split('\0').filter(|path| path.ends_with(".sql")) {
            let text = self.ask(&["show", &format!("{commit}:./{path}")])?;
            let name = path.rsplit('/').next().unwrap_or(path);
            migrations.files.insert(name.to_owned(), text);
        }
        Ok(migrations)
    }

    fn ask(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let what = format!("git {}", arguments.join(" "));
        let mut command = Command::new("git");
        command.current_dir(&self.folder).envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.args(arguments).env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0").stdin(Stdio::null());
        let output = command.output().with_context(|| format!("failed to start {what}"))?;
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
