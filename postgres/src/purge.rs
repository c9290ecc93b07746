//! Removing the databases that interrupted tests left on a server that outlives them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor as _};

/// What a test's database is called: this, its birth in seconds since 1970, `_`, and a random end.
pub(crate) const PREFIX: &str = "slipway_test_";

/// The age at which a database without connections is nobody's.
const ABANDONED: Duration = Duration::from_hours(1);

/// How long to go on: what is left is for the next time.
const LIMIT: Duration = Duration::from_secs(10);

/// Removes what is abandoned. A failure is said and is no reason to pass the server over.
pub(crate) async fn purge(connection: &mut PgConnection, now: SystemTime) {
    let outcome = tokio::time::timeout(LIMIT, remove_abandoned(connection, now)).await;
    match outcome {
        Ok(Ok(0)) => {}
        Ok(Ok(count)) => eprintln!("postgres: removed abandoned test databases: {count}"),
        Ok(Err(error)) => eprintln!("postgres: cannot look for abandoned test databases: {error}"),
        Err(_) => eprintln!("postgres: stopped removing abandoned test databases after {} s", LIMIT.as_secs()),
    }
}

async fn remove_abandoned(connection: &mut PgConnection, now: SystemTime) -> Result<usize, sqlx::Error> {
    let names: Vec<String> = sqlx::query_scalar(
        "select datname::text from pg_database d where starts_with(datname, $1) \
         and not exists (select from pg_stat_activity a where a.datname = d.datname)",
    )
    .bind(PREFIX)
    .fetch_all(&mut *connection)
    .await?;
    let mut removed = 0;
    for name in names.iter().filter(|name| is_abandoned(name, now)) {
        // Not WITH (FORCE): whoever has connected since then is using it. And another role's
        // database is not ours to remove; it stays.
        let statement = AssertSqlSafe(format!("drop database if exists \"{name}\""));
        removed += usize::from(connection.execute(statement).await.is_ok());
    }
    Ok(removed)
}

/// Whether a database is a test's that began long ago. Only letters, digits and underscores are
/// accepted, so that the name can stand in a statement.
fn is_abandoned(name: &str, now: SystemTime) -> bool {
    let Some((seconds, end)) = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_')) else {
        return false;
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !seconds.bytes().all(|byte| byte.is_ascii_digit()) || !end.chars().all(plain) {
        return false;
    }
    seconds
        .parse()
        .ok()
        .and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds)))
        .and_then(|birth| now.duration_since(birth).ok())
        .is_some_and(|age| age > ABANDONED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_tests_database_of_over_an_hour_is_abandoned() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000);
        let cases = [
            ("slipway_test_996399_a1b2", true),
            ("slipway_test_0_x", true),
            ("slipway_test_1_", true),
            ("slipway_test_996400_a1b2", false),
            ("slipway_test_999999_a1b2", false),
            ("slipway_test_1000001_from_the_future", false),
            ("slipway_test_99999999999999999999_x", false),
            ("slipway_test_+1_x", false),
            ("slipway_test_1", false),
            ("slipway_test__x", false),
            ("slipway_test_1_x\"; drop", false),
            ("slipway_tests_1_x", false),
            ("slipway", false),
            ("production", false),
        ];
        for (name, expected) in cases {
            assert_eq!(is_abandoned(name, now), expected, "{name}");
        }
    }
}
