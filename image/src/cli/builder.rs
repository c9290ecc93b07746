//! `image builder`: which builder the settings choose, for the command line to ask.

use clap::Args;

use super::{SettingsArgument, print};
use crate::exit::Exit;
use crate::settings::ImageBuilder;

/// Prints the builder that `delivery.toml` chooses, `cargo` or `docker`.
#[derive(Debug, Args)]
pub(super) struct Builder {
    #[command(flatten)]
    settings: SettingsArgument,
}

impl Builder {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        print(match self.settings.read()?.builder {
            ImageBuilder::Cargo => "cargo\n",
            ImageBuilder::Docker => "docker\n",
        })?;
        Ok(Exit::Done)
    }
}
