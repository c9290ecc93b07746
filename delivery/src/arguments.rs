//! The command line.

mod monitor;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::edge::Variables;
use crate::environment::Environment;
use crate::exit::{self, Ending};
use crate::release::Commit;
use crate::settings::EnvironmentSettings;
use crate::strategy::{BAKE, BEFORE_SHIFT, BEFORE_USERS};
pub use monitor::Monitor;

/// Takes a release to staging, to production and back.
#[derive(Clone, Debug, PartialEq, Eq, Parser)]
#[command(name = "delivery", after_help = exit::HELP)]
pub struct Arguments {
    /// The file that says what is delivered where [or the variable `SLIPWAY_SETTINGS`; otherwise
    /// delivery.toml]
    #[arg(long, value_name = "PATH")]
    pub settings: Option<PathBuf>,
    /// The folder for the page that a run leaves [or the variable `SLIPWAY_PAGE_DIR`; otherwise
    /// target/delivery beside the settings]
    #[arg(long, value_name = "DIR", global = true)]
    pub page_dir: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What can be done.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Verb {
    /// Push the image, migrate, roll out to staging, verify, record the evidence
    #[command(after_help = exit::HELP)]
    DeployStaging(DeployStaging),
    /// Take the digest that staging verified to production
    #[command(after_help = exit::HELP)]
    Promote(Promote),
    /// Go back to the last good release of an environment, or abort what is in flight
    #[command(after_help = exit::HELP)]
    Rollback(Rollback),
    /// Watch what serves, or what is coming in, and say how it fares
    ///
    /// Probes, the critical flows, readiness, users' requests as the load balancer counted them, tasks and
    /// alarms. Ends with 0 when it is well, 10 when it is not, 11 when that could not be told, 21 when it was
    /// taken back, 22 when it could not be, 130 when it was interrupted. What `promote --no-wait` left is
    /// concluded: its verdict is recorded.
    #[command(after_help = exit::HELP)]
    Monitor(Monitor),
    /// What runs where
    #[command(after_help = exit::HELP)]
    Status(Status),
    /// What ran, and how it ended
    #[command(after_help = exit::HELP)]
    History(Looking),
    /// Which migrations an environment has, told by the release that serves there
    #[command(after_help = exit::HELP)]
    MigrateStatus(Looking),
    /// The commit that serves in an environment, in full and nothing else
    #[command(after_help = exit::HELP)]
    Serving(Looking),
    /// What deploy-staging, promote or rollback would do now
    #[command(subcommand, after_help = exit::HELP)]
    Plan(Planned),
}

/// What can be planned.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Planned {
    /// What deploy-staging would do now
    DeployStaging(DeployStaging),
    /// What promote would do now
    Promote(Promote),
    /// What rollback would do now
    Rollback(Rollback),
}

/// The arguments of `deploy-staging`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct DeployStaging {
    /// The image, as an OCI image layout [or the variable `SLIPWAY_IMAGE_LAYOUT`; otherwise target/image
    /// beside the settings]
    #[arg(long, value_name = "DIR")]
    pub image_layout: Option<PathBuf>,
    /// Where it is left.
    #[command(flatten)]
    pub leaving: Leaving,
    /// How it is done.
    #[command(flatten)]
    pub manner: Manner,
}

/// The arguments of `promote`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Promote {
    /// The commit whose image is promoted, in full [or the variable `IMAGE_TAG`]
    #[arg(long, value_name = "SHA")]
    pub image_tag: Option<Commit>,
    /// Where it is left.
    #[command(flatten)]
    pub leaving: Leaving,
    /// How it is done.
    #[command(flatten)]
    pub manner: Manner,
}

/// The arguments of `rollback`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Rollback {
    /// staging or production [or the variable `DEPLOY_ENVIRONMENT`]
    #[arg(long, value_name = "ENVIRONMENT")]
    pub environment: Option<Environment>,
    /// The commit to go back to, in full [or the variable `ROLLBACK_TO`; otherwise the last good release]
    #[arg(long, value_name = "SHA")]
    pub to: Option<Commit>,
    /// How it is done.
    #[command(flatten)]
    pub manner: Manner,
}

/// Where a release is left before it is verified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Args)]
pub struct Leaving {
    /// Leave it to ECS's bake and alarms once it has all traffic, not verified yet; `monitor` judges it
    #[arg(long)]
    pub no_wait: bool,
    /// The stage at which it is left; at a pause ECS takes it back when nobody goes on in time
    #[arg(long, value_name = "STAGE", requires = "no_wait", default_value = "bake")]
    pub until: Until,
}

/// A stage at which a release can be left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Until {
    /// The pause before users reach it
    BeforeUsers,
    /// The first pause before users' traffic is shifted
    BeforeShift,
    /// The bake, in which it has all traffic and the old release is kept
    #[default]
    Bake,
}

impl Leaving {
    /// ECS's word for the stage at which it is left, when it is; refused where there is no such stage.
    pub fn until(self, settings: &EnvironmentSettings) -> Result<Option<&'static str>, Ending> {
        let refuse = |why: &str| Err(Ending::Usage(format!("--no-wait: {why}")));
        match self.until {
            _ if !self.no_wait => Ok(None),
            _ if settings.strategy.shift().is_none() => {
                refuse("the strategy is \"rolling\", which has no stage at which ECS waits or keeps the old release")
            }
            Until::BeforeUsers => Ok(Some(BEFORE_USERS)),
            Until::BeforeShift => Ok(Some(BEFORE_SHIFT)),
            Until::Bake if settings.rollout.bake.is_zero() => {
                refuse("there is no bake to leave it to: set `bake`, or name an earlier stage with --until")
            }
            Until::Bake => Ok(Some(BAKE)),
        }
    }
}

/// How something is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub struct Manner {
    /// Say what would be done, and touch nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Wait for another deployer or deployment, as long as limits.wait says, instead of being refused
    #[arg(long)]
    pub wait: bool,
    /// Take the lock from whoever holds it: only when you know that nobody is at work
    #[arg(long)]
    pub break_lock: bool,
    /// Print one document for programs on standard output
    #[arg(long)]
    pub json: bool,
}

/// The arguments of `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Args)]
pub struct Status {
    /// Print one document for programs on standard output
    #[arg(long)]
    pub json: bool,
}

/// The arguments of the verbs that look at one environment.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Looking {
    /// staging or production [or the variable `DEPLOY_ENVIRONMENT`]
    #[arg(long, value_name = "ENVIRONMENT")]
    pub environment: Option<Environment>,
    /// Print one document for programs on standard output
    #[arg(long)]
    pub json: bool,
}

// Read here and not by clap, for which a variable that is set to nothing is a value.
impl Arguments {
    /// The file of the settings.
    #[must_use]
    pub fn settings(&self, variables: &Variables) -> PathBuf {
        path(self.settings.as_ref(), "SLIPWAY_SETTINGS", variables).unwrap_or_else(|| "delivery.toml".into())
    }
}

impl DeployStaging {
    /// Where the image is, when somebody says where.
    #[must_use]
    pub fn image_layout(&self, variables: &Variables) -> Option<PathBuf> {
        path(self.image_layout.as_ref(), "SLIPWAY_IMAGE_LAYOUT", variables)
    }
}

fn path(flag: Option<&PathBuf>, variable: &str, variables: &Variables) -> Option<PathBuf> {
    flag.cloned().or_else(|| variables.get(variable).map(PathBuf::from))
}

impl Promote {
    /// The commit that was asked for.
    pub fn commit(&self, variables: &Variables) -> Result<Commit, Ending> {
        given(self.image_tag.as_ref(), "--image-tag", "IMAGE_TAG", variables)?
            .ok_or_else(|| Ending::Usage("what is to be promoted? Give --image-tag SHA or IMAGE_TAG".to_owned()))
    }
}

impl Rollback {
    /// The environment that was asked for.
    pub fn environment(&self, variables: &Variables) -> Result<Environment, Ending> {
        environment(self.environment.as_ref(), variables)
    }

    /// The commit that was asked for, if any was.
    pub fn to(&self, variables: &Variables) -> Result<Option<Commit>, Ending> {
        given(self.to.as_ref(), "--to", "ROLLBACK_TO", variables)
    }
}

impl Looking {
    /// The environment that was asked for.
    pub fn environment(&self, variables: &Variables) -> Result<Environment, Ending> {
        environment(self.environment.as_ref(), variables)
    }
}

fn environment(flag: Option<&Environment>, variables: &Variables) -> Result<Environment, Ending> {
    given(flag, "--environment", "DEPLOY_ENVIRONMENT", variables)?
        .ok_or_else(|| Ending::Usage("which environment? Give --environment or DEPLOY_ENVIRONMENT".to_owned()))
}

/// What a flag says, or else a variable that is set and not empty.
fn given<T: Clone + std::str::FromStr<Err: std::fmt::Display>>(
    flag: Option<&T>,
    name: &str,
    variable: &str,
    variables: &Variables,
) -> Result<Option<T>, Ending> {
    if let Some(value) = flag {
        return Ok(Some(value.clone()));
    }
    let Some(text) = variables.get(variable) else { return Ok(None) };
    text.parse().map(Some).map_err(|error| Ending::Usage(format!("{variable}, which stands for {name}: {error}")))
}

impl Verb {
    /// Its name, as it is called.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::DeployStaging(_) => "deploy-staging",
            Self::Promote(_) => "promote",
            Self::Rollback(_) => "rollback",
            Self::Monitor(_) => "monitor",
            Self::Status(_) => "status",
            Self::History(_) => "history",
            Self::MigrateStatus(_) => "migrate-status",
            Self::Serving(_) => "serving",
            Self::Plan(Planned::DeployStaging(_)) => "plan deploy-staging",
            Self::Plan(Planned::Promote(_)) => "plan promote",
            Self::Plan(Planned::Rollback(_)) => "plan rollback",
        }
    }

    /// What is really done: planning is doing it without touching anything.
    #[must_use]
    pub fn resolved(self) -> Self {
        match self {
            Self::Plan(Planned::DeployStaging(mut verb)) => {
                verb.manner.dry_run = true;
                Self::DeployStaging(verb)
            }
            Self::Plan(Planned::Promote(mut verb)) => {
                verb.manner.dry_run = true;
                Self::Promote(verb)
            }
            Self::Plan(Planned::Rollback(mut verb)) => {
                verb.manner.dry_run = true;
                Self::Rollback(verb)
            }
            verb => verb,
        }
    }

    /// Whether one document for programs is asked for.
    #[must_use]
    pub fn json(&self) -> bool {
        match self {
            Self::Status(Status { json })
            | Self::History(Looking { json, .. })
            | Self::MigrateStatus(Looking { json, .. })
            | Self::Serving(Looking { json, .. })
            | Self::Monitor(Monitor { json, .. }) => *json,
            _ => self.manner().is_some_and(|manner| manner.json),
        }
    }

    /// Whether the answer is all that was asked for, and nothing is changed.
    #[must_use]
    pub fn only_looks(&self) -> bool {
        let watches = matches!(self, Self::Monitor(_));
        matches!(self, Self::Plan(_)) || !watches && self.manner().is_none_or(|manner| manner.dry_run)
    }

    fn manner(&self) -> Option<Manner> {
        match self {
            Self::DeployStaging(DeployStaging { manner, .. })
            | Self::Promote(Promote { manner, .. })
            | Self::Rollback(Rollback { manner, .. })
            | Self::Plan(
                Planned::DeployStaging(DeployStaging { manner, .. })
                | Planned::Promote(Promote { manner, .. })
                | Planned::Rollback(Rollback { manner, .. }),
            ) => Some(*manner),
            Self::Status(_) | Self::History(_) | Self::Monitor(_) | Self::MigrateStatus(_) | Self::Serving(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
