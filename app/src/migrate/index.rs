//! Concurrent indexes that an interrupted run has left behind.
//!
//! CREATE INDEX CONCURRENTLY runs outside a transaction: when it is cut off, an index that is there
//! and not valid remains, and the file cannot run again. And between a build that succeeded and the
//! note that it did, a process can die.

use sqlx::AssertSqlSafe;
use sqlx::Executor;
use sqlx::postgres::PgConnection;

/// What is there of the index that a migration is about to build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leftover {
    /// Nothing: build it.
    None,
    /// It was built by a run that did not live to note it.
    Complete,
    /// The build was cut off, and what there was of it is removed now.
    Removed,
}

/// Looks for what an earlier run has left of the index that `sql` builds, and clears the way.
pub(super) async fn recover(connection: &mut PgConnection, sql: &str) -> Result<Leftover, sqlx::Error> {
    let Some(name) = concurrent_index(sql) else {
        return Ok(Leftover::None);
    };
    let is_valid = sqlx::query_scalar!("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)", name,)
        .fetch_optional(&mut *connection)
        .await?;
    match is_valid {
        None => Ok(Leftover::None),
        Some(true) => Ok(Leftover::Complete),
        Some(false) => {
            // The name is from a migration of our own, not from outside.
            let drop = AssertSqlSafe(format!("DROP INDEX CONCURRENTLY {name}"));
            connection.execute(drop).await?;
            Ok(Leftover::Removed)
        }
    }
}

/// The name of the index that a migration builds concurrently, if it is one that does.
fn concurrent_index(sql: &str) -> Option<&str> {
    let mut words = sql.lines().map(|line| line.split("--").next().unwrap_or_default()).flat_map(str::split_whitespace);
    let expect = |word: &str, expected: &[&str]| expected.iter().any(|other| word.eq_ignore_ascii_case(other));
    let mut next = words.next()?;
    if !expect(next, &["create"]) {
        return None;
    }
    next = words.next()?;
    if expect(next, &["unique"]) {
        next = words.next()?;
    }
    if !expect(next, &["index"]) || !expect(words.next()?, &["concurrently"]) {
        return None;
    }
    next = words.next()?;
    while expect(next, &["if", "not", "exists"]) {
        next = words.next()?;
    }
    // Without a name PostgreSQL makes one up, which nobody can find again.
    (!expect(next, &["on"])).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_concurrent_index_is_read_from_its_statement() {
        for (sql, expected) in [
            ("-- no-transaction\nCREATE INDEX CONCURRENTLY a ON t (c);", Some("a")),
            ("create unique index concurrently s.a on t (c)", Some("s.a")),
            ("CREATE INDEX CONCURRENTLY IF NOT EXISTS \"a\" ON t (c)", Some("\"a\"")),
            ("CREATE INDEX CONCURRENTLY ON t (c)", None),
            ("CREATE INDEX a ON t (c)", None),
            ("DROP INDEX CONCURRENTLY a", None),
            ("-- CREATE INDEX CONCURRENTLY a ON t (c)", None),
            ("", None),
        ] {
            assert_eq!(concurrent_index(sql), expected, "{sql}");
        }
    }
}
