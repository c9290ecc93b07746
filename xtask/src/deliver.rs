//! The verbs of the release engine: found here, done by `delivery`, whose arguments they pass on.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use xshell::Cmd;

use crate::compile::compile;
use crate::exit::Ending;
use crate::process::{answer, wait_out};
use crate::workspace::Workspace;

/// What `delivery` does. `--help` behind one of these is its own.
#[derive(Subcommand)]
pub(crate) enum Deliver {
    /// Push the image, migrate, roll out to staging, verify, record the evidence
    #[command(disable_help_flag = true)]
    DeployStaging(Arguments),
    /// Take the digest that staging verified to production
    #[command(disable_help_flag = true)]
    Promote(Arguments),
    /// Go back to the last good release of an environment, or abort what is in flight
    #[command(disable_help_flag = true)]
    Rollback(Arguments),
    /// Watch what serves, or what is coming in, and say how it fares
    #[command(disable_help_flag = true)]
    Monitor(Arguments),
    /// What runs where
    #[command(disable_help_flag = true)]
    Status(Arguments),
    /// What ran, and how it ended
    #[command(disable_help_flag = true)]
    History(Arguments),
    /// What deploy-staging, promote or rollback would do now
    #[command(disable_help_flag = true)]
    Plan(Arguments),
}

/// Whatever comes behind the verb.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Passed on as they are; --help says which there are
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    arguments: Vec<OsString>,
}

impl Deliver {
    /// Starts the engine, built first when it is not up to date, and ends as it does.
    pub(crate) fn run(self, workspace: &Workspace) -> anyhow::Result<()> {
        let (verb, Arguments { arguments }) = self.parts();
        start(workspace, verb, arguments)
    }

    fn parts(self) -> (&'static str, Arguments) {
        match self {
            Self::DeployStaging(arguments) => ("deploy-staging", arguments),
            Self::Promote(arguments) => ("promote", arguments),
            Self::Rollback(arguments) => ("rollback", arguments),
            Self::Monitor(arguments) => ("monitor", arguments),
            Self::Status(arguments) => ("status", arguments),
            Self::History(arguments) => ("history", arguments),
            Self::Plan(arguments) => ("plan", arguments),
        }
    }
}

/// Starts the engine with a verb of its own.
pub(crate) fn start(workspace: &Workspace, verb: &str, arguments: Vec<OsString>) -> anyhow::Result<()> {
    let delivery = engine(workspace)?.arg(verb).args(arguments);
    Ending::passed_on("the release engine", wait_out(delivery.quiet())?)
}

/// The commit that serves in an environment, in full.
pub(crate) fn serving(workspace: &Workspace, environment: &str) -> anyhow::Result<String> {
    let output = answer(engine(workspace)?.args(["serving", "--environment", environment]))?;
    Ending::passed_on("the release engine", output.status)?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The engine with its settings, built first when it is not up to date.
fn engine(workspace: &Workspace) -> anyhow::Result<Cmd<'_>> {
    compile(workspace, "the release engine", "delivery")?;
    let named = std::env::var_os("SLIPWAY_SETTINGS").filter(|path| !path.is_empty());
    let settings = named.map_or_else(|| workspace.root.join("delivery.toml"), PathBuf::from);
    Ok(workspace.program("delivery").arg("--settings").arg(settings))
}
