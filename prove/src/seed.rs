//! Rows for every table: each column with each edge of its type, NULL where it may be, each label of an
//! enum, and keys of rows that are there where it refers to some.

pub(crate) mod columns;
pub(crate) mod values;

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::database::said;
use columns::{Column, Table};

/// So many rows are tried for each table.
const ROWS: usize = 8;

/// How a row is made; a condition may refuse one, and the next is tried then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// The edges of each type.
    Edges,
    /// A plain value in each column.
    Plain,
    /// NULL wherever it may be.
    Bare,
}

/// A table for which no row could be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Barren {
    pub(crate) table: String,
    /// What PostgreSQL said to the last row.
    pub(crate) why: String,
}

/// Fills every table; `round` keeps what is unique apart from what another round wrote.
pub(crate) async fn fill(connection: &mut PgConnection, round: usize) -> anyhow::Result<Vec<Barren>> {
    fill_by(connection, round, &[Manner::Edges, Manner::Plain, Manner::Bare]).await
}

/// Fills every table with rows that are unlike each other in every column, as far as its type allows, so
/// that nothing which may be asked of a column has to fail by them.
pub(crate) async fn fill_plainly(connection: &mut PgConnection) -> anyhow::Result<Vec<Barren>> {
    fill_by(connection, 0, &[Manner::Plain, Manner::Bare]).await
}

async fn fill_by(connection: &mut PgConnection, round: usize, manners: &[Manner]) -> anyhow::Result<Vec<Barren>> {
    let mut barren = Vec::new();
    for table in columns::read(connection).await? {
        let mut made = 0;
        let mut last = None;
        for number in 0..ROWS {
            for manner in manners {
                match insert(connection, &table, round * ROWS + number, *manner).await {
                    Ok(()) => {
                        made += 1;
                        break;
                    }
                    Err(error) => last = Some(error),
                }
            }
        }
        if made == 0 {
            let why = last.map_or_else(|| "no row was tried".to_owned(), |error| said(&error));
            barren.push(Barren { table: table.name.clone(), why });
        }
    }
    Ok(barren)
}

async fn insert(
    connection: &mut PgConnection,
    table: &Table,
    number: usize,
    manner: Manner,
) -> Result<(), sqlx::Error> {
    let mut names = Vec::new();
    let mut values = Vec::new();
    for (at, column) in table.columns.iter().enumerate() {
        if let Some(value) = value(column, at, number, manner) {
            names.push(column.name.as_str());
            values.push(value);
        }
    }
    let sql = if names.is_empty() {
        format!("INSERT INTO {} DEFAULT VALUES", table.name)
    } else {
        format!("INSERT INTO {} ({}) VALUES ({})", table.name, names.join(", "), values.join(", "))
    };
    let mut transaction = connection.begin().await?;
    transaction.execute(AssertSqlSafe(sql)).await?;
    transaction.commit().await
}

/// What a column gets in a row; nothing where the database has to find it.
fn value(column: &Column, at: usize, number: usize, manner: Manner) -> Option<String> {
    if column.is_filled {
        return None;
    }
    if manner == Manner::Bare && !column.is_required {
        return Some("NULL".to_owned());
    }
    if let Some((table, referred)) = &column.refers {
        let rows = format!("(SELECT count(*) FROM {table})");
        return Some(format!(
            "(SELECT {referred} FROM {table} ORDER BY ctid OFFSET ({number} % greatest({rows}, 1)) LIMIT 1)"
        ));
    }
    let is_free = column.labels.is_empty();
    if is_free
        && (column.is_unique || manner != Manner::Edges)
        && let Some(own) = values::of_its_own(&column.kind, number)
    {
        return Some(own);
    }
    let mut choices = if is_free { values::edges(&column.kind) } else { column.labels.clone() };
    if !column.is_required && (manner == Manner::Edges || choices.is_empty()) {
        choices.push("NULL".to_owned());
    }
    // A type that is not known may take an empty string.
    choices.get((number + at) % choices.len().max(1)).cloned().or_else(|| Some("''".to_owned()))
}
