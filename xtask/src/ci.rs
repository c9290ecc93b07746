//! `ci`: the gates of a pull request, at once where they need not wait for one another.

mod gate;
mod progress;

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;

use self::gate::{Gate, Outcome};
use self::progress::Progress;
use crate::process;
use crate::report::{self, Table, took};
use crate::scan::Databases;
use crate::workspace::Workspace;

/// All gates of a pull request: lint, test --coverage, migrate prove, build and scan
#[derive(Args)]
pub(crate) struct Ci {
    #[command(flatten)]
    databases: Databases,
}

impl Ci {
    /// Runs all gates, and fails with the worst of them.
    pub(crate) fn run(self, workspace: &Workspace) -> anyhow::Result<()> {
        let logs = workspace.target().join("ci");
        let _ = fs::remove_dir_all(&logs);
        fs::create_dir_all(&logs).with_context(|| format!("failed to make {}", logs.display()))?;

        // What more than one gate starts is compiled before them, or they would wait for each other's
        // lock instead of for the compiler. One by one, as the gates start them: together they would
        // share the features of what both depend on, and that would be compiled again for each alone.
        for program in ["postgres-provider", "image", "schema"] {
            let build = workspace.cargo().args(["build", "--quiet", "--locked", "--package", program]);
            process::must("the build of the gates' own programs", build)?;
        }

        let chains = chains(&self.databases);
        let progress = Progress::new(chains.iter().flatten().map(|gate| gate.name));
        let started = Instant::now();
        let outcomes = run_chains(&chains, &workspace.this, &logs, &progress);
        let whole = started.elapsed();
        progress.finish();
        process::not_interrupted()?;

        for outcome in outcomes.iter().flatten().filter(|outcome| outcome.result.is_err()) {
            eprintln!("\n──── {} ({}) ────", outcome.name, report::word(&outcome.result));
            eprint!("{}", outcome.output());
        }
        let table = table(&outcomes);
        let longest = outcomes.iter().map(|chain| chain.iter().map(|gate| gate.time).sum()).max();
        let times = times(whole, longest.unwrap_or_default());
        eprint!("\n{}\n{times}\n", table.plain());
        report::summarise(&format!("### Gates\n\n{}\n{times}\n\n", table.markdown()))?;
        report::combine(outcomes.iter().flatten().map(|outcome| (outcome.name, &outcome.result)))
    }
}

/// The gates: those of a chain one after another, the chains at the same time.
fn chains(databases: &Databases) -> Vec<Vec<Gate>> {
    let scan = [vec!["scan".into()], databases.arguments()].concat();
    vec![
        vec![Gate::new("lint", vec!["lint".into()])],
        vec![Gate::new("test", vec!["test".into(), "--coverage".into()])],
        vec![Gate::new("prove", vec!["migrate".into(), "prove".into()])],
        vec![Gate::new("build", vec!["build".into()]), Gate::new("scan", scan)],
    ]
}

fn run_chains(chains: &[Vec<Gate>], program: &Path, logs: &Path, progress: &Progress) -> Vec<Vec<Outcome>> {
    thread::scope(|scope| {
        let running: Vec<_> =
            chains.iter().map(|chain| scope.spawn(|| run_chain(chain, program, logs, progress))).collect();
        running
            .into_iter()
            .zip(chains)
            .map(|(thread, chain)| {
                thread.join().unwrap_or_else(|_| {
                    chain.iter().map(|gate| gate.not_run(&logs.join("none"), "its thread panicked")).collect()
                })
            })
            .collect()
    })
}

fn run_chain(chain: &[Gate], program: &Path, logs: &Path, progress: &Progress) -> Vec<Outcome> {
    let mut outcomes: Vec<Outcome> = Vec::new();
    for gate in chain {
        let log: PathBuf = logs.join(format!("{}.log", gate.name));
        let outcome = match outcomes.iter().find(|outcome| outcome.result.is_err()) {
            Some(before) => gate.not_run(&log, &format!("{} did not pass", before.name)),
            None => {
                progress.started(gate.name);
                gate.run(program, log)
            }
        };
        progress.ended(&outcome);
        outcomes.push(outcome);
    }
    outcomes
}

fn table(outcomes: &[Vec<Outcome>]) -> Table<4> {
    let mut table = Table::new(["gate", "verdict", "time", "why"]);
    for outcome in outcomes.iter().flatten() {
        table.row([outcome.name.into(), report::word(&outcome.result).into(), took(outcome.time), outcome.why()]);
    }
    table
}

/// How long it took, and how much of that was waiting for the machine rather than for the longest
/// chain of gates.
fn times(whole: Duration, longest: Duration) -> String {
    let ratio = whole.as_secs_f64() / longest.as_secs_f64().max(f64::EPSILON);
    format!("{} in all; the longest chain of gates took {} (ratio {ratio:.2})", took(whole), took(longest))
}
