//! `lint`: what can be said of the sources without running them.

mod dependencies;
mod queries;
mod rust;
mod spelling;
mod workflows;

use std::time::Instant;

use clap::{Args, ValueEnum};

use crate::process;
use crate::report::{self, Table};
use crate::workspace::Workspace;

/// Format, clippy, dependencies, workflows, migrations, queries, documentation, conventions, spelling
#[derive(Args)]
pub(crate) struct Lint {
    /// Run only these checks
    #[arg(value_name = "CHECK")]
    checks: Vec<Check>,

    /// Mend what can be mended: the format, clippy's suggestions, the metadata of the queries, spelling
    #[arg(long)]
    fix: bool,

    /// Compare the metadata of the queries with the database in DATABASE_URL (how this command
    /// starts itself once it has one)
    #[arg(long, hide = true)]
    queries_with_database: bool,
}

/// One check, cheap ones first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Check {
    /// rustfmt
    Format,
    /// What the migrations that this branch adds would do to production
    Migrations,
    /// zizmor: pinned actions, least permissions, no injection
    Workflows,
    /// typos in code and prose
    Spelling,
    /// cargo-deny: licences, sources, bans
    Dependencies,
    /// This repository's own conventions
    Tidy,
    /// clippy with the workspace's lints; a warning is an error
    Clippy,
    /// Documentation builds without a warning
    Docs,
    /// The committed metadata of the SQL queries is that of the migrated schema
    Queries,
}

impl Lint {
    /// Runs the checks, all of them even when one refuses.
    pub(crate) fn run(self, workspace: &Workspace) -> anyhow::Result<()> {
        if self.queries_with_database {
            return queries::compare(workspace, self.fix);
        }
        let checks = if self.checks.is_empty() { Check::value_variants() } else { &self.checks };
        let mut results = Vec::new();
        for check in checks {
            let name = check.name();
            eprintln!("lint: {name}");
            let started = Instant::now();
            let result = check.run(workspace, self.fix);
            process::not_interrupted()?;
            if let Err(error) = &result {
                eprintln!("lint: {name}: {error:#}");
            }
            results.push((name, result, started.elapsed()));
        }
        let mut table = Table::new(["check", "verdict", "time"]);
        for (name, result, time) in &results {
            table.row([name.clone(), report::word(result).into(), report::took(*time)]);
        }
        eprint!("\n{}", table.plain());
        report::combine(results.iter().map(|(name, result, _)| (name.as_str(), result)))
    }
}

impl Check {
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    fn run(self, workspace: &Workspace, fix: bool) -> anyhow::Result<()> {
        match self {
            Self::Format => rust::format(workspace, fix),
            Self::Clippy => rust::clippy(workspace, fix),
            Self::Docs => rust::documentation(workspace),
            Self::Tidy => rust::tidy(workspace),
            Self::Dependencies => dependencies::check(workspace),
            Self::Workflows => workflows::check(workspace),
            Self::Spelling => spelling::check(workspace, fix),
            Self::Migrations => crate::migrate::check(workspace),
            Self::Queries => queries::check(workspace, fix),
        }
    }
}
