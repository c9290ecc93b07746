//! Production's database as others see it: somebody whose transaction does not end, and what a migration
//! is doing.

use std::time::Duration;

use anyhow::Context as _;
use sqlx::postgres::{PgArguments, PgConnection, Postgres};
use sqlx::query::QueryScalar;
use sqlx::{Connection as _, Executor as _};
use tokio::time::{sleep, timeout};

/// How often the server is asked.
const LOOK: Duration = Duration::from_millis(100);
/// The session of a process that was killed ends within this.
const GONE: Duration = Duration::from_secs(30);

type Query<'q> = QueryScalar<'q, Postgres, bool, PgArguments>;

/// A transaction that has read the links and does not end, as a report's or a forgotten shell's: whoever
/// wants to change the table waits for it, and so does an index that is built beside the traffic.
pub(crate) struct OpenTransaction(PgConnection);

impl OpenTransaction {
    /// Begins it.
    pub(crate) async fn begin(url: &str) -> anyhow::Result<Self> {
        let mut connection = connect(url).await?;
        // One snapshot for all that it reads.
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
        connection.execute("SELECT count(*) FROM links").await.context("failed to read the links")?;
        Ok(Self(connection))
    }

    /// Ends it.
    pub(crate) async fn end(mut self) -> anyhow::Result<()> {
        self.0.execute("ROLLBACK").await?;
        self.0.close().await.context("failed to end a connection")
    }
}

/// Whether a migration waits for somebody's transaction to end.
pub(crate) async fn migration_waits(url: &str) -> anyhow::Result<bool> {
    let query = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
            AND application_name = 'app migrate' AND wait_event_type = 'Lock')",
    );
    one(url, query).await
}

/// Waits until the server has noticed that a migration which waited is there no more: its session looks
/// every two seconds whether anybody listens.
pub(crate) async fn migration_is_gone(url: &str) -> anyhow::Result<()> {
    let gone = async {
        while migration_waits(url).await? {
            sleep(LOOK).await;
        }
        anyhow::Ok(())
    };
    timeout(GONE, gone).await.context("the session of a migration that was killed does not end")?
}

/// Whether an index is there, and valid.
pub(crate) async fn has_index(url: &str, name: &str) -> anyhow::Result<bool> {
    let query =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass($1) AND indisvalid)");
    one(url, query.bind(name)).await
}

async fn one(url: &str, query: Query<'_>) -> anyhow::Result<bool> {
    let mut connection = connect(url).await?;
    let found = query.fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(found)
}

async fn connect(url: &str) -> anyhow::Result<PgConnection> {
    PgConnection::connect(url).await.context("failed to connect to production's database")
}
