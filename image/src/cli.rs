//! The commands of the `image` program, a file each. What they need of the outside, the clock and
//! the environment, is read here and nowhere else.

mod assemble;
mod builder;
mod docker_archive;
mod from_docker;
mod inspect;
mod request;
mod scan;
mod stage;

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use serde::Serialize;

use crate::exit::Exit;

/// The production image: assembled, described, converted and scanned.
#[derive(Debug, Parser)]
#[command(name = "image", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Assemble(assemble::Assemble),
    Stage(stage::Stage),
    FromDocker(from_docker::FromDocker),
    DockerArchive(docker_archive::DockerArchive),
    Inspect(inspect::Inspect),
    Builder(builder::Builder),
    Scan(Box<scan::Scan>),
}

impl Cli {
    /// Runs the command.
    pub fn run(self) -> anyhow::Result<Exit> {
        match self.command {
            Command::Assemble(command) => command.run(),
            Command::Stage(command) => command.run(),
            Command::FromDocker(command) => command.run(),
            Command::DockerArchive(command) => command.run(),
            Command::Inspect(command) => command.run(),
            Command::Builder(command) => command.run(),
            Command::Scan(command) => command.run(),
        }
    }
}

/// Where the layout is.
#[derive(Debug, Args)]
struct LayoutArgument {
    /// The folder of the image layout.
    #[arg(long, default_value = "target/image")]
    layout: PathBuf,
}

/// Where `delivery.toml` is.
#[derive(Debug, Args)]
struct SettingsArgument {
    /// The file with the `[image]` table; the files that it names are relative to its folder.
    #[arg(long, default_value = "delivery.toml")]
    settings: PathBuf,
}

impl SettingsArgument {
    fn read(&self) -> anyhow::Result<crate::settings::ImageSettings> {
        crate::settings::ImageSettings::read(&self.settings)
    }

    fn folder(&self) -> PathBuf {
        self.settings.parent().map(PathBuf::from).unwrap_or_default()
    }
}

/// Prints to standard output; a reader that has gone away is no error.
fn print(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    print(&format!("{}\n", serde_json::to_string_pretty(value)?))
}
