//! `migrate down`, for development: a rollback in production leaves the schema as it is.

use anyhow::Context;
use sqlx::Connection;
use sqlx::migrate::{Migrate, Migration};

use super::loss::{self, Loss};
use super::session::Session;
use super::{MIGRATOR, Refusal, TABLE, applied, plan};

/// Undoes the last version, or all after `to`, when nothing is discarded by it but what `discard` names.
pub(super) async fn run(
    session: &mut Session,
    to: Option<i64>,
    discard: &[String],
    say: &mut dyn FnMut(String),
) -> anyhow::Result<()> {
    let applied = applied(session).await?;
    let known: Vec<_> = MIGRATOR.iter().cloned().collect();
    // Refused before anything is undone: half way back is no place to be.
    let steps = plan::down(&known, &applied, to)?;
    if steps.is_empty() {
        say("nothing to undo".to_owned());
    }
    rehearse(session, &steps, discard).await?;
    for migration in steps {
        let name = name(migration);
        session.set_limits(!migration.no_tx).await?;
        undo(session, migration, discard, say).await.with_context(|| format!("failed to undo {name}"))?;
        say(format!("undid {name}"));
    }
    Ok(())
}

/// Undoes all of it in a transaction that comes to nothing, for what would be discarded.
///
/// A step that runs outside of a transaction is left out, and what needs it to have happened ends the look
/// ahead: then each step is refused when its turn comes.
async fn rehearse(session: &mut Session, steps: &[&Migration], discard: &[String]) -> anyhow::Result<()> {
    session.set_limits(true).await?;
    let mut transaction = session.begin().await?;
    let mut refusals = Vec::new();
    let mut is_whole = true;
    for migration in steps {
        if migration.no_tx {
            is_whole = false;
            continue;
        }
        match loss::undo(&mut transaction, migration).await {
            Ok(lost) => refusals.extend(refusal(migration, lost, discard)),
            Err(_) if !is_whole => break,
            Err(error) => return Err(error).with_context(|| format!("failed to undo {}", name(migration))),
        }
    }
    transaction.rollback().await?;
    refused(refusals)
}

async fn undo(
    session: &mut Session,
    migration: &Migration,
    discard: &[String],
    say: &mut dyn FnMut(String),
) -> anyhow::Result<()> {
    if migration.no_tx {
        session.revert(TABLE, migration).await?;
        return Ok(());
    }
    let mut transaction = session.begin().await?;
    let lost = loss::undo(&mut transaction, migration).await?;
    // Rows may have come since it was rehearsed.
    refused(refusal(migration, lost.clone(), discard).into_iter().collect())?;
    transaction.commit().await?;
    for loss in lost {
        say(format!("discarded {loss}"));
    }
    Ok(())
}

fn refusal(migration: &Migration, lost: Vec<Loss>, discard: &[String]) -> Option<Refusal> {
    let losses: Vec<_> = lost.into_iter().filter(|loss| !is_told(&loss.what(), discard)).collect();
    let (version, description) = (migration.version, migration.description.to_string());
    (!losses.is_empty()).then_some(Refusal::Discards { version, description, losses })
}

/// Whether somebody said that this may go: it, or the table that it is of.
fn is_told(what: &str, discard: &[String]) -> bool {
    discard
        .iter()
        .any(|told| what == told || what.strip_prefix(told.as_str()).is_some_and(|rest| rest.starts_with('.')))
}

fn refused(refusals: Vec<Refusal>) -> anyhow::Result<()> {
    match <[Refusal; 1]>::try_from(refusals) {
        Ok([refusal]) => Err(refusal.into()),
        Err(none) if none.is_empty() => Ok(()),
        Err(several) => {
            let lines: Vec<_> = several.iter().map(ToString::to_string).collect();
            Err(anyhow::anyhow!("{}", lines.join("\n  and: ")))
        }
    }
}

fn name(migration: &Migration) -> String {
    format!("{:04} {}", migration.version, migration.description)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_may_go_may_go_with_its_columns() {
        for (what, told, expected) in [
            ("links", "links", true),
            ("links.url", "links.url", true),
            ("links.url", "links", true),
            ("links", "links.url", false),
            ("links.url_2", "links.url", false),
            ("links_2", "links", false),
            ("other.links.url", "other.links", true),
        ] {
            assert_eq!(is_told(what, &[told.to_owned()]), expected, "{what} {told}");
        }
    }
}
