//! The connection of one run, and its lock.

use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::time::sleep;

/// Our half of the advisory lock's key; the other half is the database, since these locks are seen
/// by one database alone. The number says `migrate` in ASCII, without its vowels.
const LOCK_KEY: i64 = 0x6d_67_72_74;

/// Pause between two tries for the lock. Waiting inside PostgreSQL would be simpler, but a waiting
/// statement holds a snapshot, and CREATE INDEX CONCURRENTLY waits for snapshots: a deadlock.
const LOCK_POLL: Duration = Duration::from_millis(200);

/// Has the server look whether we are still there while it works for us. Without it, the session of
/// a process that was killed goes on, and holds the lock, for as long as its statement takes.
const CONNECTION_CHECK: (&str, &str) = ("client_connection_check_interval", "2s");

/// How long a statement waits for a lock when its file does not say. Requests queue up behind it meanwhile,
/// and fail when they have waited for a second.
const LOCK_TIMEOUT: &str = "500ms";

const CONNECT_POLL: Duration = Duration::from_millis(250);

/// A connection of its own, outside any pool: when it closes, its lock is gone for certain.
pub(super) struct Session(PgConnection);

/// Connects, trying again for as long as `limit` while the server cannot be reached.
pub(super) async fn open(options: PgConnectOptions, limit: Duration) -> anyhow::Result<Session> {
    let options = options.application_name("app migrate").options([CONNECTION_CHECK]);
    let shown = format!("{}:{}/{}", options.get_host(), options.get_port(), options.get_database().unwrap_or_default());
    let deadline = Instant::now() + limit;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let error = match tokio::time::timeout(left, options.connect()).await {
            Ok(Ok(connection)) => return Ok(Session(connection)),
            Ok(Err(error)) => error,
            Err(_) => bail!("failed to connect to {shown}: no answer within {limit:?}"),
        };
        let may_pass = is_unreachable(&error) || is_starting(&error);
        if !may_pass || Instant::now() + CONNECT_POLL >= deadline {
            return Err(error).with_context(|| format!("failed to connect to {shown}"));
        }
        sleep(CONNECT_POLL).await;
    }
}

/// A certificate that does not verify is an I/O error too, of the kind that bad data is: it will not
/// become better.
fn is_unreachable(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Io(error) if error.kind() != std::io::ErrorKind::InvalidData)
}

/// `cannot_connect_now` and `too_many_connections`: others, too, are just starting.
fn is_starting(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    matches!(code.as_deref(), Some("57P03" | "53300"))
}

impl Session {
    /// Waits, no longer than `limit`, until nobody else migrates this database.
    pub(super) async fn lock(&mut self, limit: Duration, say: &mut dyn FnMut(String)) -> anyhow::Result<()> {
        let deadline = Instant::now() + limit;
        let mut is_told = false;
        loop {
            let is_ours = sqlx::query_scalar!(r#"SELECT pg_try_advisory_lock($1) AS "is_ours!""#, LOCK_KEY)
                .fetch_one(&mut self.0)
                .await?;
            if is_ours {
                return Ok(());
            }
            if Instant::now() >= deadline {
                bail!(
                    "another run of migrate still holds the lock after {limit:?}; \
                    let it end, or raise --migrate-lock-limit"
                );
            }
            if !is_told {
                say(format!("waiting up to {limit:?} for another run of migrate to end"));
                is_told = true;
            }
            sleep(LOCK_POLL).await;
        }
    }

    /// Sets how long statements of the next migration may wait and run. Files may set their own with
    /// `SET LOCAL`; those without a transaction cannot, since they hold one statement: what they do
    /// is made not to block others, and takes as long as it takes.
    pub(super) async fn set_limits(&mut self, is_transaction: bool) -> anyhow::Result<()> {
        let (lock, statement) = if is_transaction { (LOCK_TIMEOUT, "10min") } else { ("0", "0") };
        sqlx::query!(
            "SELECT set_config('lock_timeout', $1, false) AS lock,
                set_config('statement_timeout', $2, false) AS statement",
            lock,
            statement,
        )
        .fetch_one(&mut self.0)
        .await?;
        Ok(())
    }

    /// Says goodbye, which ends the lock.
    pub(super) async fn close(self) {
        // The server ends the session anyhow when the socket closes.
        let _ = tokio::time::timeout(Duration::from_secs(2), self.0.close()).await;
    }
}

impl Deref for Session {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.0
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.0
    }
}
