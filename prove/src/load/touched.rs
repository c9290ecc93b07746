//! Which tables a migration touches: those that it names, and those that they refer to.

use sqlx::PgConnection;

use crate::seed::columns::{self, Table};

/// The tables that are there and that the text names, each behind those that it refers to, which have to
/// have rows too.
pub(super) async fn tables(connection: &mut PgConnection, text: &str) -> anyhow::Result<Vec<Table>> {
    let all = columns::read(connection).await?;
    let words = words(text);
    let mut named: Vec<bool> = all.iter().map(|table| words.contains(&bare(&table.name))).collect();
    // Referred tables stand in front of those that refer to them.
    for at in (0..all.len()).rev() {
        if !named[at] {
            continue;
        }
        for (other, _) in all[at].columns.iter().filter_map(|column| column.refers.as_ref()) {
            if let Some(place) = all.iter().position(|table| &table.name == other) {
                named[place] = true;
            }
        }
    }
    Ok(all.into_iter().zip(named).filter_map(|(table, is_named)| is_named.then_some(table)).collect())
}

/// The words of the statements, without what comments say.
fn words(text: &str) -> Vec<String> {
    let lines = text.lines().map(|line| line.split("--").next().unwrap_or_default());
    let is_in_a_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    lines
        .flat_map(|line| line.split(move |letter| !is_in_a_word(letter)))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// A table's name without its schema and quotation marks.
fn bare(name: &str) -> String {
    name.rsplit('.').next().unwrap_or(name).trim_matches('"').to_lowercase()
}
