//! The command line.

mod monitor;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::edge::Variables;
use crate::environment::Environment;
use crate::exit::{self, Ending};
use crate::release::Commit;
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
    History(History),
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

/// The arguments of `history`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct History {
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

impl History {
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
            | Self::History(History { json, .. })
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
            Self::Status(_) | Self::History(_) | Self::Monitor(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;
    use clap::error::ErrorKind;

    use super::*;

    fn parse(line: &str) -> Result<Arguments, ErrorKind> {
        Arguments::try_parse_from(line.split_whitespace()).map_err(|error| error.kind())
    }

    #[test]
    fn the_command_line_is_sound_and_ends_its_help_with_the_exit_codes() {
        Arguments::command().debug_assert();
        let help = Arguments::command().render_help().to_string();
        assert!(help.contains("22 the rollback failed"), "{help}");
    }

    #[test]
    fn a_verb_takes_what_it_needs_and_no_more() {
        let sha = "0123456789abcdef0123456789abcdef01234567";
        let arguments = parse(&format!("delivery --settings a/b.toml promote --image-tag {sha} --json")).expect("good");
        assert_eq!(arguments.settings(&Variables::default()), PathBuf::from("a/b.toml"));
        assert!(arguments.verb.json() && !arguments.verb.only_looks());
        assert_eq!(arguments.verb.name(), "promote");
        for (line, looks) in [
            ("delivery deploy-staging", false),
            ("delivery deploy-staging --image-layout x --wait --break-lock", false),
            ("delivery deploy-staging --dry-run", true),
            ("delivery rollback --environment production", false),
            (&format!("delivery rollback --environment staging --to {sha} --dry-run"), true),
            ("delivery status --json", true),
            ("delivery history --environment staging", true),
            ("delivery plan deploy-staging", true),
        ] {
            assert_eq!(parse(line).expect(line).verb.only_looks(), looks, "{line}");
        }
        for (line, kind) in [
            ("delivery", ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand),
            ("delivery promote --image-tag main", ErrorKind::ValueValidation),
            ("delivery rollback --environment moon", ErrorKind::ValueValidation),
            ("delivery status --wait", ErrorKind::UnknownArgument),
            ("delivery deploy-staging --help", ErrorKind::DisplayHelp),
        ] {
            assert_eq!(parse(line), Err(kind), "{line}");
        }
    }

    #[test]
    fn the_settings_and_the_image_may_be_named_by_variables_and_a_flag_goes_before() {
        let variables = |value| Variables::from_iter([("SLIPWAY_SETTINGS", value), ("SLIPWAY_IMAGE_LAYOUT", value)]);
        for (line, value, settings, layout) in [
            ("delivery deploy-staging", "", "delivery.toml", None),
            ("delivery deploy-staging", "x/y", "x/y", Some("x/y")),
            ("delivery --settings a deploy-staging --image-layout b", "x/y", "a", Some("b")),
        ] {
            let arguments = parse(line).expect(line);
            assert_eq!(arguments.settings(&variables(value)), PathBuf::from(settings), "{line}");
            let Verb::DeployStaging(verb) = arguments.verb else { panic!("{line}") };
            assert_eq!(verb.image_layout(&variables(value)), layout.map(PathBuf::from), "{line}");
        }
    }

    #[test]
    fn to_plan_is_to_do_it_without_touching_anything() {
        let sha = "0123456789abcdef0123456789abcdef01234567";
        for (line, name) in [
            ("delivery plan deploy-staging".to_owned(), "deploy-staging"),
            (format!("delivery plan promote --image-tag {sha}"), "promote"),
            ("delivery plan rollback --environment staging --json".to_owned(), "rollback"),
        ] {
            let verb = parse(&line).expect("good").verb;
            assert_eq!(verb.name(), format!("plan {name}"));
            let json = verb.json();
            let resolved = verb.resolved();
            assert_eq!(resolved.name(), name);
            assert!(resolved.only_looks() && resolved.json() == json);
        }
    }

    #[test]
    fn a_variable_stands_for_a_flag_that_is_not_given_and_an_empty_one_for_none() {
        let (sha, other) = ("a".repeat(40), "b".repeat(40));
        let promote = |line: &str, variable: &str| {
            let Verb::Promote(promote) = parse(line).expect(line).verb else { panic!("{line}") };
            promote.commit(&Variables::from_iter([("IMAGE_TAG", variable)])).map_err(|ending| ending.code())
        };
        let flag = format!("delivery promote --image-tag {sha}");
        assert_eq!(promote(&flag, &other).expect("the flag").as_str(), sha);
        assert_eq!(promote("delivery promote", &other).expect("the variable").as_str(), other);
        assert_eq!(promote("delivery promote", ""), Err(exit::USAGE));
        assert_eq!(promote("delivery promote", "main"), Err(exit::USAGE));

        let Verb::Rollback(rollback) = parse("delivery rollback").expect("good").verb else { panic!("it is") };
        let variables = |pairs: [(&'static str, &str); 2]| Variables::from_iter(pairs);
        let set = variables([("DEPLOY_ENVIRONMENT", "production"), ("ROLLBACK_TO", &sha)]);
        assert_eq!(rollback.environment(&set), Ok(Environment::Production));
        assert_eq!(rollback.to(&set).expect("a commit").expect("it is set").as_str(), sha);
        let empty = variables([("DEPLOY_ENVIRONMENT", ""), ("ROLLBACK_TO", "")]);
        assert_eq!(rollback.environment(&empty).map_err(|ending| ending.code()), Err(exit::USAGE));
        assert_eq!(rollback.to(&empty), Ok(None));
        let History { environment, .. } = History { environment: None, json: false };
        assert_eq!(environment, None);
    }
}
