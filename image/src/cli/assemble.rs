//! `image assemble`: the layout from a binary that cargo has built.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::request::Request;
use crate::exit::Exit;

/// Assembles the image from a static binary, as an OCI image layout.
#[derive(Debug, Args)]
pub(super) struct Assemble {
    /// The binary of the service.
    #[arg(long)]
    binary: PathBuf,
    #[command(flatten)]
    request: Request,
}

impl Assemble {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let settings = self.request.settings()?;
        let binary =
            fs::read(&self.binary).with_context(|| format!("cannot read the binary {}", self.binary.display()))?;
        let plan = self
            .request
            .plan(binary, &settings)
            .with_context(|| format!("cannot make an image of {}", self.binary.display()))?;
        self.request.deliver(&self.request.assemble(&plan)?)
    }
}
