//! The commands of the `prove` program. The environment is read here and nowhere else.

use std::str::FromStr as _;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use schema::Folder;
use schema::cli::{Base, Place};
use schema::exit::Exit;
use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

use crate::round_trip::{self, Proof};

/// New migrations, proved on the server in `DATABASE_URL`.
#[derive(Debug, Parser)]
#[command(name = "prove", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    RoundTrip(RoundTrip),
}

/// Each new migration up, down and up again, with rows in every table
#[derive(Debug, Args)]
struct RoundTrip {
    #[command(flatten)]
    base: Base,

    #[command(flatten)]
    place: Place,
}

impl Cli {
    /// Runs the command.
    pub fn run(self) -> anyhow::Result<Exit> {
        let Command::RoundTrip(command) = self.command;
        let url = std::env::var("DATABASE_URL").context("DATABASE_URL names no server to prove them on")?;
        // The error of a URL quotes it, with its password.
        let server =
            PgConnectOptions::from_str(&url).map_err(|_| anyhow::anyhow!("DATABASE_URL is no URL of a PostgreSQL"))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(command.run(&server))
    }
}

impl RoundTrip {
    async fn run(&self, server: &PgConnectOptions) -> anyhow::Result<Exit> {
        let folder = Folder::read(&self.place.migrations())?;
        let Some(merged) = self.base.merged(&self.place.root) else { return Ok(Exit::CouldNotTell) };
        if let Err(error) = server.connect().await {
            eprintln!("could not tell: the server in DATABASE_URL does not answer: {error}");
            return Ok(Exit::CouldNotTell);
        }
        let proofs = round_trip::prove(&folder, &merged.folder.unwrap_or_default(), server).await?;
        if proofs.is_empty() {
            println!("round trip: no migration is new");
        }
        for proof in &proofs {
            tell(proof);
        }
        Ok(if proofs.iter().any(|proof| !proof.wrong.is_empty()) {
            Exit::Refused
        } else if proofs.iter().any(|proof| !proof.untold.is_empty()) {
            Exit::CouldNotTell
        } else {
            Exit::Done
        })
    }
}

fn tell(proof: &Proof) {
    let lines =
        [("wrong", &proof.wrong), ("could not tell", &proof.untold), ("lost, as its author says", &proof.known)];
    let said = lines.iter().flat_map(|(what, lines)| lines.iter().map(move |line| format!("    {what}: {line}")));
    let verdict = match (proof.wrong.is_empty(), proof.untold.is_empty()) {
        (false, _) => "refused",
        (true, false) => "could not tell",
        (true, true) => "passed",
    };
    println!("round trip: {}: {verdict} ({} rows)", proof.file, proof.rows);
    said.for_each(|line| println!("{line}"));
}
