//! `migrate check`: what the migrations that a branch adds would do to production.

mod files;
mod known;
mod marks;
mod own;
mod rules;
mod squawk;

use crate::folder::{Direction, Folder};
use crate::sql::Script;
use crate::{Finding, Kind, Rule};

use known::Known;
use marks::Marks;

/// What is wrong with the migrations that `folder` has and `merged` has not, and with what `folder`
/// has made of those that are merged; by file and line.
///
/// Without `merged` nothing runs yet that could be harmed: only what is wrong with the files themselves
/// is told, and what would be expensive to change later.
#[must_use]
pub fn check(folder: &Folder, merged: Option<&Folder>) -> Vec<Finding> {
    let nothing = Folder::default();
    let (merged, is_first) = (merged.unwrap_or(&nothing), merged.is_none());
    let mut findings = files::check(folder, merged);
    let mut known = Known::default();
    for migration in folder.migrations() {
        let file = migration.file(Direction::Up);
        if let Some(text) = migration.up {
            let script = Script::parse(text);
            let is_new = !merged.files.contains_key(&file);
            known.read(&script, is_new);
            if is_new {
                findings.extend(up(
                    &file,
                    text,
                    &script,
                    &Context { folder, merged, known: &known, is_first, version: migration.version },
                ));
            }
        }
        let file = migration.file(Direction::Down);
        if let Some(text) = migration.down.filter(|_| !merged.files.contains_key(&file)) {
            findings.extend(down(&file, text));
        }
    }
    findings.sort_by(|one, other| (&one.file, one.line, one.rule).cmp(&(&other.file, other.line, other.rule)));
    findings
}

/// All rules there are.
pub fn every_rule() -> impl Iterator<Item = &'static Rule> {
    rules::ALL.iter().copied().chain(squawk::rules())
}

/// The version since which releases do without what a migration takes away, when it says that it is a contract
/// step; empty when that is not well formed.
pub(crate) fn contract_of(text: &str) -> Option<String> {
    Marks::read(text, &Script::parse(text)).contract.map(|contract| contract.since.unwrap_or_default())
}

/// What a file is seen in.
struct Context<'a> {
    folder: &'a Folder,
    merged: &'a Folder,
    /// What it and the files before it have made.
    known: &'a Known,
    /// Whether nothing runs yet.
    is_first: bool,
    version: &'a str,
}

/// Something found at a position of a file.
struct Found {
    at: usize,
    rule: &'static Rule,
    what: String,
}

fn up(file: &str, text: &str, script: &Script, context: &Context<'_>) -> Vec<Finding> {
    let mut marks = Marks::read(text, script);
    let mut found = std::mem::take(&mut marks.wrong);
    found.extend(syntax(script));
    found.extend(files::contract(&marks, script, context));
    let mut harmful = own::transactions(script, &marks, Direction::Up);
    harmful.extend(own::timeouts(script, &marks));
    harmful.extend(own::statements(script, &marks));
    harmful.extend(squawk::lint(script, &marks, context.known));
    for harm in without_shadows(script, harmful) {
        let statement = script.statement_at(harm.at);
        let is_new =
            context.is_first || statement.is_some_and(|statement| context.known.is_of_new_table(&statement.words));
        let is_right = match harm.rule.kind {
            Kind::Lock | Kind::Breaks => is_new,
            Kind::TakesAway => is_new || marks.contract.is_some(),
            Kind::Later | Kind::Form => false,
        };
        if !is_right && !marks.allows(script, harm.at, harm.rule) {
            found.push(harm);
        }
    }
    found.extend(marks.unused());
    findings(file, script, found)
}

/// Where two rules see one thing, the one that says more about it.
const SHADOWS: &[(&str, &str)] = &[
    ("adding-foreign-key-constraint", "constraint-missing-not-valid"),
    ("ban-truncate-cascade", "ban-truncate"),
    ("changing-column-type", "prefer-bigint-over-int"),
    ("changing-column-type", "prefer-bigint-over-smallint"),
    ("changing-column-type", "prefer-text-field"),
    ("changing-column-type", "prefer-timestamp-tz"),
    ("changing-column-type", "ban-char-field"),
];

fn without_shadows(script: &Script, found: Vec<Found>) -> Vec<Found> {
    let seen: Vec<_> = found.iter().map(|found| (script.line(found.at), found.rule.name)).collect();
    let is_shadow = |found: &Found| {
        let line = script.line(found.at);
        SHADOWS.iter().any(|(says, shadow)| *shadow == found.rule.name && seen.contains(&(line, says)))
    };
    found.into_iter().filter(|found| !is_shadow(found)).collect()
}

/// A down file is for people who develop: nothing in production runs it. It has to be one.
fn down(file: &str, text: &str) -> Vec<Finding> {
    let script = Script::parse(text);
    let mut marks = Marks::read(text, &script);
    let mut found = std::mem::take(&mut marks.wrong);
    found.extend(syntax(&script));
    found.extend(own::transactions(&script, &marks, Direction::Down));
    findings(file, &script, found)
}

/// The first thing that is no SQL: what follows from it says little.
fn syntax(script: &Script) -> Option<Found> {
    script.errors.first().map(|(at, why)| Found { at: *at, rule: &rules::SYNTAX, what: why.clone() })
}

fn findings(file: &str, script: &Script, found: Vec<Found>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for Found { at, rule, what } in found {
        let finding = Finding::at(file, script.line(at), rule, what);
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    findings
}
