//! The places where a PostgreSQL can come from, and the order in which they are tried.

use std::fmt;

use clap::ValueEnum;
use serde::Serialize;

/// Where a PostgreSQL comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The server that `DATABASE_URL` names.
    Url,
    /// A container of the image `postgres:15`, through a Docker engine.
    Container,
    /// The server binaries of this machine, as a throw-away cluster.
    Local,
}

impl Source {
    /// Every source, in the order in which they are tried: what somebody has set up by hand comes
    /// before what has to be started.
    pub const ALL: [Source; 3] = [Source::Url, Source::Container, Source::Local];
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Source::Url => "DATABASE_URL",
            Source::Container => "container",
            Source::Local => "local binaries",
        })
    }
}
