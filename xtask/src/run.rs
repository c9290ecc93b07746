//! `run`: the service with its PostgreSQL, on this machine.

use std::env;

use clap::Args;

use crate::exit::Ending;
use crate::process::{must, wait};
use crate::workspace::{Database, Workspace};

/// The service with its PostgreSQL, migrated, on this machine
#[derive(Args)]
pub(crate) struct Run {
    /// Serve on this address
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: String,

    /// Serve the metrics on this address
    #[arg(long, default_value = "127.0.0.1:9090")]
    management: String,

    /// Serve from the database in DATABASE_URL (how this command starts itself once it has one)
    #[arg(long, hide = true)]
    with_database: bool,
}

impl Run {
    /// Serves until it is interrupted.
    pub(crate) fn run(self, workspace: &Workspace) -> anyhow::Result<()> {
        if self.with_database {
            return self.serve(workspace);
        }
        // Compiled before the database is up, so that a mistake in the code costs no start of one.
        must("the build of the service", workspace.cargo().args(["build", "--locked", "--package", "app"]))?;
        let addresses = ["--listen", &self.listen, "--management", &self.management];
        let postgres = workspace.with_postgres(Database::Fresh);
        let status = wait(postgres.arg(&workspace.this).args(["run", "--with-database"]).args(addresses))?;
        Ending::of_child("the service", status)
    }

    fn serve(&self, workspace: &Workspace) -> anyhow::Result<()> {
        must("applying the migrations", workspace.program("app").args(["migrate", "up"]))?;
        let token = env::var("API_TOKEN").unwrap_or_else(|_| "local-development-token".to_owned());
        eprintln!("serving on http://{}, metrics on http://{}/metrics", self.listen, self.management);
        eprintln!("the bearer token is that of API_TOKEN, by default local-development-token");
        let serve = workspace
            .program("app")
            .arg("serve")
            .env("LISTEN_ADDRESS", &self.listen)
            .env("MANAGEMENT_ADDRESS", &self.management)
            .env("API_TOKEN", token)
            .env("DRAIN_DELAY", "0s");
        Ending::of_child("the service", wait(serve)?)
    }
}
