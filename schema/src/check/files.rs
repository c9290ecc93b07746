//! What names, order and history of the files tell.

use std::collections::BTreeMap;

use super::marks::{Contract, Marks};
use super::{Context, Found, rules};
use crate::Finding;
use crate::folder::{Direction, Folder, parse};
use crate::sql::Script;

/// Names that are none, versions without a way back, out of order or twice, and merged files that were
/// changed or are gone.
pub(super) fn check(folder: &Folder, merged: &Folder) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    let newest_merged = merged.migrations().iter().map(|its| its.version.to_owned()).max().unwrap_or_default();
    for (file, text) in &folder.files {
        let Some((version, name, _)) = parse(file) else {
            findings.push(Finding::of_file(file, &rules::FILE_NAME, "this is not the name of a migration"));
            continue;
        };
        let first = *names.entry(version).or_insert(name);
        if first != name {
            let what = format!("`{first}` has the number {version} too");
            findings.push(Finding::of_file(file, &rules::SAME_NUMBER, what));
        }
        match merged.files.get(file) {
            None if version <= newest_merged.as_str() => {
                let what = format!("its number is not above {newest_merged}, which is merged already");
                findings.push(Finding::of_file(file, &rules::OUT_OF_ORDER, what));
            }
            Some(before) if before != text => {
                let line = 1 + before.lines().zip(text.lines()).take_while(|(was, is)| was == is).count();
                findings.push(Finding::at(file, line, &rules::CHANGED_AFTER_MERGE, "it is not as it was merged"));
            }
            _ => {}
        }
    }
    for file in merged.files.keys().filter(|file| !folder.files.contains_key(*file)) {
        findings.push(Finding::of_file(file, &rules::REMOVED_AFTER_MERGE, "it was merged and is gone"));
    }
    for migration in folder.migrations() {
        let (up, down) = (migration.file(Direction::Up), migration.file(Direction::Down));
        if migration.up.is_none() {
            findings.push(Finding::of_file(&down, &rules::MISSING_UP, format!("migrations/{up} is missing")));
        }
        if migration.down.is_none() {
            findings.push(Finding::of_file(&up, &rules::MISSING_DOWN, format!("migrations/{down} is missing")));
        }
    }
    findings
}

/// What is wrong with a contract step as one.
pub(super) fn contract(marks: &Marks, script: &Script, context: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    let Some(Contract { since, at }) = &marks.contract else { return found };
    let at = *at;
    if let Some(since) = since {
        let has = |folder: &Folder| folder.migrations().iter().any(|its| its.version == since && its.up.is_some());
        if since.as_str() >= context.version || !has(context.folder) {
            let what = format!("there is no migration {since} before this one");
            found.push(Found { at, rule: &rules::CONTRACT_MARK, what });
        } else if !context.is_first && !has(context.merged) {
            let what = format!("{since} comes with the same branch");
            found.push(Found { at, rule: &rules::CONTRACT_TOO_EARLY, what });
        }
    }
    for statement in &script.statements {
        let words = &statement.words;
        let makes = words.starts_with(&["create"]) || (words.starts_with(&["alter", "table"]) && adds_column(words));
        if makes {
            let what = format!("`{}`", script.excerpt(statement.range.clone()));
            found.push(Found { at: statement.range.start, rule: &rules::CONTRACT_MIXED, what });
        }
    }
    found
}

fn adds_column(words: &crate::sql::Words) -> bool {
    let not_columns = ["constraint", "check", "unique", "primary", "foreign", "exclude"];
    (0..words.0.len())
        .any(|at| words.text(at) == Some("add") && words.text(at + 1).is_some_and(|next| !not_columns.contains(&next)))
}
