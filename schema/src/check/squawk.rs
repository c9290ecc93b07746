//! What squawk sees: <https://squawkhq.com/docs/rules>, each rule with what it means here.

mod advice;

use std::sync::LazyLock;

use squawk_linter::{Linter, LinterSettings};
use squawk_syntax::SourceFile;

use super::Found;
use super::known::{Known, table};
use super::marks::Marks;
use crate::Rule;
use crate::sql::Script;

static RULES: LazyLock<Vec<(squawk_linter::Rule, Rule)>> = LazyLock::new(advice::all);

/// Its rules that are held to.
pub(super) fn rules() -> impl Iterator<Item = &'static Rule> {
    RULES.iter().map(|(_, rule)| rule)
}

/// What it finds in a file, without what the files before it have made harmless.
pub(super) fn lint(script: &Script, marks: &Marks, known: &Known) -> Vec<Found> {
    let mut linter = Linter::from(RULES.iter().map(|(theirs, _)| *theirs));
    linter.settings = LinterSettings { assume_in_transaction: !marks.no_transaction, ..LinterSettings::default() };
    let text = script.for_squawk();
    let mut found = Vec::new();
    for violation in linter.lint(&SourceFile::parse(&text), &text) {
        let Some((theirs, rule)) = RULES.iter().find(|(theirs, _)| *theirs == violation.code) else { continue };
        let at = usize::from(violation.text_range.start());
        let range = violation.text_range.start().into()..violation.text_range.end().into();
        if !is_harmless(*theirs, script, at, known) {
            found.push(Found { at, rule, what: format!("`{}`", script.excerpt(range)) });
        }
    }
    found
}

/// Whether what came before takes the harm out of it.
fn is_harmless(rule: squawk_linter::Rule, script: &Script, at: usize, known: &Known) -> bool {
    use squawk_linter::Rule as Theirs;
    let Some(statement) = script.statement_at(at) else { return false };
    let words = &statement.words;
    let number = words.0.iter().position(|word| word.start >= at).unwrap_or_default();
    match rule {
        // ALTER COLUMN name SET NOT NULL
        Theirs::AddingNotNullableField => {
            let column = number.checked_sub(1).and_then(|before| words.text(before));
            table(words).zip(column).is_some_and(|(table, column)| known.is_never_null(table, column))
        }
        // ADD CONSTRAINT name UNIQUE and its like cannot be NOT VALID; another rule has them.
        Theirs::ConstraintMissingNotValid => {
            let words: Vec<_> = words.0[number..].iter().map(|word| word.text.as_str()).collect();
            matches!(words[..], ["add", "constraint", _, "unique" | "primary", ..] | ["add", "unique" | "primary", ..])
        }
        // DROP CONSTRAINT [IF EXISTS] name
        Theirs::BanDropConstraint => {
            let name = words.text(words.skip(number, &["drop", "constraint", "if", "exists"]));
            name.is_some_and(|name| known.only_refuses(name))
        }
        _ => false,
    }
}
