//! The `delivery` program: parse, run, tell, exit with the code.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Parser as _;
use delivery::arguments::Arguments;
use delivery::aws::Clients;
use delivery::edge::{Edge, Stop};
use delivery::exit;
use delivery::program::signals::{Signals, obey};
use delivery::program::{self, Outlets, Voice};
use delivery::report::Style;
use delivery::verbs::Phase;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Whatever it was, it was told where it happened, and nobody knows what state is left.
    let code = std::panic::catch_unwind(|| run(arguments)).unwrap_or(exit::UNEXPECTED);
    ExitCode::from(code)
}

/// How wide the terminal is that errors go to, if they do.
fn terminal_width() -> Option<usize> {
    terminal_size::terminal_size_of(std::io::stderr()).map(|(width, _)| width.0.into())
}

fn run(arguments: Arguments) -> u8 {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: failed to start: {error}");
            return exit::UNEXPECTED;
        }
    };
    let code = runtime.block_on(async {
        let (stopper, stop) = Stop::pair();
        let edge = Edge::of_this_process(stop);
        let phase = Phase::default();
        let variable = |name: &str| edge.variables.get(name).map(str::to_owned);
        let width = variable("COLUMNS").and_then(|columns| columns.parse().ok());
        let style = Style::of(std::io::stderr().is_terminal(), width, variable);
        let voice = Voice::default();
        let outlets = Outlets {
            out: std::io::stdout(),
            err: std::io::stderr(),
            style,
            wide: terminal_width,
            voice: voice.clone(),
        };
        let mut signals = match Signals::listen() {
            Ok(signals) => signals,
            Err(error) => {
                eprintln!("error: failed to listen for signals: {error}");
                return exit::UNEXPECTED;
            }
        };
        let obeying = obey(async || signals.next().await, stopper, phase.clone(), |text| voice.say(text));
        let connect = async |region: &str| Clients::from_environment(region).await;
        tokio::select! {
            code = program::run(arguments, edge, &phase, outlets, connect) => code,
            code = obeying => code,
        }
    });
    // What still hangs in the background is not waited for.
    runtime.shutdown_background();
    code
}
