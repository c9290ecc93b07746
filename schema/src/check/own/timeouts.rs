//! Waits without an end.

use super::super::marks::Marks;
use super::super::{Found, rules};
use super::{needs_no_transaction, of};
use crate::sql::{Script, Words};

/// Longer than this nobody should have to wait behind a statement that waits for its lock.
const LONGEST_LOCK_TIMEOUT_MILLIS: u64 = 10_000;

/// What a file waits for without an end, or for too long.
pub(in crate::check) fn timeouts(script: &Script, marks: &Marks) -> Vec<Found> {
    let mut found = Vec::new();
    let mut missing = vec![("lock_timeout", &rules::LOCK_TIMEOUT), ("statement_timeout", &rules::STATEMENT_TIMEOUT)];
    for statement in &script.statements {
        let words = &statement.words;
        for (setting, _) in &missing.clone() {
            let Some((value, is_local)) = set(words, setting) else { continue };
            missing.retain(|(other, _)| other != setting);
            if !is_local && !marks.no_transaction {
                found.push(of(script, statement, &rules::SET_NOT_LOCAL));
            }
            match millis(&value) {
                None | Some(0) => found.push(of(script, statement, &rules::TIMEOUT_OFF)),
                Some(long) if *setting == "lock_timeout" && long > LONGEST_LOCK_TIMEOUT_MILLIS => {
                    found.push(of(script, statement, &rules::LOCK_TIMEOUT_LONG));
                }
                Some(_) => {}
            }
        }
        let first = words.text(0).unwrap_or_default();
        if matches!(first, "set" | "select" | "do" | "perform" | "comment" | "commit") {
            continue;
        }
        // Without a transaction a statement alone cannot have them set for it; a block can.
        if needs_no_transaction(words) || (marks.no_transaction && statement.block.is_none()) {
            break;
        }
        for (setting, rule) in missing.drain(..) {
            if marks.no_transaction && setting == "statement_timeout" {
                continue;
            }
            let what = format!("no `{setting}` is set before `{}`", script.excerpt(statement.range.clone()));
            found.push(Found { at: statement.range.start, rule, what });
        }
        break;
    }
    found
}

/// What a statement sets a setting to, and whether for its transaction only.
fn set(words: &Words, setting: &str) -> Option<(String, bool)> {
    if words.text(0) == Some("set") {
        let is_local = words.text(1) == Some("local");
        let at = words.find(&[setting])?;
        let value = words.0.get(words.skip(at + 1, &["=", "to"]))?;
        let value = value.string().map_or(value.text.as_str(), |(content, _)| content);
        return Some((value.to_owned(), is_local));
    }
    let at = words.find(&["set_config"])?;
    let mut strings = words.0[at..].iter().filter_map(|word| word.string()).map(|(content, _)| content);
    strings.next().filter(|name| *name == setting)?;
    let value = strings.next()?;
    Some((value.to_owned(), words.has(&["true"])))
}

/// A duration as PostgreSQL takes one, in milliseconds.
fn millis(value: &str) -> Option<u64> {
    let value = value.trim();
    let digits = value.find(|other: char| !other.is_ascii_digit()).unwrap_or(value.len());
    let number: u64 = value[..digits].parse().ok()?;
    let factor = match value[digits..].trim() {
        "" | "ms" => 1,
        "s" => 1000,
        "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_postgresql_reads_them() {
        for (value, expected) in [
            ("2s", Some(2000)),
            ("500", Some(500)),
            ("0", Some(0)),
            ("10min", Some(600_000)),
            ("1h", Some(3_600_000)),
            ("soon", None),
        ] {
            assert_eq!(millis(value), expected, "{value}");
        }
    }
}
