//! `delivery.toml`, checked whole before anything happens, and what the environment sets differently.
//!
//! What each key means stands in the file itself.

mod check;
mod duration;
mod environments;
mod progressive;
mod reader;
mod watch;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use url::Url;

use crate::edge::Variables;
use crate::environment::Environment;
use crate::exit::Ending;
use crate::verdict::Trigger;

pub(crate) use duration::parse as parse_duration;

/// What is delivered where.
#[derive(Clone, Debug, PartialEq)]
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
#[derive(Clone, Debug, PartialEq)]
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
    /// With which pauses and by which ways.
    pub rollout: Rollout,
    /// What is watched meanwhile.
    pub watch: WatchSettings,
    /// CloudWatch alarms that may not be alarming beforehand, nor while a deployment goes on.
    pub alarms: Vec<String>,
    /// The environment variable that holds the token of the flows.
    pub token_variable: String,
    /// The questions asked of the service afterwards.
    pub smoke: Smoke,
}

/// How a release is brought in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Tasks are replaced by and by, within the service's minimum and maximum percent.
    Rolling,
    /// A second fleet comes up beside the first, and all traffic goes over at once.
    BlueGreen,
    /// Traffic goes over step by step, each watched; the last step is all of it.
    Canary {
        /// The steps below 100 %, ascending.
        steps: Vec<Rung>,
    },
    /// Traffic goes over in equal steps, each watched.
    Linear {
        /// The step, in tenths of a percent: 30 to 1000.
        step: u32,
        /// How long each is watched.
        watch: Duration,
    },
}

/// A step of a ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rung {
    /// The candidate's share of traffic, in tenths of a percent: 1 to 999.
    pub share: u32,
    /// How long it is watched.
    pub watch: Duration,
}

/// How a release is brought in, beside its strategy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollout {
    /// How long the old release is kept, and the new one watched, once it has all traffic.
    pub bake: Duration,
    /// After so long without an answer of the engine ECS takes a paused deployment back.
    pub pause_timeout: Duration,
    /// The same of the pause at which a release bakes.
    pub bake_timeout: Duration,
    /// Where the candidate is reached before users reach it: the test listener.
    pub test_url: Option<Url>,
}

/// What is watched while a release comes in, and what it is held to.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchSettings {
    /// The error rate must be under this, 0.01 for 1 %.
    pub error_rate: f64,
    /// The p50 and the p95 must be under the serving release's times this, 1.2 for 20 % more.
    pub latency_ratio: f64,
    /// A difference of latency that is not over this is none.
    pub latency_floor: Duration,
    /// The paths that probes ask for, in turn.
    pub probe_paths: Vec<String>,
    /// How many probes a second each of the two releases gets at the most.
    pub probe_rate: u32,
    /// How long an answer to a probe may take; later is an error.
    pub probe_timeout: Duration,
    /// How many requests of each release are asked for before users reach it.
    pub probes_before_users: u32,
    /// Whether the load balancer's own figures are read from CloudWatch.
    pub metrics: bool,
    /// The worker may lag so much further than that of the release that serves.
    pub worker_lag: Duration,
    /// The cache's hit rate is at least this share of that of the release that serves, 0.5 for half of it.
    pub cache_hits: f64,
    /// A cache of fewer lookups is cold, and not judged.
    pub cache_lookups: u32,
    /// The pause between two runs of the flows.
    pub flows_every: Duration,
    /// What takes a release back by itself.
    pub triggers: Vec<Trigger>,
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

#[cfg(test)]
mod tests;
