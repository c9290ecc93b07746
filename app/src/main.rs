//! The service's executable: parse, run, exit with the code.

use std::process::ExitCode;

fn main() -> ExitCode {
    app::cli::run()
}
