//! The commit that is being built, as git tells it.

use anyhow::Context as _;
use xshell::{Shell, cmd};

/// What a build is made from.
#[derive(Clone, Debug)]
pub(crate) struct Commit {
    /// 40 hexadecimal digits.
    pub(crate) id: String,
    /// Files differ from the commit, or are not in it and not ignored.
    pub(crate) dirty: bool,
    /// When it was committed, in seconds since 1970: the only time that goes into an image.
    pub(crate) seconds: u64,
}

impl Commit {
    /// Reads the commit of the work tree that the shell is in.
    pub(crate) fn read(sh: &Shell) -> anyhow::Result<Self> {
        let id = cmd!(sh, "git rev-parse --verify HEAD").quiet().ignore_stderr().read().context(
            "failed to read the commit: an image is named by one, so build in a git work tree with a commit",
        )?;
        let seconds = cmd!(sh, "git log -1 --format=%ct").quiet().read()?;
        let changes = cmd!(sh, "git status --porcelain").quiet().read()?;
        let seconds = seconds.parse().with_context(|| format!("git gave {seconds:?} as the commit's time"))?;
        Ok(Self { id, dirty: !changes.is_empty(), seconds })
    }

    /// The commit with a mark when the tree is not it: the image's tag, and what the service says
    /// that it is.
    pub(crate) fn name(&self) -> String {
        if self.dirty { format!("{}-dirty", self.id) } else { self.id.clone() }
    }
}
