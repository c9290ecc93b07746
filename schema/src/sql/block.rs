//! What a `DO` block runs.

use squawk_syntax::SourceFile;

use super::{Comment, Statement, Words, comments};

/// The words that a statement begins with which changes data or the schema, or says how.
const BEGINNINGS: [&str; 17] = [
    "alter", "call", "cluster", "comment", "create", "delete", "drop", "execute", "grant", "insert", "lock", "merge",
    "perform", "refresh", "reindex", "revoke", "truncate",
];

/// After these, a statement may begin.
const OPENINGS: [&str; 5] = ["begin", "then", "else", "loop", ";"];

/// The statements of the block that these words run, which has this number itself, and its comments;
/// none when there is no body in it that can be read.
pub(super) fn read(words: &Words, number: usize) -> Option<(Vec<Statement>, Vec<Comment>)> {
    let (body, offset) = words.0.iter().find_map(|word| word.string())?;
    // It is no SQL, so what the parser makes of it does not matter: its tokens are those of SQL.
    let node = SourceFile::parse(body).syntax_node();
    let comments = comments(&node, offset).collect();
    Some((statements(&Words::of(&node, offset), number), comments))
}

fn statements(inside: &Words, number: usize) -> Vec<Statement> {
    let mut found = Vec::new();
    let mut loops = 0_usize;
    let mut at = 0;
    while at < inside.0.len() {
        let text = inside.0[at].text.as_str();
        let before = at.checked_sub(1).and_then(|before| inside.text(before));
        if text == "loop" {
            if before == Some("end") {
                loops = loops.saturating_sub(1);
            } else {
                loops += 1;
            }
        }
        let may_begin = before.is_none_or(|before| OPENINGS.contains(&before));
        if may_begin && (text == "update" || text == "commit" || BEGINNINGS.contains(&text)) {
            let length = inside.0[at..].iter().position(|word| word.text == ";").unwrap_or(inside.0.len() - at);
            let words = Words(inside.0[at..at + length].to_vec());
            if let Some(range) = words.range() {
                found.push(Statement { words, range, block: Some(number), in_loop: loops > 0 });
            }
            at += length;
        } else {
            at += 1;
        }
    }
    found
}
