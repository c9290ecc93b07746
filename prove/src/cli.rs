//! The commands of the `prove` program. The environment is read here and nowhere else.

use std::path::Path;
use std::str::FromStr as _;

use anyhow::Context as _;
use clap::{Parser, ValueEnum};
use schema::Folder;
use schema::cli::{Base, Place, short};
use schema::exit::Exit;
use schema::git::{self, Merged};
use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

use crate::load::Asked;
use crate::release::Release;
use crate::verdict::{self, Verdict};
use crate::{load, queries, rolling, round_trip, settings};

/// New migrations, proved on the server in `DATABASE_URL` against the release before them.
#[derive(Debug, Parser)]
#[command(name = "prove", version)]
pub struct Cli {
    /// What is proved [default: all of it]
    #[arg(value_enum, value_name = "PART")]
    parts: Vec<Part>,

    /// So many rows are in each table that a migration touches under load
    #[arg(long, default_value_t = 1_000_000, value_name = "COUNT")]
    rows: u64,

    #[command(flatten)]
    base: Base,

    #[command(flatten)]
    place: Place,
}

/// A part of the proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// What the previous release asks of the database, on the new schema
    Queries,
    /// Each new migration up, down and up again, with rows in every table
    RoundTrip,
    /// The previous release's own program on the new schema, alone, beside the new one, and alone again
    Rolling,
    /// Each new migration on big tables, while others read and write
    Load,
}

impl Cli {
    /// Runs the parts.
    pub fn run(self) -> anyhow::Result<Exit> {
        let Some(merged) = self.base.merged(&self.place.root) else { return Ok(Exit::CouldNotTell) };
        if let Some(commit) = &merged.commit
            && git::changed(&self.place.root, commit)?.is_empty()
        {
            println!("prove: skipped: no migration and no query has changed since {}", short(commit));
            return Ok(Exit::Done);
        }
        let url = std::env::var("DATABASE_URL").context("DATABASE_URL names no server to prove them on")?;
        // The error of a URL quotes it, with its password.
        let server =
            PgConnectOptions::from_str(&url).map_err(|_| anyhow::anyhow!("DATABASE_URL is no URL of a PostgreSQL"))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.prove(&merged, &server))
    }

    async fn prove(&self, merged: &Merged, server: &PgConnectOptions) -> anyhow::Result<Exit> {
        if let Err(error) = server.connect().await {
            eprintln!("could not tell: the server in DATABASE_URL does not answer: {error}");
            return Ok(Exit::CouldNotTell);
        }
        let root = &self.place.root;
        let asked = Asked { rows: self.rows, longest_stall: settings::longest_stall(root)? };
        let scene = Scene { root, merged, server, asked, folder: Folder::read(&self.place.migrations())? };
        let release = Release::read(scene.root, merged)?;
        if release.is_none() {
            println!("prove: there is no release before this one to prove against");
        }
        let mut verdicts = Vec::new();
        for part in Part::value_variants().iter().filter(|part| self.parts.is_empty() || self.parts.contains(part)) {
            let of_part = scene.part(*part, release.as_ref()).await?;
            of_part.iter().for_each(Verdict::tell);
            verdicts.extend(of_part);
        }
        Ok(verdict::worst(&verdicts))
    }
}

/// What all parts look at.
struct Scene<'a> {
    root: &'a Path,
    merged: &'a Merged,
    server: &'a PgConnectOptions,
    asked: Asked,
    /// The migrations of the work tree.
    folder: Folder,
}

impl Scene<'_> {
    async fn part(&self, part: Part, release: Option<&Release>) -> anyhow::Result<Vec<Verdict>> {
        match (part, release) {
            (Part::RoundTrip, _) => self.round_trip().await,
            (Part::Queries, Some(release)) => Ok(vec![queries::prove(release, &self.folder, self.server).await?]),
            (Part::Rolling, Some(release)) => Ok(vec![rolling::prove(self.root, release, self.server).await?]),
            (Part::Load, Some(release)) => {
                load::prove(&self.folder, &release.migrations, self.server, self.asked).await
            }
            (Part::Queries | Part::Rolling | Part::Load, None) => Ok(Vec::new()),
        }
    }

    async fn round_trip(&self) -> anyhow::Result<Vec<Verdict>> {
        let merged = self.merged.folder.clone().unwrap_or_default();
        let proofs = round_trip::prove(&self.folder, &merged, self.server).await?;
        if proofs.is_empty() {
            println!("round trip: no migration is new");
        }
        Ok(proofs.into_iter().map(Verdict::from).collect())
    }
}
