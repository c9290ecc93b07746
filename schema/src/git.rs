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

/// Where the metadata of the service's queries is, in the repository.
pub const QUERIES: &str = "app/.sqlx";

/// Reads what `revision` has under `migrations` in the repository at `root`.
pub fn read(root: &Path, revision: &str) -> anyhow::Result<Merged> {
    let commit = named(root, revision)?;
    let files = texts(root, &commit, "migrations", ".sql")?;
    Ok(Merged { commit: Some(commit), folder: Some(Folder { files }) })
}

/// The files of a folder as a commit has them, those whose names end so, by their names.
pub fn texts(root: &Path, commit: &str, folder: &str, ending: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let list = git(root, &["ls-tree", "--name-only", "-z", commit, &format!("{folder}/")])?;
    let mut files = BTreeMap::new();
    for path in list.split('\0').filter(|path| path.ends_with(ending)) {
        let text = git(root, &["show", &format!("{commit}:{path}")])?;
        let name = path.rsplit('/').next().unwrap_or(path);
        files.insert(name.to_owned(), text);
    }
    Ok(files)
}

/// The migrations and the metadata of queries that are not as the commit has them, committed or not.
pub fn changed(root: &Path, commit: &str) -> anyhow::Result<Vec<String>> {
    let paths = [":(glob)migrations/*.sql".to_owned(), format!(":(glob){QUERIES}/*.json")];
    let ask = |arguments: &[&str]| {
        let paths = paths.iter().map(String::as_str);
        git(root, &arguments.iter().copied().chain(["--"]).chain(paths).collect::<Vec<_>>())
    };
    let differing = ask(&["diff", "--name-only", "--no-renames", "--relative", "-z", commit])?;
    let unknown = ask(&["ls-files", "--others", "--exclude-standard", "-z"])?;
    let mut changed: Vec<String> =
        [differing, unknown].iter().flat_map(|list| list.split('\0')).map(str::to_owned).collect();
    changed.retain(|path| !path.is_empty());
    changed.sort();
    Ok(changed)
}

/// The commit of a revision that somebody named, fetched when it is not here: a shallow clone has no tag
/// but those that point at what it has.
fn named(root: &Path, revision: &str) -> anyhow::Result<String> {
    if let Some(commit) = commit(root, revision)? {
        return Ok(commit);
    }
    let is_elsewhere = !revision.starts_with('-') && git(root, &["remote"])?.lines().any(|remote| remote == "origin");
    if is_elsewhere {
        // A whole clone stays one.
        let depth: &[&str] = if is_shallow(root)? { &["--depth=1"] } else { &[] };
        git(root, &[&["fetch", "--quiet", "--no-tags"], depth, &["origin", revision]].concat())
            .with_context(|| format!("git knows no revision `{revision}`, and it cannot be fetched"))?;
        return commit(root, "FETCH_HEAD")?.with_context(|| format!("origin's `{revision}` is no commit"));
    }
    bail!("git knows no revision `{revision}`")
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
    if !is_shallow(root)? {
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

fn is_shallow(root: &Path) -> anyhow::Result<bool> {
    Ok(git(root, &["rev-parse", "--is-shallow-repository"])?.trim() == "true")
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
