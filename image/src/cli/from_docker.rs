//! `image from-docker`: the layout from what `docker build` made.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;

use super::request::Request;
use crate::docker::{compare, saved};
use crate::exit::Exit;

/// Turns an archive of `docker save` into the layout, after holding its files and configuration
/// against what `image assemble` would have made.
#[derive(Debug, Args)]
pub(super) struct FromDocker {
    /// The archive that `docker save` wrote.
    #[arg(long)]
    archive: PathBuf,
    #[command(flatten)]
    request: Request,
}

impl FromDocker {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let settings = self.request.settings()?;
        let bytes = fs::read(&self.archive).with_context(|| format!("cannot read {}", self.archive.display()))?;
        let saved = saved::read(&bytes)
            .with_context(|| format!("{} is no archive of `docker save`", self.archive.display()))?;
        let plan = self
            .request
            .plan(saved.binary()?, &settings)
            .context("the Dockerfile's image does not hold what it should")?;
        let differences = compare::compare(&plan, &saved, settings.dockerfile_adds_files)?;
        if !differences.is_empty() {
            bail!("the Dockerfile's image differs from what `image assemble` makes:\n  {}", differences.join("\n  "));
        }
        // What is the same as the plan can as well be assembled from it: then the digest depends on
        // the commit alone, and not on when Docker built it.
        let image = if settings.dockerfile_adds_files {
            saved.into_image(self.request.tag(), plan.architecture)?
        } else {
            self.request.assemble(&plan)?
        };
        self.request.deliver(&image)
    }
}
