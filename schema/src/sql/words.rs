//! Words: what is left of SQL without spaces and comments.

use std::ops::Range;

use squawk_syntax::{SyntaxElement, SyntaxKind, SyntaxNode};

/// A word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    /// As PostgreSQL takes it: lower case unless it is quoted.
    pub(crate) text: String,
    /// As it stands in the file.
    pub(crate) raw: String,
    /// What it is.
    pub(crate) kind: SyntaxKind,
    /// Where it begins.
    pub(crate) start: usize,
}

/// Words in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Words(pub(crate) Vec<Word>);

impl Words {
    /// The words of a part of a tree whose text begins at `offset`.
    pub(crate) fn of(node: &SyntaxNode, offset: usize) -> Self {
        let tokens = node.descendants_with_tokens().filter_map(SyntaxElement::into_token);
        let words = tokens.filter(|token| !token.kind().is_trivia()).map(|token| Word {
            text: folded(token.text()),
            raw: token.text().to_owned(),
            kind: token.kind(),
            start: offset + usize::from(token.text_range().start()),
        });
        Self(words.collect())
    }

    /// From where to where they stand.
    pub(crate) fn range(&self) -> Option<Range<usize>> {
        let (first, last) = (self.0.first()?, self.0.last()?);
        Some(first.start..last.end())
    }

    pub(crate) fn starts_with(&self, words: &[&str]) -> bool {
        self.is_at(0, words)
    }

    /// Whether these words stand one behind the other somewhere.
    pub(crate) fn has(&self, words: &[&str]) -> bool {
        self.find(words).is_some()
    }

    /// Where these words begin, as a number of words.
    pub(crate) fn find(&self, words: &[&str]) -> Option<usize> {
        (0..self.0.len()).find(|at| self.is_at(*at, words))
    }

    /// The text of a word.
    pub(crate) fn text(&self, at: usize) -> Option<&str> {
        self.0.get(at).map(|word| word.text.as_str())
    }

    /// The name that begins at a word, without its schema, and the number of the word behind it.
    pub(crate) fn name(&self, mut at: usize) -> Option<(&str, usize)> {
        while self.text(at + 1) == Some(".") {
            at += 2;
        }
        Some((self.text(at)?, at + 1))
    }

    /// The number of the first word from `at` on that is none of these.
    pub(crate) fn skip(&self, mut at: usize, words: &[&str]) -> usize {
        while self.text(at).is_some_and(|text| words.contains(&text)) {
            at += 1;
        }
        at
    }

    fn is_at(&self, at: usize, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(number, word)| self.text(at + number) == Some(*word))
    }
}

impl Word {
    pub(crate) fn end(&self) -> usize {
        self.start + self.raw.len()
    }

    /// The content of a string, with where it begins; none when it is something else.
    pub(crate) fn string(&self) -> Option<(&str, usize)> {
        let (open, close) = match self.kind {
            SyntaxKind::DOLLAR_QUOTED_STRING => {
                let tag = 2 + self.raw.get(1..)?.find('$')?;
                (tag, tag)
            }
            SyntaxKind::STRING => (1, 1),
            SyntaxKind::ESC_STRING => (2, 1),
            _ => return None,
        };
        let end = self.raw.len().checked_sub(close)?;
        Some((self.raw.get(open..end)?, self.start + open))
    }
}

/// A name as PostgreSQL takes it.
fn folded(text: &str) -> String {
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None if text.starts_with(['\'', '$']) => text.to_owned(),
        None => text.to_lowercase(),
    }
}
