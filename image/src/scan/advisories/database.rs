//! A RustSec advisory database on this machine, and its age.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use rustsec::Database;

/// A database with what is known about it.
#[derive(Debug)]
pub struct Snapshot {
    /// The advisories.
    pub database: Database,
    /// How many they are.
    pub advisories: usize,
    /// The time of the last commit, or of the newest advisory where there is no Git.
    pub date: Timestamp,
}

impl Snapshot {
    /// Opens the database in this folder, `None` when no folder is known. Every advisory must be
    /// understood: one that is skipped may be the one that matters.
    pub fn open(folder: Option<&Path>) -> anyhow::Result<Self> {
        let Some(folder) = folder else {
            bail!("there is no advisory database: give one with --advisory-db");
        };
        let database = Database::open(folder)
            .map_err(|error| anyhow::anyhow!("{}", whole(&error)))
            .with_context(|| format!("cannot read the advisory database in {}", folder.display()))?;
        let advisories = database.iter().count();
        if advisories == 0 {
            bail!("the advisory database in {} is empty", folder.display());
        }
        // The date of a folder above, the repository that a database lies in, says nothing.
        let date = if folder.join(".git").exists() { last_commit(folder)? } else { newest_advisory(&database)? };
        Ok(Self { database, advisories, date })
    }
}

/// The error with its causes, which its own text leaves out.
fn whole(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {}", whole(cause)),
        None => error.to_string(),
    }
}

fn last_commit(folder: &Path) -> anyhow::Result<Timestamp> {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(["log", "-1", "--format=%ct"])
        .output()
        .context("cannot run git to learn the advisory database's age")?;
    if !output.status.success() {
        bail!(
            "git cannot tell the age of the advisory database in {}: {}",
            folder.display(),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let seconds = String::from_utf8_lossy(&output.stdout).trim().parse()?;
    Ok(Timestamp::from_second(seconds)?)
}

fn newest_advisory(database: &Database) -> anyhow::Result<Timestamp> {
    let newest =
        database.iter().map(|advisory| advisory.date().as_str()).max().context("the advisory database is empty")?;
    let date: Date = newest.parse()?;
    Ok(date.to_zoned(TimeZone::UTC)?.timestamp())
}
