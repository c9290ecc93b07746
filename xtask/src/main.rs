//! `cargo xtask`: parse, run, print the error, exit with its code.

mod build;
mod ci;
mod commit;
mod compile;
mod deliver;
mod doctor;
mod exit;
mod lint;
mod migrate;
mod process;
mod rehearse;
mod report;
mod run;
mod scan;
mod test;
mod tools;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// Takes a commit through the gates, the same way on a laptop and in Actions.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", after_help = exit::HELP)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Lint(lint::Lint),
    Test(test::Test),
    Build(build::Build),
    Scan(scan::Scan),
    Ci(ci::Ci),
    Doctor(doctor::Doctor),
    Run(run::Run),
    Migrate(migrate::Migrate),
    Rehearse(rehearse::Rehearse),
    #[command(flatten)]
    Deliver(deliver::Deliver),
}

fn main() -> ExitCode {
    let done = process::forget_the_package().and_then(|()| perform(Cli::parse().verb));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !error.downcast_ref::<exit::Ending>().is_some_and(exit::Ending::is_told) {
                eprintln!("error: {error:#}");
            }
            ExitCode::from(exit::code_of(&error))
        }
    }
}

fn perform(verb: Verb) -> anyhow::Result<()> {
    process::survive_interruptions()?;
    let workspace = Workspace::discover()?;
    match verb {
        Verb::Lint(lint) => lint.run(&workspace),
        Verb::Test(test) => test.run(&workspace),
        Verb::Build(build) => build.run(&workspace),
        Verb::Scan(scan) => scan.run(&workspace),
        Verb::Ci(ci) => ci.run(&workspace),
        Verb::Doctor(doctor) => doctor.run(&workspace),
        Verb::Run(run) => run.run(&workspace),
        Verb::Migrate(migrate) => migrate.run(&workspace),
        Verb::Rehearse(rehearse) => rehearse.run(&workspace),
        Verb::Deliver(deliver) => deliver.run(&workspace),
    }
}
