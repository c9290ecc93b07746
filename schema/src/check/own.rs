//! What squawk does not see.

mod rows;
mod timeouts;

use super::marks::Marks;
use super::{Found, rules};
use crate::sql::{Script, Statement, Words};

use crate::{Direction, Rule};
pub(super) use timeouts::timeouts;

/// What does not fit how sqlx runs the file: in one transaction, or in none.
pub(super) fn transactions(script: &Script, marks: &Marks, direction: Direction) -> Vec<Found> {
    let mut found = Vec::new();
    let outer = || script.statements.iter().filter(|statement| statement.block.is_none());
    let does_nothing = |statement: &Statement| statement.words.starts_with(&["set"]);
    let says_why = direction == Direction::Down && outer().next().is_none() && !script.comments.is_empty();
    if outer().all(does_nothing) && !says_why && script.errors.is_empty() {
        found.push(Found { at: 0, rule: &rules::EMPTY, what: "there is no statement in it".into() });
    }
    if marks.no_transaction {
        for statement in outer().skip(1) {
            found.push(of(script, statement, &rules::SEVERAL_STATEMENTS));
        }
    }
    for statement in &script.statements {
        let words = &statement.words;
        let (first, in_block) = (words.text(0).unwrap_or_default(), statement.block.is_some());
        let controls = matches!(first, "begin" | "commit" | "rollback" | "savepoint" | "end" | "abort")
            || words.starts_with(&["start", "transaction"]);
        if controls && !(in_block && marks.no_transaction) {
            found.push(of(script, statement, &rules::TRANSACTION_CONTROL));
        }
        if needs_no_transaction(words) && (!marks.no_transaction || in_block) {
            found.push(of(script, statement, &rules::NOT_IN_TRANSACTION));
        }
        if words.starts_with(&["create"]) && words.has(&["concurrently", "if", "not", "exists"]) {
            found.push(of(script, statement, &rules::INVALID_INDEX_HIDDEN));
        }
    }
    found
}

/// <https://www.postgresql.org/docs/15/sql-createindex.html> and the pages of the others.
fn needs_no_transaction(words: &Words) -> bool {
    let first = words.text(0).unwrap_or_default();
    (words.has(&["concurrently"]) && matches!(first, "create" | "drop" | "reindex" | "alter"))
        || first == "vacuum"
        || words.starts_with(&["alter", "system"])
        || words.starts_with(&["create", "database"])
        || words.starts_with(&["drop", "database"])
}

/// Statements that are harmful, one by one.
pub(super) fn statements(script: &Script, marks: &Marks) -> Vec<Found> {
    let mut found = Vec::new();
    for statement in &script.statements {
        let words = &statement.words;
        let rule = match words.text(0).unwrap_or_default() {
            "update" | "delete" => rows::change_of_rows(script, statement, marks),
            "truncate" => Some(&rules::TRUNCATE),
            "lock" => Some(&rules::LOCK_TABLE),
            "execute" if hides_ddl(words) => Some(&rules::DYNAMIC_DDL),
            "refresh" if !words.has(&["concurrently"]) => Some(&rules::REFRESH),
            "vacuum" if words.has(&["full"]) => Some(&rules::REWRITE),
            "cluster" => Some(&rules::REWRITE),
            "alter" if words.starts_with(&["alter", "table"]) => alter_table(words),
            "grant" | "create" | "alter" if is_about_roles(words) => Some(&rules::ROLES),
            _ => None,
        };
        found.extend(rule.map(|rule| of(script, statement, rule)));
    }
    found
}

fn of(script: &Script, statement: &Statement, rule: &'static Rule) -> Found {
    Found { at: statement.range.start, rule, what: format!("`{}`", script.excerpt(statement.range.clone())) }
}

fn alter_table(words: &Words) -> Option<&'static Rule> {
    let sets = |what: &[&str]| words.has(what);
    let rewrites = sets(&["set", "logged"])
        || sets(&["set", "unlogged"])
        || sets(&["set", "access", "method"])
        || sets(&["set", "tablespace"]);
    if rewrites {
        return Some(&rules::REWRITE);
    }
    (sets(&["attach", "partition"])).then_some(&rules::ATTACH_PARTITION)
}

/// Roles are of the whole server and of whoever runs it; a password would be in the history for ever.
fn is_about_roles(words: &Words) -> bool {
    matches!(words.text(1), Some("role" | "user" | "group")) || words.has(&["password"])
}

/// Whether a string that is run may change the schema.
fn hides_ddl(words: &Words) -> bool {
    let ddl = ["alter", "create", "drop", "truncate", "grant", "revoke", "reindex", "cluster", "lock"];
    let strings = words.0.iter().filter_map(|word| word.string());
    let mut has_string = false;
    let hides = strings.into_iter().any(|(content, _)| {
        has_string = true;
        content.split_whitespace().next().is_some_and(|first| ddl.contains(&first.to_lowercase().as_str()))
    });
    // What is put together elsewhere may be anything.
    hides || !has_string
}
