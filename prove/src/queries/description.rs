//! How the database describes what a query returns, and what a release makes of another description.

use serde::Deserialize;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor as _, PgConnection, SqlSafeStr as _};

use super::Query;
use crate::database::said;

/// The columns that a query returns.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Shape {
    columns: Vec<Column>,
    /// Whether each may be NULL; none where that cannot be told.
    nullable: Vec<Option<bool>>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Column {
    /// With `!` or `?` behind it the word of its author on whether it may be NULL, with `: Type` on its type.
    name: String,
    type_info: Value,
}

impl Column {
    /// What stands in front of the type that its author names, with the mark
    /// (<https://docs.rs/sqlx/0.9.0/sqlx/macro.query.html#overrides-cheatsheet>).
    fn own_name(&self) -> &str {
        self.name.split(':').next().unwrap_or_default().trim_end()
    }
}

impl Shape {
    /// Whether the release takes the column for one that has a value.
    pub(super) fn has_a_value(&self, at: usize) -> bool {
        match self.columns.get(at).and_then(|column| column.own_name().chars().last()) {
            Some('!') => true,
            Some('?') => false,
            _ => self.is_required(at),
        }
    }

    fn is_required(&self, at: usize) -> bool {
        self.nullable.get(at) == Some(&Some(false))
    }

    /// The name of a column, without what its author says of it.
    pub(super) fn name(&self, at: usize) -> &str {
        self.columns.get(at).map_or("?", |column| column.own_name().trim_end_matches(['!', '?']))
    }
}

/// Asks the database, as the compiler does.
pub(super) async fn read(connection: &mut PgConnection, query: &Query) -> Result<Shape, String> {
    let described = connection.describe(AssertSqlSafe(query.text.clone()).into_sql_str()).await;
    let described = described.map_err(|error| said(&error))?;
    let described = serde_json::to_value(described).map_err(|error| error.to_string())?;
    serde_json::from_value(described).map_err(|error| error.to_string())
}

/// What a release meets that it does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Difference {
    /// It fails, or takes one thing for another.
    Breaks(String),
    /// It fails on rows that nobody may have written yet.
    MayBeNull(String),
    /// The same.
    MayBeAnother(String),
}

/// What the release meets that it does not know: `own` is what it was compiled with, `before` and `after`
/// what the two schemas say.
///
/// What the old schema has differently from what the release was compiled with is not the migrations' doing.
pub(super) fn differences(own: &Shape, before: &Shape, after: &Shape) -> Vec<Difference> {
    let mut found = Vec::new();
    for (at, column) in own.columns.iter().enumerate() {
        let name = own.name(at);
        let Some(now) = after.columns.get(at) else {
            found.push(Difference::Breaks(format!("the column `{name}` is gone: every use of it fails")));
            continue;
        };
        if now.name != column.name {
            let now = &now.name;
            let what = format!("where `{name}` was there is `{now}` now: the release takes one for the other");
            found.push(Difference::Breaks(what));
            continue;
        }
        if before.columns.get(at).is_some_and(|before| before.type_info != now.type_info) {
            found.extend(type_difference(name, &column.type_info, &now.type_info));
        }
        if own.has_a_value(at) && before.is_required(at) && !after.is_required(at) {
            let what = format!("`{name}` may be NULL now: the release fails on the first row in which it is");
            found.push(Difference::MayBeNull(what));
        }
    }
    found
}

fn type_difference(name: &str, own: &Value, now: &Value) -> Option<Difference> {
    let known = labels(own);
    let new: Vec<_> = labels(now).into_iter().filter(|label| !known.contains(label)).collect();
    if !known.is_empty() && !new.is_empty() {
        let new = new.join(", ");
        let what = format!("`{name}` may be `{new}` now: the release fails on the first row in which it is");
        return Some(Difference::MayBeAnother(what));
    }
    let differ = word(own) != word(now) && !(is_text(own) && is_text(now));
    differ.then(|| {
        let (was, is) = (word(own), word(now));
        Difference::Breaks(format!(
            "`{name}` was of type {was} and is {is}: the release reads it as the former, and fails"
        ))
    })
}

/// The labels of an enum.
fn labels(type_info: &Value) -> Vec<&str> {
    let labels = type_info.pointer("/Custom/kind/Enum").and_then(Value::as_array);
    labels.into_iter().flatten().filter_map(Value::as_str).collect()
}

fn word(type_info: &Value) -> &str {
    type_info.as_str().or_else(|| type_info.pointer("/Custom/name")?.as_str()).unwrap_or("?")
}

/// Whether a string is read from it, whichever of these it is.
fn is_text(type_info: &Value) -> bool {
    ["Text", "Varchar", "Bpchar", "Name"].contains(&word(type_info))
}
