//! Parses, runs, prints the error and exits with its code.

use std::process::ExitCode;

use clap::Parser as _;
use rehearsal::cli::{Arguments, Surroundings};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match Surroundings::of_this_process().and_then(|surroundings| arguments.run(surroundings)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("rehearsal: {error:#}");
            ExitCode::FAILURE
        }
    }
}
