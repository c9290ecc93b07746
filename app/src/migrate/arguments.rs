//! The arguments of `migrate`.

use std::time::Duration;

use clap::{Args, Subcommand};

use crate::config::parse_duration;

/// What to do, and how long to wait for whom.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
    /// How long to wait for a database that cannot be reached
    #[arg(long, env, global = true, default_value = "30s", value_parser = parse_duration, value_name = "DURATION")]
    migrate_connect_limit: Duration,
    /// How long to wait for another run of migrate to end
    #[arg(long, env, global = true, default_value = "10m", value_parser = parse_duration, value_name = "DURATION")]
    migrate_lock_limit: Duration,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Apply what is not applied yet
    Up {
        /// Stop after this version
        #[arg(long, value_name = "VERSION")]
        to: Option<i64>,
    },
    /// Undo the last version, or all after the one named; for development: a rollback never does
    Down {
        /// The version to go back to; 0 undoes everything
        #[arg(long, value_name = "VERSION")]
        to: Option<i64>,
        /// Rows of this table, or values of this column, may be lost; may be given several times
        #[arg(long, value_name = "TABLE[.COLUMN]")]
        discard: Vec<String>,
    },
    /// List the versions and whether they are applied
    Status,
}

impl Arguments {
    /// A command with the limits that are the default.
    #[must_use]
    pub fn new(command: Command) -> Self {
        Self { command, migrate_connect_limit: Duration::from_secs(30), migrate_lock_limit: Duration::from_mins(10) }
    }

    /// The same with another limit on the wait for the lock.
    #[must_use]
    pub fn with_lock_limit(self, migrate_lock_limit: Duration) -> Self {
        Self { migrate_lock_limit, ..self }
    }

    pub(super) fn connect_limit(&self) -> Duration {
        self.migrate_connect_limit
    }

    pub(super) fn lock_limit(&self) -> Duration {
        self.migrate_lock_limit
    }
}
