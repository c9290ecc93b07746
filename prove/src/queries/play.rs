//! Queries, run in transactions that are rolled back.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Executor as _, PgConnection, Row as _, ValueRef as _};

use super::Query;
use super::candidates::Candidates;
use crate::database::said;

/// So many sets of values are tried with each query.
const ATTEMPTS: usize = 32;

/// A query with the values with which it has succeeded on the schema of its release.
pub(super) struct Played {
    pub(super) query: Query,
    /// The name of its statement on the connection.
    statement: String,
    /// The types of its parameters.
    types: Vec<String>,
    pub(super) tries: Vec<Try>,
}

/// A set of values, and what came of it.
pub(super) struct Try {
    /// As SQL.
    values: Vec<String>,
    returned: Returned,
}

/// How many rows came, and which columns were NULL in any.
#[derive(Debug, Default, PartialEq, Eq)]
struct Returned {
    rows: usize,
    nulls: BTreeSet<usize>,
}

/// What a query meets on the new schema.
pub(super) struct Finding {
    query: String,
    what: String,
    /// One of the sets of values.
    example: String,
    /// How many sets still do, of how many that did.
    pub(super) works: usize,
    pub(super) of: usize,
    /// Whether other values may have been all that anybody ever writes.
    pub(super) is_about_values: bool,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { query, what, example, works, of, .. } = self;
        write!(formatter, "{query}: {what}; {} of {of} sets of values that worked do not", of - works)?;
        if example.is_empty() { Ok(()) } else { write!(formatter, ", for one ({example})") }
    }
}

/// Finds values with which each query succeeds, and leaves it prepared on the connection.
pub(super) async fn on_the_old_schema(connection: &mut PgConnection, queries: &[Query]) -> anyhow::Result<Vec<Played>> {
    // What waits for a lock, or for ever, is no answer.
    connection.execute("SET statement_timeout = '5s'").await?;
    let candidates = Candidates::read(connection).await?;
    let mut all = Vec::new();
    for (number, query) in queries.iter().enumerate() {
        let statement = format!("release_{number}");
        let mut played = Played { query: query.clone(), statement, types: Vec::new(), tries: Vec::new() };
        // What cannot be prepared by SQL is described alone.
        if prepare(connection, &played).await.is_ok() {
            let kinds = parameters(connection, &mut played).await?;
            let attempts = if kinds.is_empty() { 1 } else { ATTEMPTS };
            for attempt in 0..attempts {
                let pick = |(at, kind): (usize, &String)| candidates.pick(kind, attempt, at);
                let values: Vec<_> = kinds.iter().enumerate().map(pick).collect();
                if let Ok(returned) = execute(connection, &played.statement, &values).await? {
                    played.tries.push(Try { values, returned });
                }
            }
        }
        all.push(played);
    }
    Ok(all)
}

/// What a connection meets that has the queries prepared since before the migrations.
pub(super) async fn on_what_was_open(connection: &mut PgConnection, played: &[Played]) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for Played { query, statement, tries, .. } in played {
        let Some(first) = tries.first() else { continue };
        if let Err(Failure { message, .. }) = execute(connection, statement, &first.values).await?
            && message.contains("cached plan must not change result type")
        {
            let what = format!("on connections that were open before it fails until they are closed: {message}");
            let (query, example) = (query.to_string(), String::new());
            let of = tries.len();
            findings.push(Finding { query, what, example, works: 0, of, is_about_values: false });
        }
    }
    Ok(findings)
}

/// What each query meets with the values that did.
pub(super) async fn on_the_new_schema(
    connection: &mut PgConnection,
    played: &[Played],
) -> anyhow::Result<Vec<Finding>> {
    connection.execute("SET statement_timeout = '5s'").await?;
    connection.execute("DEALLOCATE ALL; SELECT pg_advisory_unlock_all()").await?;
    let mut findings = Vec::new();
    for one in played.iter().filter(|one| !one.tries.is_empty()) {
        if let Err(error) = prepare(connection, one).await {
            let (query, what) = (one.query.to_string(), format!("fails: {}", said(&error)));
            let of = one.tries.len();
            findings.push(Finding { query, what, example: String::new(), works: 0, of, is_about_values: false });
            continue;
        }
        // By what is said of them: whether it is about values, how often, and with which.
        let mut met: BTreeMap<String, (bool, usize, &Try)> = BTreeMap::new();
        for one_try in &one.tries {
            let answer = execute(connection, &one.statement, &one_try.values).await?;
            if let Some((what, about_values)) = difference(&one.query, &one_try.returned, answer) {
                met.entry(what).or_insert((about_values, 0, one_try)).1 += 1;
            }
        }
        for (what, (is_about_values, count, example)) in met {
            let of = one.tries.len();
            let (query, example) = (one.query.to_string(), example.values.join(", "));
            findings.push(Finding { query, what, example, works: of - count, of, is_about_values });
        }
    }
    Ok(findings)
}

/// What the release meets, and whether other values might not meet it.
fn difference(query: &Query, before: &Returned, now: Result<Returned, Failure>) -> Option<(String, bool)> {
    match now {
        Err(failure) => {
            // Integrity constraints and data that does not fit (appendix A of PostgreSQL's manual), and
            // what a function raises by itself.
            let is_about_values = ["22", "23", "P0"].iter().any(|class| failure.code.starts_with(class));
            Some((format!("fails: {}", failure.message), is_about_values))
        }
        Ok(now) if now.rows == 0 && before.rows > 0 => Some(("returns no row any more".to_owned(), true)),
        Ok(now) => {
            let mut new = now.nulls.difference(&before.nulls).filter(|at| query.shape.has_a_value(**at));
            let name = query.shape.name(*new.next()?);
            Some((format!("returns NULL as `{name}`, which the release takes for a value: it fails"), true))
        }
    }
}

async fn prepare(connection: &mut PgConnection, played: &Played) -> Result<(), sqlx::Error> {
    let types = if played.types.is_empty() { String::new() } else { format!(" ({})", played.types.join(", ")) };
    let text = played.query.text.trim().trim_end_matches(';');
    let sql = format!("PREPARE {}{types} AS {text}", played.statement);
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.map(drop)
}

/// Notes the types of the parameters, and returns the names by which candidates are kept.
async fn parameters(connection: &mut PgConnection, played: &mut Played) -> anyhow::Result<Vec<String>> {
    let sql = "SELECT p.type::regtype::text AS type, coalesce(b.typname, t.typname)::text AS kind
        FROM pg_prepared_statements AS s, unnest(s.parameter_types) WITH ORDINALITY AS p (type, place)
        JOIN pg_type AS t ON t.oid = p.type LEFT JOIN pg_type AS b ON t.typtype = 'd' AND b.oid = t.typbasetype
        WHERE s.name = $1 ORDER BY p.place";
    let rows: Vec<(String, String)> = sqlx::query_as(sql).bind(&played.statement).fetch_all(connection).await?;
    let (types, kinds) = rows.into_iter().unzip();
    played.types = types;
    Ok(kinds)
}

/// Why a query did not succeed.
#[derive(Debug)]
struct Failure {
    code: String,
    message: String,
}

/// Runs a statement and takes back what it did, deferred conditions included; a lock of the session stays.
async fn execute(
    connection: &mut PgConnection,
    statement: &str,
    values: &[String],
) -> anyhow::Result<Result<Returned, Failure>> {
    let values = if values.is_empty() { String::new() } else { format!("({})", values.join(", ")) };
    let sql = format!("BEGIN; EXECUTE {statement}{values}; SET CONSTRAINTS ALL IMMEDIATE; ROLLBACK");
    let ran = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(&mut *connection).await;
    if ran.is_err() {
        connection.execute("ROLLBACK").await?;
    }
    match ran {
        Ok(rows) => Ok(Ok(returned(&rows)?)),
        Err(sqlx::Error::Database(error)) => {
            let code = error.code().unwrap_or_default().into_owned();
            Ok(Err(Failure { code, message: error.message().to_owned() }))
        }
        Err(error) => Err(error.into()),
    }
}

fn returned(rows: &[PgRow]) -> anyhow::Result<Returned> {
    let mut nulls = BTreeSet::new();
    for row in rows {
        for at in 0..row.len() {
            if row.try_get_raw(at)?.is_null() {
                nulls.insert(at);
            }
        }
    }
    Ok(Returned { rows: rows.len(), nulls })
}
