//! How long anybody waits for a lock, asked of the server while a migration runs.

use std::time::Duration;

use sqlx::PgConnection;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How often it is asked.
const EVERY: Duration = Duration::from_millis(20);

/// Waits that go on, in seconds; since when is known from PostgreSQL 14 on.
const LONGEST: &str = "SELECT coalesce(max(extract(epoch FROM clock_timestamp() - l.waitstart)), 0)::float8
    FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
    WHERE NOT l.granted AND a.datname = current_database()";

/// Somebody who asks until told to stop.
pub(super) struct Locks {
    stop: watch::Sender<bool>,
    task: JoinHandle<anyhow::Result<Duration>>,
}

impl Locks {
    pub(super) async fn watch(database: &PgConnectOptions) -> anyhow::Result<Self> {
        let connection = database.connect().await?;
        let (stop, stopped) = watch::channel(false);
        Ok(Self { stop, task: tokio::spawn(ask(connection, stopped)) })
    }

    /// The longest wait that was seen.
    pub(super) async fn stop(self) -> anyhow::Result<Duration> {
        let _ = self.stop.send(true);
        self.task.await?
    }
}

async fn ask(mut connection: PgConnection, mut stopped: watch::Receiver<bool>) -> anyhow::Result<Duration> {
    let mut longest = Duration::ZERO;
    loop {
        let seconds: f64 = sqlx::query_scalar(LONGEST).fetch_one(&mut connection).await?;
        longest = longest.max(Duration::try_from_secs_f64(seconds).unwrap_or_default());
        if tokio::time::timeout(EVERY, stopped.changed()).await.is_ok() {
            connection.close().await?;
            return Ok(longest);
        }
    }
}
