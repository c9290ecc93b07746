//! Compiles the programs that a verb starts, and says so when that takes longer than a moment.

use std::io::IsTerminal as _;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::process::must;
use crate::report::took;
use crate::workspace::Workspace;

/// What is up to date is so within this time, and nobody needs to hear of it.
const A_MOMENT: Duration = Duration::from_secs(2);

/// Brings the program of a package up to date; returns how long it took.
///
/// One at a time: cargo unifies the features of what is compiled together, and what two programs
/// share would be compiled once more when one of them is wanted alone.
///
/// Everything that is said goes to standard error: standard output is the verb's own.
pub(crate) fn compile(workspace: &Workspace, what: &str, package: &str) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let build = workspace.cargo().args(["build", "--quiet", "--locked", "--package", package]).quiet();
    let (done, wait) = mpsc::channel::<()>();
    let teller = thread::spawn({
        let what = what.to_owned();
        move || tell(&what, started, &wait)
    });
    let built = must(&format!("compiling {what}"), build);
    drop(done);
    let _ = teller.join();
    built.map(|()| started.elapsed())
}

/// Says what is going on, once it has taken longer than a moment and until it is done.
fn tell(what: &str, started: Instant, done: &mpsc::Receiver<()>) {
    if done.recv_timeout(A_MOMENT) != Err(RecvTimeoutError::Timeout) {
        return;
    }
    if std::io::stderr().is_terminal() {
        let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}");
        let bar = ProgressBar::new_spinner().with_message(format!("compiling {what}"));
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.set_elapsed(started.elapsed());
        bar.enable_steady_tick(Duration::from_millis(120));
        let _ = done.recv();
        bar.finish_and_clear();
    } else {
        eprintln!("compiling {what}");
        let _ = done.recv();
    }
    eprintln!("compiled {what} in {}", took(started.elapsed()));
}
