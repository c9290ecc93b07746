//! What the commands that make a layout are told, and what they say when it is made.

use clap::Args;

use super::{LayoutArgument, SettingsArgument, print, print_json};
use crate::exit::Exit;
use crate::layout::Image;
use crate::plan::{self, Origin, Plan};
use crate::settings::ImageSettings;

/// The image that is asked for, whatever it is made of.
#[derive(Debug, Args)]
pub(super) struct Request {
    /// The tag that the layout names the image by.
    #[arg(long)]
    tag: String,
    #[command(flatten)]
    settings: SettingsArgument,
    #[command(flatten)]
    layout: LayoutArgument,
    /// The commit, 40 hex digits, with `-dirty` appended when the tree has changes.
    #[arg(long)]
    revision: String,
    /// The address of the repository.
    #[arg(long)]
    source: String,
    /// The version of the service.
    #[arg(long = "version", value_name = "VERSION")]
    service_version: String,
    /// The time of the commit, in seconds since 1970, which is the image's.
    #[arg(long, value_name = "SECONDS")]
    created: u64,
    /// Print what was made as JSON.
    #[arg(long)]
    json: bool,
}

impl Request {
    /// The settings, after a look at the tag: a wrong one is told before anything is read.
    pub(super) fn settings(&self) -> anyhow::Result<ImageSettings> {
        plan::check_tag(&self.tag)?;
        self.settings.read()
    }

    /// The plan of the image with this binary.
    pub(super) fn plan(&self, binary: Vec<u8>, settings: &ImageSettings) -> anyhow::Result<Plan> {
        let origin = Origin {
            revision: self.revision.clone(),
            source: self.source.clone(),
            version: self.service_version.clone(),
            created: self.created,
        };
        plan::plan(binary, settings, &self.settings.folder(), &origin)
    }

    /// The image of this plan.
    pub(super) fn assemble(&self, plan: &Plan) -> anyhow::Result<Image> {
        crate::assemble::assemble(plan, &self.tag)
    }

    /// The tag that was asked for.
    pub(super) fn tag(&self) -> &str {
        &self.tag
    }

    /// Writes the layout, and says which image it holds.
    pub(super) fn deliver(&self, image: &Image) -> anyhow::Result<Exit> {
        image.write(&self.layout.layout)?;
        let summary = image.summary();
        if self.json {
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
}
