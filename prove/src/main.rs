//! The `prove` program: parse, run, say what went wrong, exit with its code.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    match prove::cli::Cli::parse().run() {
        Ok(exit) => exit.into(),
        Err(error) => {
            eprintln!("error: {error:#}");
            schema::exit::Exit::Unexpected.into()
        }
    }
}
