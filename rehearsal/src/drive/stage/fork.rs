//! The stage moves to a second work tree, where releases are made that differ from the user's.

use std::fs;
use std::os::unix::fs::symlink;

use anyhow::Context as _;

use super::Stage;
use crate::compiled;

/// Where it is, below the user's own.
const FORK: &str = "target/rehearsal/fork";

impl Stage {
    /// Goes over to a work tree of the rehearsal's own, whose files may be changed, and everything with it.
    /// Nothing goes back: the databases get its schema.
    pub(crate) fn go_to_fork(&mut self) -> anyhow::Result<()> {
        let root = self.root.join(FORK);
        if self.root.ends_with(FORK) {
            return Ok(());
        }
        let fork = self.shadow.fork(&root)?;
        let target = root.join("target");
        fs::create_dir_all(&target).with_context(|| format!("failed to make {}", target.display()))?;
        compiled::lend(&self.root.join("target/debug"), &target.join("debug"))
            .with_context(|| format!("failed to fill {}", target.display()))?;
        let tools = target.join("tools");
        if fs::symlink_metadata(&tools).is_err() {
            symlink(self.root.join("target/tools"), &tools)
                .with_context(|| format!("failed to make {}", tools.display()))?;
        }
        let git = fork.environment();
        self.surroundings.with.retain(|(name, _)| git.iter().all(|(its, _)| name != its));
        self.surroundings.with.extend(git.into_iter().map(|(name, value)| (name.into(), value)));
        (self.root, self.shadow) = (root, fork);
        Ok(())
    }
}
