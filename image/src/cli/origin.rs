//! The arguments that say where a build comes from.

use clap::Args;

use crate::plan::Origin;

#[derive(Debug, Args)]
pub(super) struct OriginArguments {
    /// The commit, 40 hex digits, with `-dirty` appended when the tree has changes.
    #[arg(long)]
    revision: String,
    /// The address of the repository.
    #[arg(long)]
    source: String,
    /// The version of the service.
    #[arg(long = "version", value_name = "VERSION")]
    service_version: String,
    /// The time of the commit, in seconds since 1970, which every file in the image gets.
    #[arg(long, value_name = "SECONDS")]
    created: u64,
}

impl OriginArguments {
    pub(super) fn origin(&self) -> Origin {
        Origin {
            revision: self.revision.clone(),
            source: self.source.clone(),
            version: self.service_version.clone(),
            created: self.created,
        }
    }
}
