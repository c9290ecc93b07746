//! One gate: another run of this program, its output kept in a file.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::exit::Ending;
use crate::process;

/// What can refuse a pull request.
pub(super) struct Gate {
    /// As people call it.
    pub(super) name: &'static str,
    arguments: Vec<OsString>,
}

/// How a gate ended.
pub(super) struct Outcome {
    /// Of the gate.
    pub(super) name: &'static str,
    /// What it said.
    pub(super) result: anyhow::Result<()>,
    /// How long it ran.
    pub(super) time: Duration,
    log: PathBuf,
}

impl Gate {
    /// The gate that this program is, with these arguments.
    pub(super) fn new(name: &'static str, arguments: Vec<OsString>) -> Self {
        Self { name, arguments }
    }

    /// Runs it with the command line's own `program`, with what it prints in a file.
    pub(super) fn run(&self, program: &Path, log: PathBuf) -> Outcome {
        let started = Instant::now();
        let result = self.start(program, &log);
        Outcome { name: self.name, result, time: started.elapsed(), log }
    }

    /// The outcome of a gate whose turn did not come: it has not looked, so it has not passed.
    pub(super) fn not_run(&self, log: &Path, why: &str) -> Outcome {
        let result = Err(Ending::CouldNotTell(format!("not run: {why}")).into());
        Outcome { name: self.name, result, time: Duration::ZERO, log: log.to_path_buf() }
    }

    fn start(&self, program: &Path, log: &Path) -> anyhow::Result<()> {
        let file = File::create(log).with_context(|| format!("failed to write {}", log.display()))?;
        let mut command = Command::new(program);
        command.args(&self.arguments).stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        Ending::of_child(self.name, process::wait(command)?)
    }
}

impl Outcome {
    /// Why it did not pass, in its own words where it has said so; nothing when it has passed.
    pub(super) fn why(&self) -> String {
        let Err(error) = &self.result else { return String::new() };
        let output = self.output();
        let said = output.lines().rev().find_map(|line| line.strip_prefix("error: "));
        said.map_or_else(|| format!("{error:#}"), str::to_owned)
    }

    /// All that the gate printed.
    pub(super) fn output(&self) -> String {
        fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }
}
