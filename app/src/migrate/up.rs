//! `migrate up`.

use std::time::{Duration, Instant};

use anyhow::Context;
use sqlx::migrate::{Migrate, MigrateError, Migration};
use tokio::time::sleep;

use super::index::{self, Leftover};
use super::session::Session;
use super::{MIGRATOR, TABLE, applied, plan};

/// How often a migration that could not have its lock in time is tried. Each try gives up after its
/// `lock_timeout`, so that the queries queued up behind it get on.
const LOCK_TRIES: u32 = 10;

/// Applies what is not applied yet, up to `to`.
pub(super) async fn run(session: &mut Session, to: Option<i64>, say: &mut dyn FnMut(String)) -> anyhow::Result<()> {
    let applied = applied(session).await?;
    let known: Vec<_> = MIGRATOR.iter().cloned().collect();
    let pending = plan::up(&known, &applied, to)?;
    if pending.is_empty() {
        say("nothing to apply".to_owned());
    }
    for migration in pending {
        let name = format!("{:04} {}", migration.version, migration.description);
        let started = Instant::now();
        apply(session, migration, say).await.with_context(|| format!("failed to apply {name}"))?;
        say(format!("applied {name} in {:?}", started.elapsed()));
    }
    Ok(())
}

async fn apply(session: &mut Session, migration: &Migration, say: &mut dyn FnMut(String)) -> anyhow::Result<()> {
    session.set_limits(!migration.no_tx).await?;
    for _ in 1..LOCK_TRIES {
        match attempt(session, migration, say).await {
            Err(error) if is_lock_timeout(&error) => {
                say(format!("{:04} waits for a lock; trying again", migration.version));
                sleep(Duration::from_secs(1)).await;
            }
            result => return Ok(result?),
        }
    }
    Ok(attempt(session, migration, say).await?)
}

async fn attempt(
    session: &mut Session,
    migration: &Migration,
    say: &mut dyn FnMut(String),
) -> Result<(), MigrateError> {
    if migration.no_tx {
        match index::recover(session, migration.sql.as_str()).await? {
            Leftover::None => {}
            Leftover::Removed => {
                say(format!("{:04} was cut off by an earlier run; building its index again", migration.version));
            }
            Leftover::Complete => {
                say(format!("{:04} was completed by an earlier run; noting that", migration.version));
                return session.skip(TABLE, migration).await;
            }
        }
    }
    session.apply(TABLE, migration).await.map(drop)
}

fn is_lock_timeout(error: &MigrateError) -> bool {
    let (MigrateError::ExecuteMigration(error, _) | MigrateError::Execute(error)) = error else {
        return false;
    };
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.as_deref() == Some("55P03")
}
