//! `migrate status`.

use sqlx::migrate::Migrate;

use super::session::Session;
use super::{MIGRATOR, TABLE, applied_version, needed_version};

/// Lists the versions that this release knows, and those that only the database knows. Changes
/// nothing: a database that was never migrated stays so.
pub(super) async fn run(session: &mut Session, say: &mut dyn FnMut(String)) -> anyhow::Result<()> {
    let newest = applied_version(session).await?;
    let applied = if newest == 0 { Vec::new() } else { session.list_applied_migrations(TABLE).await? };
    let is_applied = |version| applied.iter().any(|applied| applied.version == version);
    let mut known = Vec::new();
    for migration in MIGRATOR.iter() {
        if migration.migration_type.is_down_migration() {
            continue;
        }
        let state = if is_applied(migration.version) { "applied" } else { "pending" };
        say(format!("{:04}  {state}  {}", migration.version, migration.description));
        known.push(migration.version);
    }
    for migration in applied.iter().filter(|applied| !known.contains(&applied.version)) {
        say(format!("{:04}  applied  (of a later release)", migration.version));
    }
    say(format!("the schema is at {newest:04}; this release needs {:04} or later", needed_version()));
    Ok(())
}
