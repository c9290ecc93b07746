//! `image inspect`: what is in a layout.

use clap::Args;
use serde_json::json;

use super::{LayoutArgument, print, print_json};
use crate::exit::Exit;
use crate::layout::Image;

/// Shows what is in an image layout, with every digest checked.
#[derive(Debug, Args)]
pub(super) struct Inspect {
    #[command(flatten)]
    layout: LayoutArgument,
    /// Print it as JSON.
    #[arg(long)]
    json: bool,
}

impl Inspect {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let image = Image::read(&self.layout.layout)?;
        let summary = image.summary();
        let configuration = image.configuration()?;
        let files: Vec<_> = image.files()?.iter().map(crate::file::File::describe).collect();
        if self.json {
            let mut all = serde_json::to_value(&summary)?;
            all["configuration"] = configuration;
            all["files"] = json!(files);
            print_json(&all)?;
            return Ok(Exit::Done);
        }
        print(&format!(
            "tag     {}\ndigest  {}\nconfig  {}\nfor     linux/{}\nbytes   {} ({} unpacked)\n",
            summary.tag,
            summary.digest,
            summary.config,
            summary.architecture,
            summary.bytes,
            summary.uncompressed_bytes,
        ))?;
        for file in files {
            print(&format!(
                "{:8} {} {} {:>10}  {}\n",
                file.kind,
                file.mode,
                file.owner,
                file.bytes.map(|bytes| bytes.to_string()).unwrap_or_default(),
                file.path
            ))?;
        }
        print(&format!("{}\n", serde_json::to_string_pretty(&configuration["config"])?))?;
        Ok(Exit::Done)
    }
}
