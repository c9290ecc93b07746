//! The background task that looks after the database, so that `/ready` answers from memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::RngExt;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};

use crate::state::App;

/// How long the database has to answer.
const LIMIT: Duration = Duration::from_secs(1);

/// Pause between two looks while all is well.
const PERIOD: Duration = Duration::from_secs(2);

/// Pause after a look that failed, with up to as much again at random: when a database comes back,
/// its whole fleet should not call in the same instant.
const RETRY: Duration = Duration::from_millis(400);

/// Looks after the database until the task is aborted.
///
/// On a connection of its own, because a pool that is exhausted is not a database that is away.
pub async fn run(app: Arc<App>, options: PgConnectOptions) {
    let mut connection = None;
    loop {
        let looked = tokio::time::timeout(LIMIT, look(&mut connection, &options)).await;
        let now = Instant::now();
        let reachability = app.database.reachability();
        let was_down = reachability.is_down();
        let failure = match looked {
            Ok(Ok(version)) => {
                reachability.probe_succeeded();
                app.readiness.saw_schema(version, now);
                if was_down {
                    tracing::info!("the database is back");
                }
                None
            }
            // The error may name hosts: it is for the log, not for whoever asks `/ready`.
            Ok(Err(error)) => Some(("cannot be reached", error.to_string())),
            Err(_) => Some(("no answer within a second", format!("no answer within {LIMIT:?}"))),
        };
        let pause = if let Some((reason, error)) = failure {
            connection = None;
            reachability.probe_failed(now);
            app.readiness.saw_failure(reason, now);
            if !was_down && reachability.is_down() {
                tracing::warn!(error, "the database is away; cached links are still followed");
            }
            RETRY + RETRY.mul_f64(rand::rng().random_range(0.0..1.0))
        } else {
            PERIOD
        };
        tokio::time::sleep(pause).await;
    }
}

/// The version of the schema.
async fn look(connection: &mut Option<PgConnection>, options: &PgConnectOptions) -> Result<i64, sqlx::Error> {
    // Taken out, so that a connection whose answer did not come in time is not used again.
    let mut open = match connection.take() {
        Some(open) => open,
        None => options.connect().await?,
    };
    let version = crate::migrate::applied_version(&mut open).await;
    match version {
        Ok(version) => {
            *connection = Some(open);
            Ok(version)
        }
        Err(error) => {
            let _ = open.close_hard().await;
            Err(error)
        }
    }
}
