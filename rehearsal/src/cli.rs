//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Args, Parser, Subcommand};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use crate::drive::Drive;
use crate::runtime::estate;
use crate::scenery::Scenery;
use crate::serve::{RuntimeKind, Server, ServerOptions};
use crate::{Scale, placeholder};

/// A cloud on this machine: ECS, ECR, load balancers and CloudWatch, as far as a deployment needs
/// them.
#[derive(Debug, Parser)]
#[command(name = "rehearsal", version)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(Serve),
    Drive(Drive),
    #[command(hide = true)]
    Guard(Guard),
    #[command(hide = true)]
    Placeholder(Placeholder),
}

/// Brings a cloud up on 127.0.0.1 and keeps it until SIGINT or SIGTERM.
///
/// Prints the environment that points a client of AWS at it; `eval` takes it.
#[derive(Debug, Args)]
struct Serve {
    /// The port; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// By how much durations inside the cloud are shortened.
    #[arg(long, default_value = "1", value_parser = parse_scale)]
    scale: Scale,
    /// What runs tasks.
    #[arg(long, value_enum, default_value = "process")]
    runtime: RuntimeKind,
    /// A JSON file of what is there at the start, instead of this repository's two environments.
    #[arg(long, value_name = "FILE")]
    world: Option<PathBuf>,
    /// What chances and names are made from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Prints one line of JSON when it is up: `{"origin", "environment", "public_urls"}`.
    #[arg(long)]
    json: bool,
}

/// Waits for the owner of a folder to end and clears what it left.
#[derive(Debug, Args)]
struct Guard {
    folder: PathBuf,
}

/// Serves in the place of a program that is still to come.
#[derive(Debug, Args)]
struct Placeholder {
    /// A path that marks the process as its cloud's.
    mark: PathBuf,
    #[arg(long, env = "LISTEN_ADDRESS")]
    listen: SocketAddr,
    #[arg(long, env = "DRAIN_DELAY", default_value = "0ms", value_parser = parse_milliseconds)]
    drain_delay: Duration,
}

/// What the command line takes from its surroundings.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// This program.
    pub program: PathBuf,
    /// Where temporary folders go.
    pub temporary: PathBuf,
}

impl Surroundings {
    /// Those of this process.
    pub fn of_this_process() -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("failed to find this program")?;
        Ok(Self { program, temporary: std::env::temp_dir() })
    }
}

impl Arguments {
    /// Does what was asked for, and returns the exit code.
    pub fn run(self, surroundings: Surroundings) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Guard(Guard { folder }) => estate::guard(&folder).context("failed to clear away")?,
            Command::Placeholder(Placeholder { listen, drain_delay, .. }) => {
                in_tokio(tokio::runtime::Builder::new_current_thread(), placeholder::run(listen, drain_delay))?;
            }
            Command::Serve(serve) => {
                in_tokio(tokio::runtime::Builder::new_multi_thread(), serve.run(surroundings))?;
            }
            Command::Drive(drive) => {
                return in_tokio(tokio::runtime::Builder::new_multi_thread(), drive.run(surroundings));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Serve {
    async fn run(self, surroundings: Surroundings) -> anyhow::Result<()> {
        // Listened for before there is anything to clear away.
        let mut interrupt = signal(SignalKind::interrupt()).context("failed to listen for signals")?;
        let mut terminate = signal(SignalKind::terminate()).context("failed to listen for signals")?;
        let scenery = match &self.world {
            None => Scenery::default(),
            Some(file) => {
                let text =
                    std::fs::read_to_string(file).with_context(|| format!("failed to read {}", file.display()))?;
                Scenery::parse(&text).with_context(|| format!("{} is no scenery", file.display()))?
            }
        };
        let Surroundings { program, temporary } = surroundings;
        let options = ServerOptions {
            port: self.port,
            scale: self.scale,
            seed: self.seed,
            runtime: self.runtime,
            scenery,
            program,
            temporary,
        };
        let server = Server::start(options).await?;
        self.announce(&server);
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        eprintln!("rehearsal: stopping every task");
        tokio::select! {
            stopped = server.stop() => stopped,
            _ = interrupt.recv() => bail!("a second signal ended the cloud before its tasks had stopped"),
            _ = terminate.recv() => bail!("a second signal ended the cloud before its tasks had stopped"),
        }
    }

    fn announce(&self, server: &Server) {
        let environment = server.environment();
        if self.json {
            let line = json!({
                "origin": server.origin, "environment": environment, "public_urls": server.public_urls,
                "test_urls": server.test_urls,
            });
            println!("{line}");
            return;
        }
        for (name, value) in environment {
            println!("export {name}={value}");
        }
        for (service, url) in &server.public_urls {
            println!("# {service}: {url}");
        }
        for (service, url) in &server.test_urls {
            println!("# {service}, what is tried before users: {url}");
        }
    }
}

fn in_tokio<T>(
    mut builder: tokio::runtime::Builder,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    builder.enable_all().build().context("failed to start the runtime")?.block_on(work)
}

pub(crate) fn parse_scale(text: &str) -> Result<Scale, String> {
    text.parse().ok().and_then(Scale::new).ok_or_else(|| format!("{text:?} is not a number above 0"))
}

fn parse_milliseconds(text: &str) -> Result<Duration, String> {
    let digits = text.strip_suffix("ms").ok_or("is not a number of milliseconds, 500ms for one")?;
    digits.parse().map(Duration::from_millis).map_err(|error| error.to_string())
}
