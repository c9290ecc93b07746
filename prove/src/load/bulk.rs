//! Many rows at once, from a series of numbers.

use sqlx::{AssertSqlSafe, Executor as _, PgConnection};

use crate::seed::columns::{Column, Table};

/// So many rows of another table are referred to.
const KEYS: u32 = 1000;

/// Fills a table with about so many rows: what is there twice is left out.
pub(super) async fn fill(connection: &mut PgConnection, table: &Table, rows: u64) -> Result<(), sqlx::Error> {
    // Whose keys are referred to is known; asking for each row takes most of the time, where one may leave it.
    let is_quick = connection.execute("SET session_replication_role = replica").await.is_ok();
    let filled = connection.execute(AssertSqlSafe(insert(table, &format!("generate_series(1, {rows}) AS g")))).await;
    if is_quick {
        connection.execute("RESET session_replication_role").await?;
    }
    filled?;
    connection.execute(AssertSqlSafe(format!("ANALYZE {}", table.name))).await.map(drop)
}

/// One more row, of a number that no other has.
pub(super) fn another(table: &Table, number: u64) -> String {
    insert(table, &format!("(VALUES ({number}::bigint)) AS series (g)"))
}

fn insert(table: &Table, series: &str) -> String {
    let columns: Vec<_> = table.columns.iter().filter(|column| !column.is_filled).collect();
    if columns.is_empty() {
        return format!("INSERT INTO {} SELECT FROM {series}", table.name);
    }
    let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
    let values: Vec<_> = columns.iter().map(|column| value(column)).collect();
    let (names, values) = (names.join(", "), values.join(", "));
    format!("INSERT INTO {} ({names}) SELECT {values} FROM {series} ON CONFLICT DO NOTHING", table.name)
}

/// A value made of the number `g`.
fn value(column: &Column) -> String {
    if let Some((table, referred)) = &column.refers {
        let keys = format!("(SELECT array_agg(k) FROM (SELECT {referred} AS k FROM {table} LIMIT {KEYS}) AS keys)");
        return format!(
            "({keys})[1 + g % (SELECT greatest(count(*), 1) FROM (SELECT FROM {table} LIMIT {KEYS}) AS few)]"
        );
    }
    if !column.labels.is_empty() {
        let labels = column.labels.join(", ");
        let kind = if column.kind == "text" { String::new() } else { format!("::{}", column.kind) };
        return format!("((ARRAY[{labels}])[1 + g % {}]){kind}", column.labels.len());
    }
    let expression = match column.kind.as_str() {
        "text" | "varchar" | "citext" | "name" => "'row' || g",
        "bpchar" => "left('r' || g, 1)",
        "int2" => "g % 32767",
        "int4" | "int8" | "numeric" | "float4" | "float8" => "g",
        "bool" => "g % 2 = 0",
        // Apart for each thousand, so that a key of a referred row and a day is one of its own.
        "date" => "date '2026-01-01' + (g / 1000)::int",
        "timestamp" | "timestamptz" => "timestamptz '2026-01-02T03:04:05Z' + g * interval '1 s'",
        "time" => "time '00:00' + g * interval '1 s'",
        "interval" => "g * interval '1 s'",
        "uuid" => "md5(g::text)::uuid",
        "bytea" => "decode(lpad(to_hex(g), 8, '0'), 'hex')",
        "json" | "jsonb" => "to_jsonb(g)",
        kind if kind.starts_with('_') => "'{}'",
        _ if column.is_required => "''",
        _ => "NULL",
    };
    expression.to_owned()
}
