//! `test`: every test on a real PostgreSQL.

mod clients;
mod contract;
mod coverage;

use std::path::PathBuf;

use clap::Args;

use crate::exit::Ending;
use crate::process::gate;
use crate::tools;
use crate::workspace::{Database, Workspace};

/// Every test on a real PostgreSQL, which this command finds or brings
#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Test {
    /// Measure which lines the tests reach; under 80 % of the workspace's is a refusal
    #[arg(long, conflicts_with = "contract")]
    coverage: bool,

    /// Also run the tests that break every gate in a copy of this repository (minutes, not seconds)
    #[arg(long)]
    gates: bool,

    /// Instead: requests generated from the service's own OpenAPI document, sent to a running service
    #[arg(long)]
    contract: bool,

    /// Instead: the rehearsal cloud with the AWS CLI and docker, the release engine with moto, its pages
    /// with chromium and axe
    #[arg(long, conflicts_with_all = ["coverage", "contract", "gates"])]
    clients: bool,

    /// Test the contract of the service on the database in DATABASE_URL with this Schemathesis (how
    /// this command starts itself once it has one)
    #[arg(long, hide = true, value_name = "PROGRAM")]
    contract_with_database: Option<PathBuf>,

    /// Which PostgreSQL to use instead of the first that works: url, container or local
    #[arg(long, value_name = "SOURCE", env = "POSTGRES_SOURCE")]
    postgres: Option<String>,

    /// Passed to nextest: filters and options
    #[arg(last = true, value_name = "ARGUMENTS")]
    arguments: Vec<String>,
}

impl Test {
    /// Runs the tests.
    pub(crate) fn run(self, workspace: &Workspace) -> anyhow::Result<()> {
        if let Some(source) = &self.postgres {
            workspace.sh.set_var("POSTGRES_SOURCE", source);
        }
        if let Some(schemathesis) = &self.contract_with_database {
            return contract::with_database(workspace, schemathesis);
        }
        if self.contract {
            return contract::run(workspace);
        }
        if self.clients {
            return clients::run(workspace, &self.arguments);
        }
        let nextest = tools::NEXTEST.need(workspace)?;
        if self.coverage {
            return coverage::run(workspace, &nextest, self.nextest_arguments());
        }
        let tests = workspace.with_postgres(Database::Server).arg(nextest).args(["nextest", "run"]);
        gate("the tests", tests.args(self.nextest_arguments()))?;
        if self.arguments.is_empty() {
            // nextest leaves the examples in the documentation to rustdoc.
            crate::migrate::prove(workspace, &[])?;
            gate("the examples", workspace.cargo().args(["test", "--quiet", "--workspace", "--locked", "--doc"]))?;
        }
        Ok(())
    }

    fn nextest_arguments(&self) -> Vec<String> {
        let mut arguments = vec!["--workspace".to_owned(), "--locked".to_owned()];
        if self.gates {
            arguments.extend(["--profile".to_owned(), "gates".to_owned()]);
        }
        arguments.extend(self.arguments.iter().cloned());
        arguments
    }
}

/// What a tool's failure to start means for a verdict.
fn no_verdict(what: &str, why: &str) -> anyhow::Error {
    Ending::CouldNotTell(format!("{what}: {why}")).into()
}
