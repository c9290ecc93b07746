//! Changes of rows: how many at once, and for how long they stay locked.

use super::super::marks::Marks;
use super::super::rules;
use crate::Rule;
use crate::sql::{Script, Statement, Word, Words};

/// Whether rows without end are changed by one statement, or by many in one transaction.
pub(super) fn change_of_rows(script: &Script, statement: &Statement, marks: &Marks) -> Option<&'static Rule> {
    let words = &statement.words;
    let unbounded = if words.text(0) == Some("update") { &rules::UNBOUNDED_UPDATE } else { &rules::UNBOUNDED_DELETE };
    if !is_bounded(words) {
        return Some(unbounded);
    }
    let commits = || {
        let mut inside = script.statements.iter().filter(|other| other.block == statement.block);
        inside.any(|other| other.in_loop && other.words.starts_with(&["commit"]))
    };
    (statement.in_loop && !(marks.no_transaction && commits())).then_some(&rules::BATCHES_IN_ONE_TRANSACTION)
}

/// Whether a WHERE says which rows by a key: a limit, a range with two ends, or single values of an
/// `id`. A condition on anything else may hold for all of them.
fn is_bounded(words: &Words) -> bool {
    let Some(condition) = words.find(&["where"]) else { return false };
    let rest = Words(words.0[condition..].to_vec());
    let is_key =
        |name: &str| name == "id" || name.ends_with("_id") || name == "ctid" || name == "slug" || name == "key";
    let mut ends = (false, false);
    for at in 0..rest.0.len() {
        let (Some(name), Some(operator)) = (rest.text(at), rest.text(at + 1)) else { continue };
        // A number of words behind `LIMIT` is always a number of rows.
        if name == "limit" {
            return true;
        }
        if !is_key(name) {
            continue;
        }
        match operator {
            ">" | ">=" => ends.0 = true,
            "<" | "<=" => ends.1 = true,
            "between" => return true,
            "=" if rest.text(at + 2) != Some("any") || !rest.has(&["select"]) => {
                // A join says nothing: `b.a_id = a.id`.
                let is_value =
                    |value: &Word| value.string().is_some() || value.text.bytes().all(|byte| byte.is_ascii_digit());
                if rest.0.get(at + 2).is_some_and(is_value) {
                    return true;
                }
            }
            "in" if rest.text(at + 3) != Some("select") => return true,
            _ => {}
        }
    }
    ends == (true, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_bounded_by_a_limit_a_range_of_keys_or_their_values() {
        for (sql, bounded) in [
            ("UPDATE t SET a = 1", false),
            ("UPDATE t SET a = 1 WHERE a IS NULL", false),
            ("UPDATE t SET a = 1 WHERE a < 5", false),
            ("UPDATE t SET a = 1 WHERE id > 5", false),
            ("UPDATE t SET a = u.a FROM u WHERE t.id = u.t_id", false),
            ("UPDATE t SET a = 1 WHERE id IN (SELECT id FROM t WHERE a IS NULL)", false),
            ("UPDATE t SET a = 1 WHERE id IN (SELECT id FROM t WHERE a IS NULL LIMIT 100)", true),
            ("UPDATE t SET a = 1 WHERE id > 5 AND id <= 10", true),
            ("UPDATE t SET a = 1 WHERE id BETWEEN 5 AND 10", true),
            ("DELETE FROM t WHERE id = 7", true),
            ("DELETE FROM t WHERE id IN (1, 2, 3)", true),
            ("DELETE FROM t WHERE slug = 'old'", true),
            ("DELETE FROM t USING u WHERE t.id = u.t_id", false),
        ] {
            let script = Script::parse(sql);
            assert_eq!(is_bounded(&script.statements[0].words), bounded, "{sql}");
        }
    }
}
