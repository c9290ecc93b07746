//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};

use crate::doctor::diagnose;
use crate::fresh::Fresh;
pub use crate::provide::Surroundings;
use crate::provide::{Keeper, Provided, provide};
use crate::refusal::Refusal;
use crate::signals::{self, Signals};
use crate::source::Source;
use crate::{estate, exec};

const FAILURE: u8 = 1;

/// Brings a PostgreSQL for tests and rehearsals: the server of DATABASE_URL, a container, or a
/// throw-away cluster of this machine's server binaries, whichever works first.
#[derive(Debug, Parser)]
#[command(name = "postgres-provider", version)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Exec(Exec),
    Doctor(Doctor),
    #[command(hide = true)]
    Guard(Guard),
}

/// Runs a command with DATABASE_URL set, and clears everything away after it.
///
/// Exits with the command's code, with 128 and the number of the signal that ended it, with 126 or
/// 127 when it cannot be run or is not there, and with 1 when no PostgreSQL can be had.
#[derive(Debug, Args)]
struct Exec {
    /// Takes this source or fails, instead of the first that works.
    #[arg(long, value_enum, env = "POSTGRES_SOURCE")]
    source: Option<Source>,
    /// Makes an empty database for the command, and drops it afterwards. Without this, DATABASE_URL
    /// names the server's own, for commands that make databases themselves.
    #[arg(long)]
    fresh_database: bool,
    /// Applies the up files in this folder to the empty database first.
    #[arg(long, value_name = "FOLDER", requires = "fresh_database")]
    migrations: Option<PathBuf>,
    /// The command and its arguments.
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

/// Says which sources would work, without starting anything. Exits with 1 when none would.
#[derive(Debug, Args)]
struct Doctor {
    /// Prints JSON: `{"sources": [{"source", "works", "detail", "remedy"}]}`.
    #[arg(long)]
    json: bool,
}

/// Waits for the owner of a directory to end and clears what it left there.
#[derive(Debug, Args)]
struct Guard {
    directory: PathBuf,
}

impl Arguments {
    /// Does what was asked for and says the exit code.
    pub fn run(self, surroundings: &Surroundings) -> anyhow::Result<u8> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("failed to start the runtime")?;
        runtime.block_on(async {
            match self.command {
                Command::Exec(exec) => exec.run(surroundings).await,
                Command::Doctor(doctor) => doctor.run(surroundings).await,
                Command::Guard(Guard { directory }) => {
                    estate::guard(&directory).await?;
                    Ok(0)
                }
            }
        })
    }
}

impl Exec {
    async fn run(self, surroundings: &Surroundings) -> anyhow::Result<u8> {
        let mut signals = Signals::listen().context("failed to listen for signals")?;
        let mut keeper = Keeper::new(surroundings);
        let mut provided = None;
        let outcome = self.start_and_run(&mut keeper, &mut provided, &mut signals).await;
        // Whatever happened, and before anybody hears of it.
        let cleared = keeper.clear().await;
        // Only now: dropping a server that still runs would kill it instead of shutting it down.
        drop(provided);
        let code = outcome?;
        cleared.context("failed to clear away what was started")?;
        Ok(code)
    }

    async fn start_and_run(
        &self,
        keeper: &mut Keeper<'_>,
        provided: &mut Option<Provided>,
        signals: &mut Signals,
    ) -> anyhow::Result<u8> {
        let sources = self.source.map_or(Source::ALL.to_vec(), |source| vec![source]);
        let outcome = tokio::select! {
            outcome = provide(&sources, keeper) => outcome,
            signal = signals.next() => return Ok(signals::exit_code(signal.as_raw())),
        };
        match outcome {
            Ok(new) => self.run_on(provided.insert(new), keeper.now(), signals).await,
            Err(refusals) => {
                eprintln!("{}", lament(self.source, &refusals));
                Ok(FAILURE)
            }
        }
    }

    async fn run_on(&self, provided: &mut Provided, now: SystemTime, signals: &mut Signals) -> anyhow::Result<u8> {
        if !self.fresh_database {
            let url = provided.url.clone();
            return Ok(exec::run(&self.command, &url, provided, signals).await?);
        }
        let fresh = Fresh::create(&provided.url, now).await?;
        let ended = self.run_on_fresh(&fresh, provided, signals).await;
        fresh.drop().await?;
        ended
    }
}

impl Exec {
    async fn run_on_fresh(&self, fresh: &Fresh, provided: &mut Provided, signals: &mut Signals) -> anyhow::Result<u8> {
        if let Some(folder) = &self.migrations {
            fresh.migrate(folder).await?;
        }
        Ok(exec::run(&self.command, &fresh.url, provided, signals).await?)
    }
}

impl Doctor {
    async fn run(self, surroundings: &Surroundings) -> anyhow::Result<u8> {
        let diagnosis = diagnose(surroundings).await;
        if self.json {
            println!("{}", serde_json::to_string(&diagnosis)?);
        } else {
            print!("{diagnosis}");
        }
        Ok(if diagnosis.works() { 0 } else { FAILURE })
    }
}

/// What to say when there is no PostgreSQL: each reason, and the line that would mend it.
fn lament(forced: Option<Source>, refusals: &[(Source, Refusal)]) -> String {
    let mut lines = vec![match forced {
        Some(source) => format!("postgres: the one source asked for, {source}, does not work"),
        None => "postgres: no source works; one of these would do".to_owned(),
    }];
    for (source, refusal) in refusals {
        lines.push(format!("  {source}: {}", refusal.reason()));
        lines.push(format!("    {}", refusal.remedy()));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_any_source_each_reason_stands_with_its_remedy() {
        let refusals = [
            (Source::Url, Refusal::new("it is not set", "set it")),
            (Source::Local, Refusal::new("no initdb", "install it")),
        ];
        let text = "postgres: no source works; one of these would do
  DATABASE_URL: it is not set
    set it
  local binaries: no initdb
    install it";
        assert_eq!(lament(None, &refusals), text);
    }

    #[test]
    fn a_forced_source_is_named_in_its_failure() {
        let refusals = [(Source::Local, Refusal::new("no initdb", "install it"))];
        let text = lament(Some(Source::Local), &refusals);
        assert!(text.starts_with("postgres: the one source asked for, local binaries"), "{text}");
    }

    #[test]
    fn a_command_is_required_and_comes_after_two_dashes() {
        for (arguments, accepted) in [
            (&["p", "exec", "--", "true"][..], true),
            (&["p", "exec", "--source", "local", "--", "ls", "--all"], true),
            (&["p", "exec"], false),
            (&["p", "exec", "true"], false),
            (&["p", "exec", "--source", "podman", "--", "true"], false),
            (&["p", "doctor", "--json"], true),
        ] {
            let seen = Arguments::try_parse_from(arguments).is_ok();
            assert_eq!(seen, accepted, "{arguments:?}");
        }
    }
}
