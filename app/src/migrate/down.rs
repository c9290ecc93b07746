//! `migrate down`, for development: a rollback in production leaves the schema as it is.

use anyhow::Context;
use sqlx::migrate::Migrate;

use super::session::Session;
use super::{MIGRATOR, TABLE, applied, plan};

/// Undoes the last version, or all after `to`.
pub(super) async fn run(session: &mut Session, to: Option<i64>, say: &mut dyn FnMut(String)) -> anyhow::Result<()> {
    let applied = applied(session).await?;
    let known: Vec<_> = MIGRATOR.iter().cloned().collect();
    // Refused before anything is undone: half way back is no place to be.
    let steps = plan::down(&known, &applied, to)?;
    if steps.is_empty() {
        say("nothing to undo".to_owned());
    }
    for migration in steps {
        let name = format!("{:04} {}", migration.version, migration.description);
        session.set_limits(!migration.no_tx).await?;
        session.revert(TABLE, migration).await.with_context(|| format!("failed to undo {name}"))?;
        say(format!("undid {name}"));
    }
    Ok(())
}
