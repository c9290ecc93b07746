//! `image assemble`: the layout from a binary that cargo has built.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::origin::OriginArguments;
use super::{LayoutArgument, SettingsArgument, print, print_json};
use crate::exit::Exit;
use crate::layout::Image;
use crate::plan;

/// Assembles the image from a static binary, as an OCI image layout.
#[derive(Debug, Args)]
pub(super) struct Assemble {
    /// The binary of the service.
    #[arg(long)]
    binary: PathBuf,
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

impl Assemble {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        plan::check_tag(&self.tag)?;
        let settings = self.settings.read()?;
        let binary =
            fs::read(&self.binary).with_context(|| format!("cannot read the binary {}", self.binary.display()))?;
        let plan = plan::plan(binary, &settings, &self.settings.folder(), &self.origin.origin())
            .with_context(|| format!("cannot make an image of {}", self.binary.display()))?;
        let image = crate::assemble::assemble(&plan, &self.tag)?;
        image.write(&self.layout.layout)?;
        report(&image, self.json)
    }
}

/// Says which image was made.
pub(super) fn report(image: &Image, json: bool) -> anyhow::Result<Exit> {
    let summary = image.summary();
    if json {
        print_json(&summary)?;
    } else {
        print(&format!(
            "{} {} ({}, {:.1} MB, {:.1} MB unpacked)\n",
            summary.tag,
            summary.digest,
            summary.architecture,
            summary.bytes as f64 / 1e6,
            summary.uncompressed_bytes as f64 / 1e6,
        ))?;
    }
    Ok(Exit::Done)
}
