//! Parses, runs, prints the error and exits with its code.

use std::process::ExitCode;

use clap::Parser as _;
use postgres_provider::cli::{Arguments, Surroundings};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.run(&Surroundings::of_this_process()) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("postgres: {error:#}");
            ExitCode::FAILURE
        }
    }
}
