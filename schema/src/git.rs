//! Which migrations are merged already, asked of git.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::Folder;

/// The migrations as a commit has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// The commit; none where there is none to compare with.
    pub commit: Option<String>,
    /// What is merged; none where nothing is.
    pub folder: Option<Folder>,
}

/// Reads what `revision` has under `migrations` in the repository at `root`.
pub fn read(root: &Path, revision: &str) -> anyhow::Result<Merged> {
    let commit = commit(root, revision)?.with_context(|| format!("git knows no revision `{revision}`"))?;
    let list = git(root, &["ls-tree", "--name-only", "-z", &commit, "migrations/"])?;
    let mut files = BTreeMap::new();
    for path in list.split('\0').filter(|path| path.ends_with(".sql")) {
        let text = git(root, &["show", &format!("{commit}:{path}")])?;
        let name = path.rsplit('/').next().unwrap_or(path);
        files.insert(name.to_owned(), text);
    }
    Ok(Merged { commit: Some(commit), folder: Some(Folder { files }) })
}

/// What is checked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checkout {
    /// A branch, or `main` itself, on somebody's machine.
    Branch,
    /// What GitHub Actions checks out: of a pull request or a merge queue the result of merging it, of a
    /// push the new commit. The first parent of either is what is merged already
    /// (<https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows>).
    OfActions,
}

/// What is merged already of what is checked out: the commit where the branch left `main`, or, on
/// `main` itself, the commit before. A repository with one commit has neither.
///
/// In a shallow clone the two branches have nothing in common; then it is `main` as it is.
pub fn base(root: &Path, checkout: Checkout) -> anyhow::Result<Option<String>> {
    let head = commit(root, "HEAD")?.context("there is no commit yet")?;
    if checkout == Checkout::OfActions {
        return before(root, &head);
    }
    let target = "main";
    let remote = format!("origin/{target}");
    let mut tip = commit(root, &remote)?;
    if tip.is_none() {
        tip = fetched(root, target)?;
    }
    if tip.is_none() {
        tip = commit(root, target)?;
    }
    match tip {
        Some(tip) if tip != head => {
            let common = Command::new("git").current_dir(root).args(["merge-base", &head, &tip]).output()?;
            let common = String::from_utf8_lossy(&common.stdout).trim().to_owned();
            // Ahead of it: what is merged is what it has. Behind it: what is checked out is merged.
            Ok(Some(if common.is_empty() { tip } else { common }))
        }
        _ => before(root, &head),
    }
}

/// The first parent of a commit, fetched when a shallow clone ends at the commit.
fn before(root: &Path, head: &str) -> anyhow::Result<Option<String>> {
    let parent = format!("{head}^1");
    if let Some(commit) = commit(root, &parent)? {
        return Ok(Some(commit));
    }
    if git(root, &["rev-parse", "--is-shallow-repository"])?.trim() != "true" {
        return Ok(None);
    }
    git(root, &["fetch", "--quiet", "--deepen=1"])
        .context("this is a shallow clone that ends at its newest commit, and the one before cannot be fetched")?;
    commit(root, &parent)
}

/// The tip of a branch of `origin`, of which a clone of one branch knows nothing; none where it has no
/// such branch, or there is no `origin`.
fn fetched(root: &Path, branch: &str) -> anyhow::Result<Option<String>> {
    if git(root, &["remote"])?.lines().all(|remote| remote != "origin") {
        return Ok(None);
    }
    let to = format!("+refs/heads/{branch}:refs/remotes/origin/{branch}");
    match git(root, &["fetch", "--quiet", "--no-tags", "--depth=1", "origin", &to]) {
        Ok(_) => commit(root, &format!("origin/{branch}")),
        Err(error) if error.to_string().contains("couldn't find remote ref") => Ok(None),
        Err(error) => Err(error.context(format!("`{branch}`, which this is to be merged into, is not here"))),
    }
}

fn commit(root: &Path, revision: &str) -> anyhow::Result<Option<String>> {
    let asked = ["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{revision}^{{commit}}")];
    let output = Command::new("git").current_dir(root).args(asked).output().context("failed to start git")?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    // `--quiet` keeps silent about what is not there; anything that it says is another failure.
    let error = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() && error.contains("not a git repository") {
        bail!("{} is in no git repository", root.display());
    }
    Ok(output.status.success().then_some(text))
}

fn git(root: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("git").current_dir(root).args(arguments).output().context("failed to start git")?;
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr);
        bail!("`git {}`: {}", arguments.join(" "), error.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
