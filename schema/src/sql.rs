//! A file as statements and words, the statements inside of `DO` blocks included.
//!
//! A block is PL/pgSQL, of which only the SQL matters here: control words are skipped, and what
//! begins like a statement of its own is one. All positions are bytes of the file.

mod block;
mod words;

use std::ops::Range;

use squawk_syntax::ast::AstNode as _;
use squawk_syntax::{SourceFile, SyntaxElement, SyntaxKind, SyntaxNode};

pub(crate) use words::{Word, Words};

/// A comment, behind where it begins.
pub(crate) type Comment = (usize, String);

/// A file, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    /// The text of the file.
    text: String,
    /// What runs, in order: a `DO` is followed by what runs inside of it.
    pub(crate) statements: Vec<Statement>,
    /// Where it is no SQL, and why.
    pub(crate) errors: Vec<(usize, String)>,
    /// The comments, those inside of blocks too, with where each begins.
    pub(crate) comments: Vec<Comment>,
}

/// A statement.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    /// Its words, without comments.
    pub(crate) words: Words,
    /// Where it stands.
    pub(crate) range: Range<usize>,
    /// The block that it is part of, as its number among the statements.
    pub(crate) block: Option<usize>,
    /// Whether it is repeated by a loop of its block.
    pub(crate) in_loop: bool,
}

impl Script {
    pub(crate) fn parse(text: &str) -> Self {
        let parsed = SourceFile::parse(text);
        let errors = parsed.errors();
        let errors = errors.iter().map(|error| (usize::from(error.range().start()), error.message().to_owned()));
        let comments = comments(&parsed.syntax_node(), 0).collect();
        let mut script = Self { text: text.to_owned(), statements: Vec::new(), errors: errors.collect(), comments };
        for statement in parsed.tree().stmts() {
            let mut words = Words::of(statement.syntax(), 0);
            words.0.retain(|word| word.kind != SyntaxKind::SEMICOLON);
            let Some(range) = words.range() else { continue };
            let number = script.statements.len();
            let body = words.starts_with(&["do"]).then(|| block::read(&words, number)).flatten();
            script.statements.push(Statement { words, range, block: None, in_loop: false });
            if let Some((statements, comments)) = body {
                script.statements.extend(statements);
                script.comments.extend(comments);
            }
        }
        script.comments.sort();
        script
    }

    /// The line of a position, from 1.
    pub(crate) fn line(&self, position: usize) -> usize {
        1 + self.text.get(..position).unwrap_or(&self.text).matches('\n').count()
    }

    /// The words at a range as they stand in the file, on one line and not without end.
    pub(crate) fn excerpt(&self, range: Range<usize>) -> String {
        const LONGEST: usize = 90;
        let text = self.text.get(range).unwrap_or_default();
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(LONGEST) {
            Some((cut, _)) => format!("{}...", &line[..cut]),
            None => line,
        }
    }

    /// The statement that a position is in, the innermost one.
    pub(crate) fn statement_at(&self, position: usize) -> Option<&Statement> {
        self.statements.iter().rev().find(|statement| statement.range.contains(&position))
    }

    /// The file with nothing but what squawk is to look at, everything where it was: the statements,
    /// those inside of blocks instead of the blocks, and no comment, since squawk takes orders from
    /// comments.
    pub(crate) fn for_squawk(&self) -> String {
        let mut kept = vec![false; self.text.len()];
        for (number, statement) in self.statements.iter().enumerate() {
            if self.statements.iter().any(|inner| inner.block == Some(number)) {
                continue;
            }
            let end = (statement.range.end..self.text.len()).find(|at| self.text.as_bytes()[*at] == b';');
            let end = end.map_or(statement.range.end, |semicolon| {
                if self.text[statement.range.end..semicolon].trim().is_empty() {
                    semicolon + 1
                } else {
                    statement.range.end
                }
            });
            kept[statement.range.start..end].fill(true);
        }
        for (start, comment) in &self.comments {
            kept[*start..start + comment.len()].fill(false);
        }
        let blank = |(byte, kept): (u8, bool)| if kept || byte == b'\n' { byte } else { b' ' };
        let bytes = self.text.bytes().zip(kept).map(blank).collect();
        // Whole tokens are kept or blanked, so no character is cut in two.
        String::from_utf8(bytes).unwrap_or_default()
    }
}

/// The comments below a part of a tree whose text begins at `offset`, with where each begins.
fn comments(node: &SyntaxNode, offset: usize) -> impl Iterator<Item = Comment> {
    let tokens = node.descendants_with_tokens().filter_map(SyntaxElement::into_token);
    let comments = tokens.filter(|token| token.kind() == SyntaxKind::COMMENT);
    comments.map(move |token| (offset + usize::from(token.text_range().start()), token.text().to_owned()))
}

#[cfg(test)]
mod tests;
