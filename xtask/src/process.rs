//! Starts other programs, so that an interrupted verb leaves none of them behind.

use std::env;
use std::fs::File;
use std::io::IsTerminal as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::exit::Ending;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
static CHILDREN: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// From here on a signal ends the children first, and the verb when they are gone.
///
/// The terminal sends its interrupt to every program in the foreground, so there it has reached the
/// children already; sent again it would look like the second, impatient one.
pub(crate) fn survive_interruptions() -> anyhow::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("failed to listen for signals")?;
    thread::spawn(move || {
        for signal in signals.forever() {
            INTERRUPTED.store(true, Ordering::SeqCst);
            if signal != SIGINT || !std::io::stdin().is_terminal() {
                for child in CHILDREN.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                    // The child may be gone already, which is what was wanted.
                    let _ = kill_process(*child, Signal::TERM);
                }
            }
        }
    });
    Ok(())
}

/// Starts this program again without what cargo says in the environment about the package that it
/// runs, if that is there; returns when it is not.
///
/// Build scripts that read those variables (ring's, for one) take another value for a reason to
/// compile again, and with them all that stands on them: whoever called `cargo test` by hand and
/// `cargo xtask test` by turns would wait minutes each time.
pub(crate) fn forget_the_package() -> anyhow::Result<()> {
    let described: Vec<_> = env::vars_os()
        .map(|(name, _)| name)
        .filter(|name| ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|start| name.to_string_lossy().starts_with(start)))
        .collect();
    if described.is_empty() {
        return Ok(());
    }
    let mut again = Command::new(env::current_exe().context("failed to find this program")?);
    again.args(env::args_os().skip(1));
    for name in described {
        again.env_remove(name);
    }
    Err(anyhow::Error::from(again.exec()).context("failed to start this program again"))
}

/// Runs a program to its end with this terminal, and returns how it ended.
pub(crate) fn wait(command: impl Into<Command>) -> anyhow::Result<ExitStatus> {
    let mut command = command.into();
    let mut child = Registered::spawn(&mut command)?;
    let status = child.0.wait().with_context(|| format!("failed to wait for {}", name(&command)))?;
    not_interrupted()?;
    Ok(status)
}

/// Runs a program to its end, a signal or not, and returns how it ended: what a program makes of an
/// interruption, a deployment that it takes back for one, is its own to say.
pub(crate) fn wait_out(command: impl Into<Command>) -> anyhow::Result<ExitStatus> {
    let mut command = command.into();
    let mut child = Registered::spawn(&mut command)?;
    child.0.wait().with_context(|| format!("failed to wait for {}", name(&command)))
}

/// Runs a program to its end and returns how it ended with what it printed; for programs that
/// print little.
pub(crate) fn capture(command: impl Into<Command>) -> anyhow::Result<Output> {
    let mut command = command.into();
    let output = command.output().with_context(|| format!("failed to start {}", name(&command)))?;
    not_interrupted()?;
    Ok(output)
}

/// Asks a program that answers on standard output, and says what it has to say meanwhile on standard error.
pub(crate) fn answer(command: impl Into<Command>) -> anyhow::Result<Output> {
    let mut command = command.into();
    command.stderr(Stdio::inherit());
    capture(command)
}

/// Runs a program whose failure is a gate's refusal.
pub(crate) fn gate(what: &str, command: impl Into<Command>) -> anyhow::Result<()> {
    let status = wait(command)?;
    if status.success() {
        return Ok(());
    }
    Err(Ending::Refused(format!("{what} failed ({status}); its output is above")).into())
}

/// Runs a program that has to succeed for the verb to make sense.
pub(crate) fn must(what: &str, command: impl Into<Command>) -> anyhow::Result<()> {
    let status = wait(command)?;
    anyhow::ensure!(status.success(), "{what} failed ({status}); its output is above");
    Ok(())
}

/// A program that runs beside the verb, and not longer than it.
pub(crate) struct Background(Registered);

impl Background {
    /// Starts a program with its output in a file.
    pub(crate) fn start(command: impl Into<Command>, log: &Path) -> anyhow::Result<Self> {
        let mut command = command.into();
        let file = File::create(log).with_context(|| format!("failed to write {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        Ok(Self(Registered::spawn(&mut command)?))
    }

    /// Asks the program to end, and returns how it did.
    pub(crate) fn stop(mut self) -> anyhow::Result<ExitStatus> {
        kill_process(pid(&self.0.0), Signal::TERM).context("failed to signal a program")?;
        self.0.0.wait().context("failed to wait for a program")
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // Only when nobody asked it to stop: then something went wrong, and nothing is to be said.
        if let Ok(None) = self.0.0.try_wait() {
            let _ = self.0.0.kill();
            let _ = self.0.0.wait();
        }
    }
}

/// Fails when a signal has asked the verb to stop.
pub(crate) fn not_interrupted() -> anyhow::Result<()> {
    if INTERRUPTED.load(Ordering::SeqCst) {
        return Err(Ending::Interrupted.into());
    }
    Ok(())
}

fn name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

struct Registered(Child);

impl Registered {
    fn spawn(command: &mut Command) -> anyhow::Result<Self> {
        // The lock is held over the start, so that a signal finds either no child or a listed one.
        let mut children = CHILDREN.lock().unwrap_or_else(PoisonError::into_inner);
        not_interrupted()?;
        let child = command.spawn().with_context(|| format!("failed to start {}", name(command)))?;
        children.push(pid(&child));
        Ok(Self(child))
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let gone = pid(&self.0);
        CHILDREN.lock().unwrap_or_else(PoisonError::into_inner).retain(|child| *child != gone);
    }
}

fn pid(child: &Child) -> Pid {
    Pid::from_child(child)
}
