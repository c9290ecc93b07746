//! `rehearse`: all of it on this machine, with things going wrong.

use std::env;
use std::ffi::OsString;

use clap::{Args, ValueEnum};

use crate::compile::compile;
use crate::exit::Ending;
use crate::process::wait_out;
use crate::workspace::{Database, Workspace};

/// What runs before the first command of a rehearsal, and what the commands themselves start.
const PROGRAMS: [(&str, &str); 4] = [
    ("the rehearsal", "rehearsal"),
    ("the release engine", "delivery"),
    ("the image builder", "image"),
    ("the database provider", "postgres-provider"),
];

/// Staging, production and back on this machine, with things going wrong, on a cloud that is made for it
#[derive(Args)]
pub(crate) struct Rehearse {
    /// Play this scenario and what it needs, instead of all
    #[arg(long, value_name = "NAME")]
    scenario: Vec<String>,

    /// List the scenarios
    #[arg(long)]
    list: bool,

    /// Leave the cloud up afterwards, and print the environment that leads to it
    #[arg(long)]
    keep: bool,

    /// What runs the tasks
    #[arg(long, value_enum, default_value = "process")]
    runtime: Runtime,

    /// By how much durations inside the cloud are shortened
    #[arg(long, value_name = "NUMBER", default_value = "10")]
    scale: String,

    /// Requests a second on production
    #[arg(long, value_name = "NUMBER", default_value = "40")]
    rate: String,

    /// Which databases there are already (how this command starts itself once it has one)
    #[arg(long, value_enum, hide = true)]
    databases: Option<Databases>,

    /// What was spent before, WHAT=SECONDS
    #[arg(long, hide = true)]
    spent: Vec<String>,
}

/// What runs the tasks of the cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Runtime {
    /// Processes, unpacked from the pushed image
    Process,
    /// Containers of a Docker engine
    Docker,
}

/// How many databases there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Databases {
    /// Staging's, in DATABASE_URL
    One,
    /// Production's too, in DATABASE_URL; staging's is in `REHEARSAL_STAGING_DATABASE_URL`
    Both,
}

const STAGING: &str = "REHEARSAL_STAGING_DATABASE_URL";
const PRODUCTION: &str = "REHEARSAL_PRODUCTION_DATABASE_URL";

impl Rehearse {
    /// Rehearses, and ends as the rehearsal does: 0 when all was as it should be, otherwise 10.
    pub(crate) fn run(mut self, workspace: &Workspace) -> anyhow::Result<()> {
        let url = env::var_os("DATABASE_URL");
        let status = match (self.databases, url) {
            (None, _) => {
                for (what, package) in PROGRAMS {
                    let compiled = compile(workspace, what, package)?;
                    self.note(&format!("compiling {what}"), compiled);
                }
                if self.list {
                    return Ending::passed_on("the rehearsal", wait_out(self.drive(workspace).arg("--list"))?);
                }
                let again = self.again(Databases::One);
                wait_out(workspace.with_postgres(Database::Fresh).arg(&workspace.this).args(again).quiet())?
            }
            (Some(Databases::One), Some(staging)) => {
                let again = self.again(Databases::Both);
                // The server that DATABASE_URL names now is the one that was brought a moment ago.
                let exec = workspace.program("postgres-provider").args(["exec", "--source", "url", "--fresh-database"]);
                wait_out(exec.arg("--").arg(&workspace.this).args(again).env(STAGING, staging).quiet())?
            }
            (Some(Databases::Both), Some(production)) => {
                let drive = self.drive(workspace).env(PRODUCTION, production).env_remove("DATABASE_URL");
                wait_out(drive.args(self.spent.iter().flat_map(|spent| ["--spent", spent])))?
            }
            (Some(_), None) => return Err(Ending::Usage("DATABASE_URL is not set".to_owned()).into()),
        };
        Ending::passed_on("the rehearsal", status)
    }

    fn drive<'a>(&self, workspace: &'a Workspace) -> xshell::Cmd<'a> {
        let drive = workspace.program("rehearsal").arg("drive").quiet();
        drive.arg("--root").arg(&workspace.root).arg("--xtask").arg(&workspace.this).args(self.flags())
    }

    /// The arguments with which this command starts itself.
    fn again(&self, databases: Databases) -> Vec<OsString> {
        let databases = match databases {
            Databases::One => "one",
            Databases::Both => "both",
        };
        let spent = self.spent.iter().flat_map(|spent| ["--spent", spent]).map(OsString::from);
        let start = ["rehearse", "--databases", databases].map(OsString::from);
        start.into_iter().chain(spent).chain(self.flags()).collect()
    }

    fn flags(&self) -> Vec<OsString> {
        let runtime = match self.runtime {
            Runtime::Process => "process",
            Runtime::Docker => "docker",
        };
        let mut flags = vec!["--runtime", runtime, "--scale", &self.scale, "--rate", &self.rate];
        flags.extend(self.scenario.iter().flat_map(|name| ["--scenario", name]));
        if self.keep {
            flags.push("--keep");
        }
        flags.into_iter().map(OsString::from).collect()
    }

    fn note(&mut self, what: &str, time: std::time::Duration) {
        self.spent.push(format!("{what}={:.1}", time.as_secs_f64()));
    }
}
