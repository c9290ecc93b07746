//! The way to the database: a pool that never keeps a request waiting for long.
//!
//! **Invariant**: [`Database::run`] answers within [`QUERY_LIMIT`], whether the server is stopped,
//! frozen or slow, and a connection whose query did not come to its end is never used again.

mod failure;
mod reachability;

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{Connection, pool::PoolConnection};

pub use self::failure::Unavailable;
pub use self::reachability::Reachability;

/// The longest that a query may take as seen from here, the wait for a connection included.
pub const QUERY_LIMIT: Duration = Duration::from_secs(2);

/// The longest that the server works on a statement. Shorter than [`QUERY_LIMIT`], so that of a slow
/// statement on a healthy server we hear the server's own word, and keep the connection.
const STATEMENT_TIMEOUT: &str = "1500ms";

/// The longest that a statement waits for somebody else's lock.
const LOCK_TIMEOUT: &str = "1s";

/// A connection that was idle for longer is asked whether it lives before it is given out.
const TRUSTED_IDLE: Duration = Duration::from_secs(10);

/// How long such a connection has to answer.
const PING_LIMIT: Duration = Duration::from_millis(500);

/// A future on a borrowed connection, as [`Database::run`] takes it.
pub type OnConnection<'c, T> = Pin<Box<dyn Future<Output = Result<T, sqlx::Error>> + Send + 'c>>;

/// The pool, and what is known about the server behind it.
#[derive(Debug, Clone)]
pub struct Database {
    pool: PgPool,
    reachability: Arc<Reachability>,
}

impl Database {
    /// A pool of up to `max_connections`, none of which is made yet.
    #[must_use]
    pub fn connect_lazily(options: &PgConnectOptions, max_connections: u32) -> Self {
        let reachability = Arc::new(Reachability::default());
        let judge = Arc::clone(&reachability);
        let pool = PgPoolOptions::new()
            .max_connections(max_connections)
            .acquire_timeout(QUERY_LIMIT)
            .idle_timeout(Duration::from_mins(10))
            .max_lifetime(Duration::from_mins(30))
            // `before_acquire` asks where asking pays; a round trip for every query would not.
            .test_before_acquire(false)
            .before_acquire(move |connection, metadata| {
                let judge = Arc::clone(&judge);
                Box::pin(async move {
                    if judge.is_suspect(metadata.age, Instant::now()) {
                        return Ok(false);
                    }
                    if metadata.idle_for < TRUSTED_IDLE {
                        return Ok(true);
                    }
                    let pong = tokio::time::timeout(PING_LIMIT, connection.ping()).await;
                    Ok(matches!(pong, Ok(Ok(()))))
                })
            })
            .connect_lazy_with(with_limits(options.clone()));
        Self { pool, reachability }
    }

    /// Runs `query` on a connection of the pool.
    ///
    /// # Errors
    ///
    /// [`Unavailable::Away`] when the server cannot be reached, was not heard of within
    /// [`QUERY_LIMIT`], or asked us to come back; [`Unavailable::Query`] for everything else.
    pub async fn run<T>(
        &self,
        query: impl for<'c> FnOnce(&'c mut PgConnection) -> OnConnection<'c, T>,
    ) -> Result<T, Unavailable> {
        if self.reachability.is_down() {
            return Err(Unavailable::known());
        }
        let attempt = async {
            let mut lease = Lease(Some(self.pool.acquire().await?));
            let result = query(lease.connection()).await;
            if !matches!(&result, Err(error) if failure::is_broken(error)) {
                lease.settle();
            }
            result
        };
        match tokio::time::timeout(QUERY_LIMIT, attempt).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                if failure::is_broken(&error) {
                    self.reachability.suspect_all(Instant::now());
                }
                Err(Unavailable::from_error(error))
            }
            Err(_) => {
                self.reachability.suspect_all(Instant::now());
                Err(Unavailable::silent())
            }
        }
    }

    /// What the probe and the queries know about the server.
    #[must_use]
    pub fn reachability(&self) -> &Reachability {
        &self.reachability
    }

    /// Connections in use, idle, and the most that there may be.
    #[must_use]
    pub fn connections(&self) -> (u32, u32, u32) {
        let idle = u32::try_from(self.pool.num_idle()).unwrap_or(u32::MAX);
        let used = self.pool.size().saturating_sub(idle);
        (used, idle, self.pool.options().get_max_connections())
    }

    /// Closes every connection, waiting no longer than `limit` for those in use.
    pub async fn close(&self, limit: Duration) {
        let _ = tokio::time::timeout(limit, self.pool.close()).await;
    }
}

/// The same server, with the limits that a connection for requests has.
fn with_limits(options: PgConnectOptions) -> PgConnectOptions {
    options.application_name("app").options([
        ("statement_timeout", STATEMENT_TIMEOUT),
        ("lock_timeout", LOCK_TIMEOUT),
        ("idle_in_transaction_session_timeout", "5s"),
    ])
}

/// A connection on loan. Unless it is settled it is thrown away: returning one to the pool in the
/// middle of an answer would make the next user, or the pool's own ping, wait for bytes that a
/// frozen server may never send.
struct Lease(Option<PoolConnection<sqlx::Postgres>>);

impl Lease {
    fn connection(&mut self) -> &mut PgConnection {
        self.0.as_mut().expect("the connection leaves with the lease")
    }

    fn settle(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}
