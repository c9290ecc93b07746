//! Running the command with its `DATABASE_URL`, as transparently as `env` would.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use rustix::process::{Pid, kill_process};
use tokio::process::{Child, Command};

use crate::provide::Provided;
use crate::signals::{self, Signals};

/// The exit codes of `env` and of shells for a command that is not there, or that cannot be run.
const NOT_FOUND: u8 = 127;
const NOT_EXECUTABLE: u8 = 126;

/// What `cargo run` says in the environment about the package that it runs, which is this one and
/// not the command's: build scripts that read it would take it for a reason to compile again. See
/// <https://doc.rust-lang.org/cargo/reference/environment-variables.html>.
const OF_THIS_PACKAGE: [&str; 17] = [
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_LINKS",
    "CARGO_MANIFEST_PATH",
    "CARGO_PKG_AUTHORS",
    "CARGO_PKG_DESCRIPTION",
    "CARGO_PKG_HOMEPAGE",
    "CARGO_PKG_LICENSE",
    "CARGO_PKG_LICENSE_FILE",
    "CARGO_PKG_NAME",
    "CARGO_PKG_README",
    "CARGO_PKG_REPOSITORY",
    "CARGO_PKG_RUST_VERSION",
    "CARGO_PKG_VERSION",
    "CARGO_PKG_VERSION_MAJOR",
    "CARGO_PKG_VERSION_MINOR",
    "CARGO_PKG_VERSION_PATCH",
    "CARGO_PKG_VERSION_PRE",
];

/// Runs a command with this `DATABASE_URL` to its end and says its exit code: its own, or 128 and
/// the signal that killed it. Signals that ask us to end are passed on; when it does end is the
/// command's decision.
pub(crate) async fn run(
    command: &[OsString],
    url: &str,
    provided: &mut Provided,
    signals: &mut Signals,
) -> io::Result<u8> {
    let [program, arguments @ ..] = command else {
        return Ok(NOT_FOUND);
    };
    let mut start = Command::new(program);
    start.args(arguments).env("DATABASE_URL", url);
    for name in OF_THIS_PACKAGE {
        start.env_remove(name);
    }
    let mut child = match start.spawn() {
        Ok(child) => child,
        Err(error) => {
            eprintln!("postgres: cannot run {}: {error}", program.display());
            let missing = error.kind() == io::ErrorKind::NotFound;
            return Ok(if missing { NOT_FOUND } else { NOT_EXECUTABLE });
        }
    };
    let mut serves = true;
    loop {
        tokio::select! {
            status = child.wait() => return Ok(exit_code(status?)),
            signal = signals.next() => {
                if !signals::is_the_terminals(signal) {
                    pass_on(&child, signal);
                }
            }
            words = provided.end(), if serves => {
                // The command will notice by itself; this says why.
                eprintln!("postgres: {words}");
                serves = false;
            }
        }
    }
}

fn pass_on(child: &Child, signal: rustix::process::Signal) {
    // A child that was not waited for keeps its number, so this cannot hit a stranger.
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid {
        let _ = kill_process(pid, signal);
    }
}

fn exit_code(status: ExitStatus) -> u8 {
    match (status.code(), status.signal()) {
        (Some(code), _) => u8::try_from(code).unwrap_or(u8::MAX),
        (None, Some(signal)) => signals::exit_code(signal),
        (None, None) => u8::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_code_is_the_commands_or_128_and_its_signal() {
        // The raw status of wait(2): the code in the second byte, or the signal in the first.
        for (raw, expected) in [(0, 0), (7 << 8, 7), (255 << 8, 255), (9, 137), (15, 143), (2, 130)] {
            assert_eq!(exit_code(ExitStatus::from_raw(raw)), expected, "{raw:#x}");
        }
    }
}
