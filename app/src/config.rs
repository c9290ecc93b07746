//! The configuration: flags and environment in, a checked [`Config`] or every problem at once out.
//!
//! Secrets come from the environment alone: arguments are visible to every process of a machine.

mod arguments;
mod duration;
mod secret;

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;

pub use self::arguments::{DatabaseArguments, ServeArguments};
pub use self::duration::parse_duration;

use crate::authorization::ApiToken;
use crate::build::Build;
use crate::cache::Bounds;
use crate::edge::Limits;

/// Reads a variable of the environment; passed in, so that tests need not change their own.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Everything that `serve` needs, checked.
#[derive(Clone)]
pub struct Config {
    /// The database and how to verify it.
    pub database: PgConnectOptions,
    /// The token of the API.
    pub token: ApiToken,
    /// What the image says that it was built from.
    pub build: Build,
    /// What is not secret.
    pub settings: Settings,
}

/// Everything that may be shown.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where clients and the load balancer connect.
    pub listen: SocketAddr,
    /// Where the scraper of metrics connects.
    pub management: SocketAddr,
    /// From the signal to the closing of the listener: longer than the load balancer takes to see.
    pub drain_delay: Duration,
    /// From the closing of the listener to the end of connections that are still open.
    pub shutdown_limit: Duration,
    /// How long the last clicks may take to be written, after that.
    pub flush_limit: Duration,
    /// How long a connection may be idle, and a request's head may take.
    pub idle_timeout: Duration,
    /// The most connections that are open at once.
    pub max_connections: usize,
    /// What the edge enforces.
    pub limits: Limits,
    /// The bounds of the cache.
    pub cache: Bounds,
    /// How often clicks are written.
    pub click_period: Duration,
    /// The most connections to the database.
    pub database_connections: u32,
    /// Whether `/ready` fails when the database is away.
    pub ready_requires_database: bool,
    /// What is logged, in the words of `tracing`'s filter.
    pub log: String,
    /// Where traces go, if anywhere.
    pub traces: Option<Traces>,
}

/// Where and as whom traces are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traces {
    /// The collector's base, such as `http://localhost:4318`.
    pub endpoint: String,
    /// The name that the traces carry.
    pub service_name: String,
}

impl fmt::Debug for Config {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Config")
            .field("database", &"..")
            .field("token", &self.token)
            .field("build", &self.build)
            .field("settings", &self.settings)
            .finish()
    }
}

/// Every setting that is wrong or missing.
#[derive(Debug, Default, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<String>);

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        let settings = if count == 1 { "setting" } else { "settings" };
        write!(formatter, "{count} {settings} to mend:")?;
        for problem in &self.0 {
            write!(formatter, "\n  {problem}")?;
        }
        Ok(())
    }
}

impl Problems {
    /// The value, or a line that names the setting.
    fn take<T, E: fmt::Display>(&mut self, setting: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|reason| self.0.push(format!("{setting}: {reason}"))).ok()
    }
}

/// Checks what `serve` was given.
pub fn read(arguments: &ServeArguments, environment: Environment<'_>) -> Result<Config, Problems> {
    let mut problems = Problems::default();
    let database = secret::database(&mut problems, &arguments.database, environment);
    let token = secret::token(&mut problems, environment);
    let settings = arguments.settings(&mut problems);
    match (database, token, settings) {
        (Some(database), Some(token), Some(settings)) if problems.0.is_empty() => {
            Ok(Config { database, token, build: Build::read(environment), settings })
        }
        _ => Err(problems),
    }
}

/// Checks what `migrate` was given: the database is all it needs.
pub fn read_database(
    arguments: &DatabaseArguments,
    environment: Environment<'_>,
) -> Result<PgConnectOptions, Problems> {
    let mut problems = Problems::default();
    secret::database(&mut problems, arguments, environment).ok_or(problems)
}

#[cfg(test)]
mod tests;
