//! What the migrations up to a place have made: no single file tells that.

use std::collections::{BTreeMap, BTreeSet};

use crate::sql::{Script, Words};

/// What is known of the schema from the files.
#[derive(Default)]
pub(super) struct Known {
    /// Tables that this branch makes: nobody uses them yet.
    new_tables: BTreeSet<String>,
    /// The constraints by their names.
    constraints: BTreeMap<String, Constraint>,
}

/// A constraint.
#[derive(Clone, Debug)]
struct Constraint {
    table: String,
    /// The word that says which kind it is: `check`, `unique`, `foreign`, `primary`, `exclude`.
    kind: String,
    /// The column of a `CHECK (column IS NOT NULL)`.
    not_null: Option<String>,
    is_valid: bool,
}

impl Known {
    /// Takes in what a file makes.
    pub(super) fn read(&mut self, script: &Script, is_new: bool) {
        for statement in &script.statements {
            let words = &statement.words;
            let Some(table) = table(words) else { continue };
            if is_new && words.starts_with(&["create"]) && words.find(&["table"]).is_some_and(|at| at < 3) {
                self.new_tables.insert(table.to_owned());
            }
            let table = table.to_owned();
            self.constraints(words, &table);
        }
    }

    fn constraints(&mut self, words: &Words, table: &str) {
        for at in 0..words.0.len() {
            if words.text(at) != Some("constraint") {
                continue;
            }
            let Some(name) = words.text(at + 1) else { continue };
            let before = at.checked_sub(1).and_then(|before| words.text(before));
            match before {
                Some("validate") => {
                    if let Some(constraint) = self.constraints.get_mut(name) {
                        constraint.is_valid = true;
                    }
                }
                Some("drop" | "alter" | "rename") => {}
                _ => {
                    let kind = words.text(at + 2).unwrap_or_default();
                    let column = (kind == "check").then(|| words.text(at + 4)).flatten();
                    let is_not_null = words.0[at..]
                        .iter()
                        .skip(5)
                        .map(|word| word.text.as_str())
                        .take(4)
                        .eq(["is", "not", "null", ")"]);
                    let constraint = Constraint {
                        table: table.to_owned(),
                        kind: kind.to_owned(),
                        not_null: column.filter(|_| is_not_null).map(str::to_owned),
                        is_valid: !words.has(&["not", "valid"]),
                    };
                    self.constraints.insert(name.to_owned(), constraint);
                }
            }
        }
    }

    /// Whether a statement is about a table that this branch makes.
    pub(super) fn is_of_new_table(&self, words: &Words) -> bool {
        table(words).is_some_and(|table| self.new_tables.contains(table))
    }

    /// Whether a valid check says already that a column is never null, which spares SET NOT NULL its
    /// scan (<https://www.postgresql.org/docs/15/sql-altertable.html>).
    pub(super) fn is_never_null(&self, table: &str, column: &str) -> bool {
        self.constraints.values().any(|constraint| {
            constraint.is_valid && constraint.table == table && constraint.not_null.as_deref() == Some(column)
        })
    }

    /// Whether a constraint only refuses rows, so that nobody misses it who writes rows that it took.
    /// A unique one is named by ON CONFLICT.
    pub(super) fn only_refuses(&self, name: &str) -> bool {
        self.constraints.get(name).is_some_and(|constraint| matches!(constraint.kind.as_str(), "check" | "foreign"))
    }
}

/// The table that a statement is about.
pub(super) fn table(words: &Words) -> Option<&str> {
    let noise = ["if", "not", "exists", "only", "concurrently"];
    let behind = |at: usize| words.name(words.skip(at, &noise)).map(|(name, _)| name);
    match words.text(0)? {
        "update" => behind(1),
        "delete" | "insert" => behind(2),
        "lock" | "truncate" => behind(words.skip(1, &["table"])),
        "alter" | "drop" if words.text(1) == Some("table") => behind(2),
        "create" => {
            let at = words.0.iter().take(4).position(|word| word.text == "table");
            match at {
                Some(at) => behind(at + 1),
                None if words.has(&["index"]) || words.has(&["trigger"]) => behind(words.find(&["on"])? + 1),
                None => None,
            }
        }
        _ => None,
    }
}
