//! What to apply and what to undo: pure functions of what is known and what is applied.

use std::collections::BTreeMap;

use sqlx::migrate::Migration;
use thiserror::Error;

use super::Loss;

/// A version that the database has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The version.
    pub version: i64,
    /// The checksum of the file that was applied.
    pub checksum: Vec<u8>,
}

/// Why nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The file is not the one that was applied.
    #[error(
        "{version:04} ({description}) was changed after it was applied; restore the file and write \
        a new migration"
    )]
    Changed {
        /// The version.
        version: i64,
        /// Its name.
        description: String,
    },
    /// A version that is lower than one that is applied already.
    #[error(
        "{version:04} ({description}) comes before {newest:04}, which is applied already; give it a \
        higher number"
    )]
    OutOfOrder {
        /// The version.
        version: i64,
        /// Its name.
        description: String,
        /// The highest version that is applied.
        newest: i64,
    },
    /// A version that is applied, but of which this binary, though it knows later ones, knows
    /// nothing.
    #[error("{version:04} is applied, but this release does not have it, though it has later ones")]
    Unknown {
        /// The version.
        version: i64,
    },
    /// A version that cannot be undone.
    #[error("{version:04} ({description}) has no down file, so it cannot be undone")]
    NoWayBack {
        /// The version.
        version: i64,
        /// Its name.
        description: String,
    },
    /// A version to go to that does not exist.
    #[error("there is no version {version}; `migrate status` lists those there are")]
    NoSuchVersion {
        /// The version.
        version: i64,
    },
    /// A version that only a later release knows how to undo.
    #[error("{version:04} was applied by a later release; only that release can undo it")]
    Later {
        /// The version.
        version: i64,
    },
    /// Something that would be gone for good.
    #[error(
        "undoing {version:04} ({description}) would discard {}; keep it first, or say that it may go: {}",
        joined(.losses, ", ", ToString::to_string),
        joined(.losses, " ", |loss| format!("--discard {}", loss.what()))
    )]
    Discards {
        /// The version.
        version: i64,
        /// Its name.
        description: String,
        /// What.
        losses: Vec<Loss>,
    },
}

fn joined(losses: &[Loss], between: &str, words: impl Fn(&Loss) -> String) -> String {
    losses.iter().map(words).collect::<Vec<_>>().join(between)
}

/// What `up` would apply, in order. Versions of a later release are left alone.
pub(super) fn up<'m>(
    known: &'m [Migration],
    applied: &[Applied],
    to: Option<i64>,
) -> Result<Vec<&'m Migration>, Refusal> {
    check(known, applied)?;
    check_target(known, to)?;
    let newest = applied.iter().map(|applied| applied.version).max();
    let mut pending = Vec::new();
    for migration in ups(known) {
        let version = migration.version;
        if applied.iter().any(|applied| applied.version == version) {
            continue;
        }
        if let Some(newest) = newest.filter(|newest| version < *newest) {
            return Err(Refusal::OutOfOrder { version, description: migration.description.to_string(), newest });
        }
        if to.is_none_or(|to| version <= to) {
            pending.push(migration);
        }
    }
    Ok(pending)
}

/// What `down` would undo, last first: everything after `to`, or the last version.
pub(super) fn down<'m>(
    known: &'m [Migration],
    applied: &[Applied],
    to: Option<i64>,
) -> Result<Vec<&'m Migration>, Refusal> {
    check(known, applied)?;
    check_target(known, to.filter(|to| *to != 0))?;
    let mut versions: Vec<_> = applied.iter().map(|applied| applied.version).collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    match to {
        Some(to) => versions.retain(|version| *version > to),
        None => versions.truncate(1),
    }
    let names: BTreeMap<_, _> = ups(known).map(|m| (m.version, &m.description)).collect();
    let undo = |version: i64| {
        let Some(description) = names.get(&version) else {
            return Err(Refusal::Later { version });
        };
        let mut downs = known.iter().filter(|migration| migration.migration_type.is_down_migration());
        downs
            .find(|migration| migration.version == version)
            .ok_or_else(|| Refusal::NoWayBack { version, description: description.to_string() })
    };
    versions.into_iter().map(undo).collect()
}

fn ups(known: &[Migration]) -> impl Iterator<Item = &Migration> {
    known.iter().filter(|migration| migration.migration_type.is_up_migration())
}

fn check(known: &[Migration], applied: &[Applied]) -> Result<(), Refusal> {
    let newest_known = ups(known).map(|migration| migration.version).max();
    for Applied { version, checksum } in applied {
        let version = *version;
        match ups(known).find(|migration| migration.version == version) {
            Some(migration) if *migration.checksum != **checksum => {
                return Err(Refusal::Changed { version, description: migration.description.to_string() });
            }
            None if newest_known.is_some_and(|newest| version < newest) => {
                return Err(Refusal::Unknown { version });
            }
            Some(_) | None => {}
        }
    }
    Ok(())
}

fn check_target(known: &[Migration], to: Option<i64>) -> Result<(), Refusal> {
    match to {
        Some(version) if !ups(known).any(|migration| migration.version == version) => {
            Err(Refusal::NoSuchVersion { version })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
