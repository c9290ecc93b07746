//! `image stage`: the image's files in a folder, for the Dockerfile.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::SettingsArgument;
use crate::exit::Exit;
use crate::plan::{self, Origin};

/// Lays the files of the image into a folder, for the Dockerfile to copy.
#[derive(Debug, Args)]
pub(super) struct Stage {
    /// The binary of the service.
    #[arg(long)]
    binary: PathBuf,
    #[command(flatten)]
    settings: SettingsArgument,
    /// The folder to make; it must not exist yet.
    #[arg(long)]
    root: PathBuf,
}

impl Stage {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let settings = self.settings.read()?;
        let binary =
            fs::read(&self.binary).with_context(|| format!("cannot read the binary {}", self.binary.display()))?;
        // The Dockerfile gives what the image says of its origin; the files are the same whatever that is.
        let origin = Origin { revision: String::new(), source: String::new(), version: String::new(), created: 0 };
        let plan = plan::plan(binary, &settings, &self.settings.folder(), &origin)
            .with_context(|| format!("cannot make an image of {}", self.binary.display()))?;
        crate::stage::stage(&plan, &self.root)?;
        Ok(Exit::Done)
    }
}
