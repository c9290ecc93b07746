//! `migrate`: the schema of the database in `DATABASE_URL`.

use clap::Args;

use crate::exit::Ending;
use crate::process::wait;
use crate::workspace::Workspace;

/// up, down or status on the database in DATABASE_URL, by the service's own `migrate`
#[derive(Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Migrate {
    /// Passed to the service: up, down, status, and their options (--help lists them)
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    arguments: Vec<String>,
}

impl Migrate {
    /// Starts the service's own subcommand, the one that a deployment runs.
    pub(crate) fn run(self, workspace: &Workspace) -> anyhow::Result<()> {
        let status = wait(workspace.program("app").arg("migrate").args(self.arguments))?;
        Ending::of_child("migrate", status)
    }
}
