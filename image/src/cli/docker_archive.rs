//! `image docker-archive`: the layout as one file for `docker load`.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::LayoutArgument;
use crate::docker::archive;
use crate::exit::Exit;
use crate::layout::Image;

/// Writes the image as an archive that `docker load` of any version takes.
#[derive(Debug, Args)]
pub(super) struct DockerArchive {
    #[command(flatten)]
    layout: LayoutArgument,
    /// The file to write, `-` for standard output.
    #[arg(long)]
    output: PathBuf,
    /// The name that the image gets in the engine, beside the layout's tag [default: the title in
    /// its labels]
    #[arg(long)]
    name: Option<String>,
}

impl DockerArchive {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let image = Image::read(&self.layout.layout)?;
        let name = match self.name {
            Some(name) => name,
            None => title(&image)?,
        };
        let archive = archive::write(&image, &name)?;
        if self.output.as_os_str() == "-" {
            std::io::stdout().lock().write_all(&archive).context("cannot write the archive")?;
        } else {
            fs::write(&self.output, &archive).with_context(|| format!("cannot write {}", self.output.display()))?;
        }
        Ok(Exit::Done)
    }
}

fn title(image: &Image) -> anyhow::Result<String> {
    let configuration = image.configuration()?;
    let title = &configuration["config"]["Labels"]["org.opencontainers.image.title"];
    let title = title.as_str().context("the image has no title in its labels: give it a --name")?;
    Ok(title.to_owned())
}
