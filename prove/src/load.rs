//! Each new migration on big tables while others read and write: how long it makes them wait.
//!
//! The figures of a quiet second before it are those of the machine; a machine that makes others wait by
//! itself can tell nothing.

mod bulk;
mod locks;
mod touched;
mod traffic;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use schema::{Direction, Folder, Migration};
use sqlx::error::DatabaseError;
use sqlx::postgres::PgConnectOptions;

use crate::database::{Database, said};
use crate::verdict::Verdict;
use locks::Locks;
use traffic::{Stall, Traffic};

/// What is asked of a migration under load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// So many rows are in each table that it touches.
    pub rows: u64,
    /// Nobody may wait for longer.
    pub longest_stall: Duration,
}

/// How long others are watched before a migration.
const QUIET: Duration = Duration::from_secs(1);

/// A migration that got no lock in time is tried again, as `migrate up` does, so often.
const ATTEMPTS: u32 = 10;

/// The codes of a lock that was not to be had, and of a statement that took too long (appendix A of
/// PostgreSQL's manual).
const NO_LOCK: &str = "55P03";
const CANCELED: &str = "57014";

/// Runs each migration that `folder` has and `merged` has not, behind all that come before it.
pub async fn prove(
    folder: &Folder,
    merged: &Folder,
    server: &PgConnectOptions,
    asked: Asked,
) -> anyhow::Result<Vec<Verdict>> {
    let mut database = Database::make(server).await?;
    let proved = on(&mut database, folder, merged, asked).await;
    database.remove().await?;
    proved
}

async fn on(database: &mut Database, folder: &Folder, merged: &Folder, asked: Asked) -> anyhow::Result<Vec<Verdict>> {
    let mut verdicts = Vec::new();
    let mut filled = BTreeSet::new();
    for migration in folder.migrations() {
        let file = migration.file(Direction::Up);
        let what = format!("under load: {file}");
        let Some(up) = migration.up else { return Ok(ended(verdicts, what, format!("{file} is missing"))) };
        if merged.files.contains_key(&file) {
            if let Err(error) = database.run(up).await {
                return Ok(ended(verdicts, what, format!("it fails without rows: {}", said(&error))));
            }
            continue;
        }
        let mut verdict = Verdict { what, ..Verdict::default() };
        let goes_on = one(database, &migration, up, &mut filled, asked, &mut verdict).await?;
        verdicts.push(verdict);
        if !goes_on {
            break;
        }
    }
    Ok(verdicts)
}

/// Where a migration fails, those behind it cannot be tried.
fn ended(mut verdicts: Vec<Verdict>, what: String, why: String) -> Vec<Verdict> {
    verdicts.push(Verdict::untold(what, why));
    verdicts
}

/// One migration; returns whether the schema is now as it wants it.
async fn one(
    database: &mut Database,
    migration: &Migration<'_>,
    up: &str,
    filled: &mut BTreeSet<String>,
    asked: Asked,
    verdict: &mut Verdict,
) -> anyhow::Result<bool> {
    let tables = touched::tables(&mut database.connection, up).await?;
    if tables.is_empty() {
        verdict.tried.push_str("it touches no table that was there");
    }
    for table in &tables {
        if !filled.insert(table.name.clone()) {
            continue;
        }
        if let Err(why) = bulk::fill(&mut database.connection, table, asked.rows).await {
            verdict.untold.push(format!("{} rows of {} could not be made: {}", asked.rows, table.name, said(&why)));
            return Ok(database.run(up).await.is_ok());
        }
    }
    let options = database.options();
    let quiet = Traffic::start(&options, &tables, asked.rows).await?;
    tokio::time::sleep(QUIET).await;
    let quiet = quiet.stop().await;

    let traffic = Traffic::start(&options, &tables, asked.rows).await?;
    let locks = Locks::watch(&options).await?;
    let since = Instant::now();
    let ran = run(database, up).await;
    let took = since.elapsed();
    let waited = locks.stop().await?;
    let stall = traffic.stop().await;

    if let Err((code, message)) = &ran {
        let file = migration.file(Direction::Up);
        match code.as_str() {
            CANCELED => verdict.wrong.push(format!("{file} does not end in its time: {message}")),
            NO_LOCK => verdict.wrong.push(format!("{file} got no lock in {ATTEMPTS} attempts: {message}")),
            _ => verdict.untold.push(format!("{file} fails on the rows that were made for it: {message}")),
        }
    }
    judge(asked.longest_stall, waited, &stall, &quiet, verdict);
    if !tables.is_empty() {
        let names: Vec<_> = tables.iter().map(|table| table.name.as_str()).collect();
        verdict.tried = format!(
            "{} rows in {}; {} ms; longest lock wait {} ms, longest stall {stall}, {} ms without it",
            asked.rows,
            names.join(", "),
            took.as_millis(),
            waited.as_millis(),
            quiet.longest.as_millis()
        );
    }
    Ok(ran.is_ok())
}

fn judge(limit: Duration, waited: Duration, stall: &Stall, quiet: &Stall, verdict: &mut Verdict) {
    if waited > limit {
        verdict.wrong.push(format!("others wait for a lock for {waited:.1?}, and may for {limit:?} ({stall})"));
    } else if stall.longest > limit && quiet.longest * 2 > limit {
        verdict.untold.push(format!("this machine is too busy: others stall for {:.1?} without it", quiet.longest));
    } else if stall.longest > limit {
        verdict.wrong.push(format!("others stall for {:.1?}, and may for {limit:?} ({stall})", stall.longest));
    }
}

/// Runs a file, again where a lock was not to be had; the code and the message of what went wrong.
async fn run(database: &mut Database, up: &str) -> Result<(), (String, String)> {
    let mut attempt = 1;
    loop {
        let Err(error) = database.run(up).await else { return Ok(()) };
        let code = error.as_database_error().and_then(DatabaseError::code).unwrap_or_default().into_owned();
        if code != NO_LOCK || attempt == ATTEMPTS {
            return Err((code, said(&error)));
        }
        attempt += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_makes_others_wait_is_refused_and_a_machine_that_does_so_by_itself_cannot_tell() {
        let ms = Duration::from_millis;
        for (waited, stall, quiet, wrong, untold) in [
            (0, 5, 5, 0, 0),
            (2000, 2000, 5, 0, 0),
            (2001, 2001, 5, 1, 0),
            (0, 2500, 5, 1, 0),
            (0, 2500, 1500, 0, 1),
            (2500, 2500, 1500, 1, 0),
        ] {
            let of = |longest| Stall { longest: ms(longest), who: "a reader of links".to_owned() };
            let mut verdict = Verdict::default();
            judge(ms(2000), ms(waited), &of(stall), &of(quiet), &mut verdict);
            assert_eq!((verdict.wrong.len(), verdict.untold.len()), (wrong, untold), "{waited} {stall} {quiet}");
        }
    }
}
