//! `image from-docker`: the layout from what `docker build` made.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;

use super::origin::OriginArguments;
use super::{LayoutArgument, SettingsArgument, assemble};
use crate::docker::{compare, saved};
use crate::exit::Exit;
use crate::plan;

/// Turns an archive of `docker save` into the layout, after holding its files and configuration
/// against what `image assemble` would have made.
#[derive(Debug, Args)]
pub(super) struct FromDocker {
    /// The archive that `docker save` wrote.
    #[arg(long)]
    archive: PathBuf,
    /// The tag that the layout names the image by.
    #[arg(long)]
    tag: String,
    #[command(flatten)]
    settings: SettingsArgument,
    #[command(flatten)]
    layout: LayoutArgument,
    #[command(flatten)]
    origin: OriginArguments,
    /// Print what was made as JSON.
    #[arg(long)]
    json: bool,
}

impl FromDocker {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        plan::check_tag(&self.tag)?;
        let settings = self.settings.read()?;
        let bytes = fs::read(&self.archive).with_context(|| format!("cannot read {}", self.archive.display()))?;
        let saved = saved::read(&bytes)
            .with_context(|| format!("{} is no archive of `docker save`", self.archive.display()))?;
        let binary = saved.binary()?;
        let plan = plan::plan(binary, &settings, &self.settings.folder(), &self.origin.origin())
            .context("the Dockerfile's image does not hold what it should")?;
        let differences = compare::compare(&plan, &saved, settings.dockerfile_adds_files)?;
        if !differences.is_empty() {
            bail!("the Dockerfile's image differs from what `image assemble` makes:\n  {}", differences.join("\n  "));
        }
        // What is the same as the plan can as well be assembled from it: then the digest depends on
        // the commit alone, and not on when Docker built it.
        let image = if settings.dockerfile_adds_files {
            saved.into_image(&self.tag, plan.architecture)?
        } else {
            crate::assemble::assemble(&plan, &self.tag)?
        };
        image.write(&self.layout.layout)?;
        assemble::report(&image, self.json)
    }
}
