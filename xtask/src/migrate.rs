//! `migrate`: the schema, and the migrations that make it.

use clap::Args;

use crate::exit::Ending;
use crate::process::wait;
use crate::workspace::Workspace;

/// check and new for the files under migrations; up, down or status on the database in DATABASE_URL
#[derive(Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Migrate {
    /// check [--all | --base REVISION] [--json]; new NAME [--no-transaction | --contract VERSION];
    /// or passed to the service: up, down, status, and their options (--help lists them)
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    arguments: Vec<String>,
}

impl Migrate {
    /// The files are `schema`'s; the database is the service's own subcommand's, which a deployment runs.
    pub(crate) fn run(self, workspace: &Workspace) -> anyhow::Result<()> {
        if matches!(self.arguments.first().map(String::as_str), Some("check" | "new")) {
            let status = wait(workspace.program("schema").args(self.arguments))?;
            return Ending::passed_on("migrate", status);
        }
        let status = wait(workspace.program("app").arg("migrate").args(self.arguments))?;
        Ending::of_child("migrate", status)
    }
}

/// Refuses migrations that would harm what runs.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let status = wait(workspace.program("schema").arg("check"))?;
    Ending::of_child("migrate check", status)
}
