//! The command line: one executable, three subcommands.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{self, DatabaseArguments, ServeArguments};
use crate::{healthcheck, migrate, serve};

/// It is done.
pub const DONE: u8 = 0;
/// Something unexpected happened; the last line of output says what.
pub const UNEXPECTED: u8 = 1;
/// What was asked for makes no sense: a flag, a setting, a missing variable.
pub const USAGE: u8 = 2;

/// Short links
#[derive(Debug, Parser)]
#[command(name = "app", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "it is made once a process")]
enum Command {
    /// Answer requests until told to stop
    ///
    /// Reads the secrets `DATABASE_URL` and `API_TOKEN` from the environment.
    Serve(ServeArguments),
    /// Bring the schema of the database up, or down, or tell where it is
    ///
    /// Reads the secret `DATABASE_URL` from the environment.
    Migrate {
        #[command(flatten)]
        database: DatabaseArguments,
        #[command(flatten)]
        arguments: migrate::Arguments,
    },
    /// Ask the service on this machine whether it lives; for the health check of a container
    Healthcheck(healthcheck::Arguments),
}

/// Runs the process: reads arguments and environment, and answers with the code to exit with.
#[must_use]
pub fn run() -> ExitCode {
    let environment = |name: &str| std::env::var(name).ok();
    match Cli::parse().command {
        Command::Serve(arguments) => match config::read(&arguments, &environment) {
            Ok(config) => report(serve::run_process(config)),
            Err(problems) => refuse(&problems),
        },
        Command::Migrate { database, arguments } => match config::read_database(&database, &environment) {
            Ok(options) => report(migrate::run_process(&arguments, options)),
            Err(problems) => refuse(&problems),
        },
        Command::Healthcheck(arguments) => report(healthcheck::run(&arguments)),
    }
}

fn refuse(problems: &config::Problems) -> ExitCode {
    eprintln!("error: {problems}");
    ExitCode::from(USAGE)
}

fn report(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::from(DONE),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(UNEXPECTED)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
