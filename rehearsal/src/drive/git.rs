//! A git repository beside the user's: it makes releases out of the work tree as it is, changes that
//! nobody has committed included, and leaves the user's own repository alone.
//!
//! Commands are pointed at it by `GIT_DIR`, `GIT_WORK_TREE` and `GIT_INDEX_FILE`. It borrows the
//! objects of the user's repository, so that only what changed is written, and its `origin` is a bare
//! repository beside it, so that "is this commit pushed?" has an answer.

mod fork;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};

/// The branch that releases are on.
const BRANCH: &str = "main";

/// What a commit of the shadow says of its author, and what keeps the user's own configuration from
/// signing it or running hooks.
const SETTINGS: [(&str, &str); 8] = [
    ("user.name", "Slipway rehearsal"),
    ("user.email", "rehearsal@localhost"),
    ("commit.gpgSign", "false"),
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.untrackedCache", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
];

/// The shadow repository of a work tree.
#[derive(Debug)]
pub(crate) struct Shadow {
    root: PathBuf,
    folder: PathBuf,
    index: PathBuf,
    /// The tree of the work tree, as it was when it was last taken in.
    tree: String,
}

impl Shadow {
    /// Makes the shadow of the work tree at `root` in `folder`, which is emptied first.
    pub(crate) fn of(root: &Path, folder: &Path) -> anyhow::Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| format!("failed to clear {}", folder.display()))?;
        }
        fs::create_dir_all(folder).with_context(|| format!("failed to make {}", folder.display()))?;
        let index = folder.join("index");
        let mut shadow = Self { root: root.to_owned(), folder: folder.to_owned(), index, tree: String::new() };
        let original = Original::find(root);
        let format = original.as_ref().map_or("sha1", |original| original.format.as_str());
        let (shadow_folder, origin) = (shadow.git_dir(), shadow.origin());
        for bare in [&shadow_folder, &origin] {
            let mut init = plain(&shadow.folder);
            init.args(["init", "--quiet", "--bare", "--template=", "--initial-branch", BRANCH]);
            run(init.arg(format!("--object-format={format}")).arg(bare))?;
        }
        for (name, value) in SETTINGS.into_iter().chain([("core.bare", "false")]) {
            shadow.git(&["config", name, value])?;
        }
        shadow.git(&["remote", "add", "origin", path(&origin)?])?;
        shadow.git(&["config", &format!("branch.{BRANCH}.remote"), "origin"])?;
        shadow.git(&["config", &format!("branch.{BRANCH}.merge"), &format!("refs/heads/{BRANCH}")])?;
        if let Some(original) = original {
            shadow.borrow(&original)?;
        }
        shadow.take_in()?;
        Ok(shadow)
    }

    /// Takes in what the work tree is now: the next release is that.
    pub(crate) fn take_in(&mut self) -> anyhow::Result<()> {
        self.git(&["add", "--all", "."]).context("failed to read the work tree into git")?;
        self.tree = self.git(&["write-tree"])?;
        Ok(())
    }

    /// Makes a release of the work tree, a commit over the one before that is pushed to `origin`, and
    /// returns its id.
    pub(crate) fn release(&self, subject: &str) -> anyhow::Result<String> {
        let commit = self.commit(&self.tree, subject)?;
        self.git(&["push", "--quiet", "--force", "origin", BRANCH])?;
        Ok(commit)
    }

    /// Makes a release that is not pushed.
    pub(crate) fn unpushed(&self, subject: &str) -> anyhow::Result<String> {
        self.commit(&self.tree, subject)
    }

    /// Makes and pushes a commit that has a file which the work tree has not: from now on the tree is
    /// not clean, though nobody has touched the user's files.
    pub(crate) fn dirty(&self, subject: &str) -> anyhow::Result<String> {
        let file = self.folder.join("missing");
        fs::write(&file, "the work tree has no such file\n")?;
        let blob = self.git(&["hash-object", "-w", path(&file)?])?;
        let entries = self.git(&["ls-tree", "-z", &self.tree])?;
        let entries = format!("{entries}100644 blob {blob}\tmissing-from-the-work-tree.txt\0");
        let tree = self.git_with(&["mktree", "-z"], entries.as_bytes())?;
        let commit = self.commit(&tree, subject)?;
        self.git(&["push", "--quiet", "--force", "origin", BRANCH])?;
        Ok(commit)
    }

    /// Goes back to a commit that was made before.
    pub(crate) fn back_to(&self, commit: &str) -> anyhow::Result<()> {
        self.git(&["update-ref", &format!("refs/heads/{BRANCH}"), commit])?;
        self.git(&["push", "--quiet", "--force", "origin", BRANCH])?;
        Ok(())
    }

    /// What differs between the work tree and the tree that the releases are made of: a file that
    /// somebody saved meanwhile, usually.
    pub(crate) fn changes(&self) -> anyhow::Result<Vec<String>> {
        let changed = self.git(&["diff", "--name-only", "--no-ext-diff"])?;
        let untracked = self.git(&["ls-files", "--others", "--exclude-standard"])?;
        Ok(changed.lines().chain(untracked.lines()).map(str::to_owned).collect())
    }

    /// What points a command at the shadow.
    pub(crate) fn environment(&self) -> Vec<(&'static str, OsString)> {
        vec![
            ("GIT_DIR", self.git_dir().into()),
            ("GIT_WORK_TREE", self.root.clone().into()),
            ("GIT_INDEX_FILE", self.index.clone().into()),
        ]
    }

    fn commit(&self, tree: &str, subject: &str) -> anyhow::Result<String> {
        let branch = format!("refs/heads/{BRANCH}");
        let mut arguments = vec!["commit-tree", "-m", subject];
        let parent = self.git(&["rev-parse", "--verify", "--quiet", &branch]).ok();
        if let Some(parent) = &parent {
            arguments.extend(["-p", parent]);
        }
        arguments.push(tree);
        let commit = self.git(&arguments)?;
        self.git(&["update-ref", &branch, &commit])?;
        Ok(commit)
    }

    /// Borrows the objects of the user's repository, and begins with its index: what is tracked
    /// though it is ignored stays tracked.
    fn borrow(&self, original: &Original) -> anyhow::Result<()> {
        let info = self.git_dir().join("info");
        fs::create_dir_all(&info)?;
        if let Ok(exclude) = fs::read(&original.exclude) {
            fs::write(info.join("exclude"), exclude)?;
        }
        let alternates = self.git_dir().join("objects/info/alternates");
        fs::create_dir_all(self.git_dir().join("objects/info"))?;
        fs::write(alternates, format!("{}\n", original.objects.display()))?;
        if let Some(tree) = &original.tree
            && self.git(&["read-tree", tree]).is_err()
        {
            // A partial clone, say, that lacks what nobody needed: all is read from the work tree then.
            self.git(&["read-tree", "--empty"])?;
        }
        Ok(())
    }

    fn git_dir(&self) -> PathBuf {
        self.folder.join("repository.git")
    }

    fn origin(&self) -> PathBuf {
        self.folder.join("origin.git")
    }

    fn git(&self, arguments: &[&str]) -> anyhow::Result<String> {
        self.git_with(arguments, b"")
    }

    fn git_with(&self, arguments: &[&str], input: &[u8]) -> anyhow::Result<String> {
        let mut command = plain(&self.root);
        command.envs(self.environment()).args(arguments);
        feed(&mut command, input)
    }
}

/// The user's repository.
struct Original {
    objects: PathBuf,
    exclude: PathBuf,
    format: String,
    /// The tree of HEAD below the root; none before the first commit.
    tree: Option<String>,
}

impl Original {
    /// None where there is no repository, or git does not trust it.
    fn find(root: &Path) -> Option<Self> {
        let ask = |arguments: &[&str]| {
            let mut command = plain(root);
            run(command.args(arguments)).ok().filter(|answer| !answer.is_empty())
        };
        let objects = ask(&["rev-parse", "--path-format=absolute", "--git-path", "objects"])?;
        let exclude = ask(&["rev-parse", "--path-format=absolute", "--git-path", "info/exclude"])?;
        let format = ask(&["rev-parse", "--show-object-format"])?;
        let tree = ask(&["rev-parse", "--verify", "--quiet", "HEAD:./"]);
        Some(Self { objects: objects.into(), exclude: exclude.into(), format, tree })
    }
}

/// Git in a folder, with what the user has set for other repositories left out.
fn plain(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(folder).env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX", "GIT_COMMON_DIR"] {
        command.env_remove(name);
    }
    command
}

fn run(command: &mut Command) -> anyhow::Result<String> {
    feed(command, b"")
}

fn feed(command: &mut Command, input: &[u8]) -> anyhow::Result<String> {
    use std::io::Write as _;

    let told: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let what = format!("git {}", told.join(" "));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("failed to start {what}"))?;
    match child.stdin.take() {
        Some(mut stdin) => stdin.write_all(input).or_else(|error| match error.kind() {
            // It ended without reading it, and says why below.
            std::io::ErrorKind::BrokenPipe => Ok(()),
            _ => Err(error),
        })?,
        None => bail!("{what} took no input"),
    }
    let output = child.wait_with_output().with_context(|| format!("failed to wait for {what}"))?;
    ensure!(
        output.status.success(),
        "{what} failed ({}): {}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let answer = String::from_utf8(output.stdout).with_context(|| format!("{what} answered with no text"))?;
    Ok(answer.trim_end_matches('\n').to_owned())
}

fn path(path: &Path) -> anyhow::Result<&str> {
    path.to_str().with_context(|| format!("{} is no text, and git's configuration is", path.display()))
}

#[cfg(test)]
mod tests;
