//! The rows of a database, by their keys, so that what is lost can be named.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

/// The values of a row by their columns.
type Row = Map<String, Value>;

/// The rows of each table, by what identifies them: their primary key, or themselves.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Rows(BTreeMap<String, BTreeMap<String, Row>>);

/// The tables that hold rows, with the columns of their primary keys.
const TABLES: &str = r"
SELECT format('%I.%I', n.nspname, c.relname) AS name,
    coalesce((SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_constraint AS k
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = ANY (k.conkey)
        WHERE k.conrelid = c.oid AND k.contype = 'p'), '{}') AS key
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_%'
ORDER BY 1";

impl Rows {
    pub(crate) async fn read(connection: &mut PgConnection) -> anyhow::Result<Self> {
        let mut all = BTreeMap::new();
        for table in sqlx::query(TABLES).fetch_all(&mut *connection).await? {
            let (name, key): (String, Vec<String>) = (table.try_get(0)?, table.try_get(1)?);
            let sql = AssertSqlSafe(format!("SELECT to_jsonb(t)::text FROM {name} AS t"));
            let mut rows = BTreeMap::new();
            for row in sqlx::query_scalar::<_, String>(sql).fetch_all(&mut *connection).await? {
                let row: Map<String, Value> = serde_json::from_str(&row)?;
                let named = |column: &String| Some((column.clone(), row.get(column)?.clone()));
                let named: Map<String, Value> =
                    if key.is_empty() { row.clone() } else { key.iter().filter_map(named).collect() };
                rows.insert(Value::Object(named).to_string(), row);
            }
            all.insert(name, rows);
        }
        Ok(Self(all))
    }

    /// How many there are in all.
    pub(crate) fn count(&self) -> usize {
        self.0.values().map(BTreeMap::len).sum()
    }

    /// Rows of these that `after` lacks, in tables that both have, named.
    pub(crate) fn gone_in(&self, after: &Self) -> Vec<String> {
        let lacks = self.beside(after).filter(|(.., now)| now.is_none());
        lacks.map(|(table, key, ..)| format!("{table}: the row {key} is gone")).collect()
    }

    /// The same, and values of these that `after` has otherwise, in columns that both have: what is lost,
    /// named.
    ///
    /// A value that was NULL and is not any more is no loss.
    pub(crate) fn lost_in(&self, after: &Self) -> Vec<String> {
        let mut lost = self.gone_in(after);
        for (table, key, row, now) in self.beside(after) {
            for (column, value) in row.iter().filter(|(_, value)| !value.is_null()) {
                if let Some(now) = now.and_then(|now| now.get(column)).filter(|now| *now != value) {
                    lost.push(format!("{table}: {column} of the row {key} was {value} and is {now}"));
                }
            }
        }
        lost
    }

    /// The rows of the tables that both have: the table, the key, the row and what `after` has of it.
    fn beside<'a>(
        &'a self,
        after: &'a Self,
    ) -> impl Iterator<Item = (&'a String, &'a String, &'a Row, Option<&'a Row>)> {
        let tables = self.0.iter().filter_map(|(table, rows)| Some((table, rows, after.0.get(table)?)));
        tables.flat_map(|(table, rows, left)| rows.iter().map(move |(key, row)| (table, key, row, left.get(key))))
    }
}
