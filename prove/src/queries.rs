//! The queries of the previous release on the new schema: described, and run with values that worked on
//! its own.
//!
//! A description shows what is gone and what is of another type; a NOT NULL, a CHECK or a trigger shows
//! only when a statement is run. So each is run on the schema of the release, in a transaction that is
//! rolled back, with values that its tables hold and with fresh ones; those with which it succeeds have
//! to succeed on the new schema too.

mod candidates;
mod description;
mod metadata;
mod play;

pub use metadata::Query;

use schema::cli::short;
use schema::{Direction, Folder, Migration};
use sqlx::postgres::PgConnectOptions;

use crate::database::{Database, said};
use crate::release::Release;
use crate::seed;
use crate::verdict::Verdict;
use description::{Difference, Shape};
use play::Played;

/// In an up file: what may no longer be written, and why no release that serves writes it.
const NARROWS: &str = "-- narrows:";
/// In an up file: what may be read now that could not, and why nobody writes it while the release serves.
const WIDENS: &str = "-- widens:";
/// In an up file too, where `check` asks for the reason.
const MAY_BE_NULL: &str = "-- allow ban-drop-not-null:";

/// Proves that the schema of `folder` does for the queries of the release.
pub async fn prove(release: &Release, folder: &Folder, server: &PgConnectOptions) -> anyhow::Result<Verdict> {
    let what = format!("queries of {} on the new schema", short(&release.commit));
    let mut verdict = Verdict { what, ..Verdict::default() };
    let new = release.new_migrations(folder);
    let mut database = Database::make(server).await?;
    let proved = on(&mut database, release, &new, server, &mut verdict).await;
    database.remove().await?;
    proved?;
    Ok(verdict)
}

async fn on(
    database: &mut Database,
    release: &Release,
    new: &[Migration<'_>],
    server: &PgConnectOptions,
    verdict: &mut Verdict,
) -> anyhow::Result<()> {
    if let Err(why) = migrate(database, &release.migrations.migrations()).await {
        verdict.untold.push(format!("the schema of the release cannot be made: {why}"));
        return Ok(());
    }
    for seed::Barren { table, why } in seed::fill_plainly(&mut database.connection).await? {
        verdict.untold.push(format!("no row could be made for {table}: {why}"));
    }
    let mut before = Vec::new();
    // A connection remembers the types that it has met, so each schema is described by one of its own.
    let mut describing = database.connect().await?;
    for query in &release.queries {
        before.push(description::read(&mut describing, query).await);
    }
    // A connection of the service that is there before the migrations and after them.
    let mut open = database.connect().await?;
    let played = play::on_the_old_schema(&mut open, &release.queries).await?;
    let count = |played: &Played| played.tries.len();
    verdict.tried = format!("{} queries, run {} times", played.len(), played.iter().map(count).sum::<usize>());
    let idle: Vec<_> = played.iter().filter(|played| played.tries.is_empty()).map(|played| &played.query).collect();
    if !idle.is_empty() {
        let names: Vec<_> = idle.iter().map(ToString::to_string).collect();
        verdict.tried = format!("{}; described and not run, no value works: {}", verdict.tried, names.join(", "));
    }

    let findings = match migrate(database, new).await {
        Ok(()) => {
            let mut findings = play::on_what_was_open(&mut open, &played).await?;
            findings.extend(play::on_the_new_schema(&mut open, &played).await?);
            described(&mut database.connect().await?, release, &before, new, verdict).await;
            findings
        }
        Err(why) => {
            verdict.wrong.push(format!("{why}, with rows in the tables such as the release may have written"));
            drop(open);
            let mut empty = Database::make(server).await?;
            let findings = on_an_empty_one(&mut empty, release, new, &before, &played, verdict).await;
            empty.remove().await?;
            findings?
        }
    };
    let says_so = says(new, NARROWS);
    for finding in findings {
        let is_known = says_so && finding.is_about_values && finding.works < finding.of && finding.works > 0;
        if is_known { &mut verdict.known } else { &mut verdict.wrong }.push(finding.to_string());
    }
    Ok(())
}

/// The same where the new migrations fail on rows: behind them, with rows of the new schema.
async fn on_an_empty_one(
    database: &mut Database,
    release: &Release,
    new: &[Migration<'_>],
    before: &[Result<Shape, String>],
    played: &[Played],
    verdict: &mut Verdict,
) -> anyhow::Result<Vec<play::Finding>> {
    let all = [&release.migrations.migrations()[..], new].concat();
    if let Err(why) = migrate(database, &all).await {
        verdict.wrong.push(format!("{why}, without any row"));
        return Ok(Vec::new());
    }
    seed::fill_plainly(&mut database.connection).await?;
    described(&mut database.connect().await?, release, before, new, verdict).await;
    let mut connection = database.connect().await?;
    play::on_the_new_schema(&mut connection, played).await
}

/// What the new schema makes of each query that it describes.
async fn described(
    connection: &mut sqlx::PgConnection,
    release: &Release,
    before: &[Result<Shape, String>],
    new: &[Migration<'_>],
    verdict: &mut Verdict,
) {
    let (widens, may_be_null) = (says(new, WIDENS), says(new, MAY_BE_NULL));
    for (query, before) in release.queries.iter().zip(before) {
        let after = description::read(connection, query).await;
        match (before, after) {
            (Err(why), _) => verdict.untold.push(format!("{query} is wrong on the schema of the release: {why}")),
            (Ok(_), Err(why)) => verdict.wrong.push(format!("{query}: every use of it fails: {why}")),
            (Ok(before), Ok(after)) => {
                for difference in description::differences(&query.shape, before, &after) {
                    let (what, is_known) = match difference {
                        Difference::Breaks(what) => (what, false),
                        Difference::MayBeNull(what) => (what, widens || may_be_null),
                        Difference::MayBeAnother(what) => (what, widens),
                    };
                    if is_known { &mut verdict.known } else { &mut verdict.wrong }.push(format!("{query}: {what}"));
                }
            }
        }
    }
}

/// Whether the author of any of them has left this mark.
fn says(new: &[Migration<'_>], mark: &str) -> bool {
    new.iter().any(|migration| migration.up.is_some_and(|up| up.contains(mark)))
}

async fn migrate(database: &mut Database, migrations: &[Migration<'_>]) -> Result<(), String> {
    for migration in migrations {
        let file = migration.file(Direction::Up);
        let Some(up) = migration.up else { return Err(format!("{file} is missing")) };
        database.run(up).await.map_err(|error| format!("{file} fails: {}", said(&error)))?;
    }
    Ok(())
}
