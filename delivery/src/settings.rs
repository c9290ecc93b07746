//! `delivery.toml`, checked whole before anything happens, and what the environment sets differently.
//!
//! What each key means stands in the file itself.

mod check;
mod duration;
mod reader;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use url::Url;

use crate::edge::Variables;
use crate::environment::Environment;
use crate::exit::Ending;

/// What is delivered where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `[service]`
    pub service: Service,
    /// `[environments.NAME]`
    pub environments: BTreeMap<Environment, EnvironmentSettings>,
    /// `[limits]`
    pub limits: Limits,
    /// `[lock]`
    pub lock: LockSettings,
    /// `[migrations]`
    pub migrations: Migrations,
    /// `[preflight]`
    pub preflight: Preflight,
}

/// What is checked beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preflight {
    /// Whether roles, secrets and parameters that the credentials may not look at are taken to be there.
    pub allow_unseen: bool,
}

/// What is the same everywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The ECS service, unless an environment has another.
    pub name: String,
    /// The container of the task definition that runs the image.
    pub container: String,
    /// Its port.
    pub port: u16,
    /// The region.
    pub region: String,
    /// The repository in the registry.
    pub repository: String,
}

/// One environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentSettings {
    /// The ECS cluster.
    pub cluster: String,
    /// The ECS service.
    pub service: String,
    /// Where users reach it.
    pub base_url: Url,
    /// The IAM role that deploys here; credentials of anybody else are refused.
    pub role: Option<String>,
    /// How releases are brought in.
    pub strategy: Strategy,
    /// CloudWatch alarms that may not be alarming beforehand, nor while a deployment goes on.
    pub alarms: Vec<String>,
    /// The environment variable that holds the token of the flows.
    pub token_variable: String,
    /// The questions asked of the service afterwards.
    pub smoke: Smoke,
}

/// How a release is brought in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Tasks are replaced by and by, within the service's minimum and maximum percent.
    Rolling,
}

/// The smoke test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Smoke {
    /// How often a question that was not answered well is asked again.
    pub retries: u32,
    /// The pause before it is.
    pub pause: Duration,
    /// How long one answer may take.
    pub timeout: Duration,
    /// Whether the critical flows are run.
    pub flows: bool,
}

/// How long each wait may last, at the most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Everything that is checked beforehand.
    pub preflight: Duration,
    /// With `--wait`: until another deployment or deployer is done.
    pub wait: Duration,
    /// The image, into the registry.
    pub push: Duration,
    /// The migration.
    pub migration: Duration,
    /// From asking ECS for the new revision until it is in.
    pub rollout: Duration,
    /// From asking for the way back until it is done.
    pub rollback: Duration,
    /// Until everything agrees about what serves.
    pub proof: Duration,
    /// The smoke test, the flows included.
    pub smoke: Duration,
}

/// The lock of an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockSettings {
    /// After how long somebody else may take it over.
    pub expiry: Duration,
}

/// The migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrations {
    /// Whether there is any.
    pub run: bool,
    /// The command that the image's entrypoint gets.
    pub command: Vec<String>,
}

/// A mistake in the file or in a variable that overrides it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The line, from 1; none for a variable.
    pub line: Option<usize>,
    /// What is wrong and what to do.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(formatter, "line {line}: {}", self.what),
            None => formatter.write_str(&self.what),
        }
    }
}

impl Settings {
    /// Reads the file and the variables. Every mistake is in the error.
    pub fn read(path: &Path, variables: &Variables) -> Result<Self, Ending> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Ending::Usage(format!(
                "cannot read the settings in {}: {error}; name the file with --settings",
                path.display()
            ))
        })?;
        Self::parse(&text, variables).map_err(|problems| {
            let lines: Vec<String> = problems.iter().map(|problem| format!("\n  {problem}")).collect();
            Ending::Usage(format!("{} cannot be used:{}", path.display(), lines.concat()))
        })
    }

    /// The settings in this text.
    pub fn parse(text: &str, variables: &Variables) -> Result<Self, Vec<Problem>> {
        check::settings(text, variables)
    }

    /// The settings of an environment.
    #[must_use]
    pub fn environment(&self, environment: Environment) -> &EnvironmentSettings {
        &self.environments[&environment]
    }
}
