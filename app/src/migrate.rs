//! `migrate`: brings the schema up or down, on a connection and under a lock of its own.
//!
//! It uses sqlx's table of applied versions and its way of running a file, and does the rest itself,
//! because sqlx's own loop waits for its lock without a limit, keeps it when a migration fails,
//! deadlocks with a second migrator on a concurrent index, and applies versions in any order.
//!
//! **Invariant**: whatever interrupts a run, the next run finishes what it began.

mod arguments;
mod down;
mod index;
mod loss;
mod plan;
mod session;
mod status;
mod up;

use sqlx::migrate::{Migrate, Migrator};
use sqlx::postgres::{PgConnectOptions, PgConnection};

pub use self::arguments::{Arguments, Command};
pub use self::loss::Loss;
pub use self::plan::{Applied, Refusal};

/// The migrations, compiled in.
pub static MIGRATOR: Migrator = sqlx::migrate!("../migrations");

/// sqlx's table of applied versions.
const TABLE: &str = "_sqlx_migrations";

/// What the first lines of a migration say when no release needs it: it only takes away what the
/// release before has stopped using.
const CONTRACT_MARK: &str = "-- contract:";

/// The schema version that this release needs: that of its last migration which is no contract step.
///
/// A contract step may be applied later, and its column may be missed by nobody, so waiting for it
/// would be wrong. A newer schema is fine: the next release expands before it is rolled out.
#[must_use]
pub fn needed_version() -> i64 {
    MIGRATOR
        .iter()
        .filter(|migration| migration.migration_type.is_up_migration())
        .filter(|migration| !migration.sql.as_str().contains(CONTRACT_MARK))
        .map(|migration| migration.version)
        .max()
        .unwrap_or(0)
}

/// The version that the database has; 0 when it has never been migrated.
pub async fn applied_version(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    let is_there = sqlx::query_scalar!(r#"SELECT to_regclass($1) IS NOT NULL AS "is_there!""#, TABLE)
        .fetch_one(&mut *connection)
        .await?;
    if !is_there {
        return Ok(0);
    }
    // Not checked at compile time: the table is sqlx's, not of our migrations.
    sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations WHERE success")
        .fetch_one(connection)
        .await
}

/// Runs the process: one command, then done.
pub fn run_process(arguments: &Arguments, options: PgConnectOptions) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let lines = runtime.block_on(run(arguments, options, &mut |line| println!("{line}")));
    runtime.shutdown_background();
    lines
}

/// Runs one command, telling `say` what it does.
pub async fn run(arguments: &Arguments, options: PgConnectOptions, say: &mut dyn FnMut(String)) -> anyhow::Result<()> {
    let mut session = session::open(options, arguments.connect_limit()).await?;
    let result = match &arguments.command {
        Command::Status => status::run(&mut session, say).await,
        Command::Up { to } => {
            session.lock(arguments.lock_limit(), say).await?;
            up::run(&mut session, *to, say).await
        }
        Command::Down { to, discard } => {
            session.lock(arguments.lock_limit(), say).await?;
            down::run(&mut session, *to, discard, say).await
        }
    };
    // Ends the session and with it the lock, also when the command failed.
    session.close().await;
    result
}

/// The versions that the database has, with their checksums.
async fn applied(connection: &mut PgConnection) -> anyhow::Result<Vec<Applied>> {
    connection.ensure_migrations_table(TABLE).await?;
    let applied = connection.list_applied_migrations(TABLE).await?;
    Ok(applied
        .into_iter()
        .map(|applied| Applied { version: applied.version, checksum: applied.checksum.into_owned() })
        .collect())
}
