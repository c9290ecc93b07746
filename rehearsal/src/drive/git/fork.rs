//! A second work tree of the shadow, whose files may be changed: releases that differ from the user's are
//! made there.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use super::{Shadow, path};

impl Shadow {
    /// The same repository with its work tree at `root`, whatever an earlier rehearsal has left there. Files
    /// that are as they should be are not written, since cargo takes what is younger than its output for
    /// changed.
    pub(crate) fn fork(&self, root: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(root).with_context(|| format!("failed to make {}", root.display()))?;
        let fork = Self {
            root: root.to_owned(),
            folder: self.folder.clone(),
            index: root.with_extension("index"),
            tree: self.tree.clone(),
        };
        // What is there and not known would stay; so does what was built there, which is not of the tree even
        // where the file that says so is missing.
        let built = self.folder.join("built");
        fs::write(&built, "/target\n").with_context(|| format!("failed to write {}", built.display()))?;
        let ignoring = format!("core.excludesFile={}", path(&built)?);
        fork.git(&["-c", &ignoring, "add", "--all", "."]).context("failed to read the second work tree into git")?;
        fork.git(&["read-tree", "--reset", "-u", &fork.tree]).context("failed to fill the second work tree")?;
        Ok(fork)
    }

    /// Writes a file of the work tree.
    pub(crate) fn write(&self, path: &str, text: &str) -> anyhow::Result<()> {
        let file = self.root.join(path);
        fs::write(&file, text).with_context(|| format!("failed to write {}", file.display()))
    }

    /// Changes files of the work tree as a patch says, all of them or none.
    pub(crate) fn apply(&self, patch: &str) -> anyhow::Result<()> {
        self.git_with(&["apply", "--whitespace=nowarn", "-"], patch.as_bytes())?;
        Ok(())
    }
}
