//! Up, down and up again, with rows in every table.

use schema::{Direction, Folder, Migration};
use sqlx::postgres::PgConnectOptions;

use crate::catalog::{Catalog, Difference};
use crate::database::{Database, said};
use crate::rows::Rows;
use crate::seed;
use crate::verdict::Verdict;

/// In a down file: what is lost by it, which its author knows.
const LOSES: &str = "-- loses:";
const CONTRACT: &str = "-- contract:";

/// What one migration's round trip has shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// The up file.
    pub file: String,
    /// What is wrong with it, or with its down file.
    pub wrong: Vec<String>,
    /// What could not be tried.
    pub untold: Vec<String>,
    /// What its author said would be lost, and is.
    pub known: Vec<String>,
    /// How many rows were there on the way.
    pub rows: usize,
}

impl From<Proof> for Verdict {
    fn from(Proof { file, wrong, untold, known, rows }: Proof) -> Self {
        Self { what: format!("round trip: {file}"), wrong, untold, known, tried: format!("{rows} rows") }
    }
}

/// Proves each migration that `folder` has and `merged` has not, each on a database of its own on the
/// server, with all that come before it.
pub async fn prove(folder: &Folder, merged: &Folder, server: &PgConnectOptions) -> anyhow::Result<Vec<Proof>> {
    let migrations = folder.migrations();
    let mut proofs = Vec::new();
    for (number, migration) in migrations.iter().enumerate() {
        if merged.files.contains_key(&migration.file(Direction::Up)) {
            continue;
        }
        let mut database = Database::make(server).await?;
        let proof = one(&migrations[..number], migration, &mut database).await;
        database.remove().await?;
        proofs.push(proof?);
    }
    Ok(proofs)
}

/// The state of a database.
struct State {
    catalog: Catalog,
    rows: Rows,
}

impl State {
    async fn read(database: &mut Database) -> anyhow::Result<Self> {
        let connection = &mut database.connection;
        Ok(Self { catalog: Catalog::read(connection).await?, rows: Rows::read(connection).await? })
    }
}

async fn one(before: &[Migration<'_>], migration: &Migration<'_>, database: &mut Database) -> anyhow::Result<Proof> {
    let mut proof = Proof { file: migration.file(Direction::Up), ..Proof::default() };
    let (Some(up), Some(down)) = (migration.up, migration.down) else {
        proof.untold.push("one of its two files is missing".to_owned());
        return Ok(proof);
    };
    for earlier in before {
        let file = earlier.file(Direction::Up);
        if let Err(error) = database.run(earlier.up.unwrap_or_default()).await {
            proof.untold.push(format!("{file}, which comes before it, fails: {}", said(&error)));
            return Ok(proof);
        }
    }
    fill(database, 0, &mut proof).await?;
    let first = State::read(database).await?;
    if let Err(error) = database.run(up).await {
        proof.wrong.push(format!("up fails on a schema with rows in it: {}", said(&error)));
        broken(database, &first, &mut proof).await?;
        return Ok(proof);
    }
    let second = State::read(database).await?;
    proof.wrong.extend(second.catalog.invalid_indexes().map(|index| format!("up leaves the index {index} invalid")));
    proof.wrong.extend(first.rows.gone_in(&second.rows).iter().map(|what| format!("up loses {what}")));

    fill(database, 1, &mut proof).await?;
    let filled = State::read(database).await?;
    proof.rows = filled.rows.count();
    if let Err(error) = database.run(down).await {
        proof.wrong.push(format!("down fails once the new shape has rows: {}", said(&error)));
        broken(database, &filled, &mut proof).await?;
        return Ok(proof);
    }
    let third = State::read(database).await?;
    let left = first.catalog.differences(&third.catalog);
    proof.wrong.extend(left.iter().map(|difference| left_behind(difference, "down")));
    let mut lost = first.rows.lost_in(&third.rows);
    lost.extend(filled.rows.gone_in(&third.rows));
    lost.sort();
    lost.dedup();
    if up.contains(CONTRACT) || down.contains(LOSES) {
        proof.known.extend(lost);
    } else {
        proof.wrong.extend(lost.into_iter().map(|what| format!("down loses {what}")));
    }

    if let Err(error) = database.run(up).await {
        proof.wrong.push(format!("up fails after down: {}", said(&error)));
        return Ok(proof);
    }
    let fourth = State::read(database).await?;
    let differing = second.catalog.differences(&fourth.catalog);
    proof.wrong.extend(differing.iter().map(|difference| left_behind(difference, "up, done again,")));
    Ok(proof)
}

async fn fill(database: &mut Database, round: usize, proof: &mut Proof) -> anyhow::Result<()> {
    for barren in seed::fill(&mut database.connection, round).await? {
        let seed::Barren { table, why } = barren;
        proof.untold.push(format!("no row could be made for {table}: {why}"));
    }
    Ok(())
}

/// What a file that failed has left.
async fn broken(database: &mut Database, before: &State, proof: &mut Proof) -> anyhow::Result<()> {
    let after = State::read(database).await?;
    let left = before.catalog.differences(&after.catalog);
    proof.wrong.extend(left.iter().map(|difference| left_behind(difference, "it, failing half way,")));
    Ok(())
}

fn left_behind(difference: &Difference, who: &str) -> String {
    match difference {
        Difference { object, before: None, after } => {
            format!("{who} leaves the {object} behind: {}", after.as_deref().unwrap_or_default())
        }
        Difference { object, before, after: None } => {
            format!("{who} does not bring the {object} back: {}", before.as_deref().unwrap_or_default())
        }
        Difference { object, before: Some(before), after: Some(after) } => {
            format!("{who} leaves the {object} as `{after}`, and it was `{before}`")
        }
    }
}
