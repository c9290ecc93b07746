//! What undoing a migration would discard: rows, and values that are not NULL.
//!
//! It is found by counting before and after, in the transaction in which it is undone: what a file says
//! is one thing, what is in the tables another. A value that is changed and still there is not found;
//! `cargo xtask migrate prove` looks for those.

use std::collections::BTreeMap;
use std::fmt;

use sqlx::migrate::{Migrate, MigrateError, Migration};
use sqlx::{AssertSqlSafe, PgConnection};

use super::TABLE;

/// Tables and columns are told apart by what a new name does not change.
const TABLES: &str = "
SELECT c.oid::int8, c.oid::regclass::text, array_agg(a.attnum::int4 ORDER BY a.attnum),
    array_agg(quote_ident(a.attname) ORDER BY a.attnum)
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> $1
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%'
GROUP BY c.oid";

/// How much there is of each table.
struct Contents(BTreeMap<i64, Table>);

struct Table {
    name: String,
    rows: i64,
    /// By their numbers, their names and how many of their values are not NULL.
    columns: BTreeMap<i32, (String, i64)>,
}

/// Something that would be discarded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// The table.
    pub table: String,
    /// The column, when it is values and not rows.
    pub column: Option<String>,
    /// How many.
    pub count: i64,
}

impl Loss {
    /// `TABLE` or `TABLE.COLUMN`.
    #[must_use]
    pub fn what(&self) -> String {
        self.column.as_ref().map_or_else(|| self.table.clone(), |column| format!("{}.{column}", self.table))
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match (&self.column, self.count) {
            (Some(_), 1) => "value",
            (Some(_), _) => "values",
            (None, 1) => "row",
            (None, _) => "rows",
        };
        write!(formatter, "{} {kind} of {}", self.count, self.what())
    }
}

/// Undoes a migration, in the transaction that `connection` is in, and tells what is discarded by it.
pub(super) async fn undo(connection: &mut PgConnection, migration: &Migration) -> Result<Vec<Loss>, MigrateError> {
    let before = Contents::read(connection).await?;
    connection.revert(TABLE, migration).await?;
    let after = Contents::read(connection).await?;
    Ok(before.lost_in(&after))
}

impl Contents {
    async fn read(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let found: Vec<(i64, String, Vec<i32>, Vec<String>)> =
            sqlx::query_as(TABLES).bind(TABLE).fetch_all(&mut *connection).await?;
        let mut tables = BTreeMap::new();
        for (table, name, numbers, columns) in found {
            let counts: Vec<_> = columns.iter().map(|column| format!("count({column})")).collect();
            // Both are quoted by the server.
            let sql = AssertSqlSafe(format!("SELECT ARRAY[count(*), {}] FROM {name}", counts.join(", ")));
            let counts: Vec<i64> = sqlx::query_scalar(sql).fetch_one(&mut *connection).await?;
            let (rows, counts) = counts.split_first().map_or((0, &[][..]), |(rows, counts)| (*rows, counts));
            let columns = numbers.into_iter().zip(columns.into_iter().zip(counts.iter().copied())).collect();
            tables.insert(table, Table { name, rows, columns });
        }
        Ok(Self(tables))
    }

    fn lost_in(&self, after: &Self) -> Vec<Loss> {
        let mut lost = Vec::new();
        for (table, before) in &self.0 {
            let now = after.0.get(table);
            let rows = before.rows - now.map_or(0, |now| now.rows);
            if rows > 0 {
                lost.push(Loss { table: before.name.clone(), column: None, count: rows });
                continue;
            }
            for (number, (column, values)) in &before.columns {
                let left = now.and_then(|now| now.columns.get(number)).map_or(0, |(_, left)| *left);
                if *values > left {
                    let (table, column) = (before.name.clone(), Some(column.clone()));
                    lost.push(Loss { table, column, count: values - left });
                }
            }
        }
        lost
    }
}
