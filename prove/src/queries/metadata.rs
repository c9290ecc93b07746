//! The metadata of a query that sqlx writes and a release commits.

use std::fmt;

use anyhow::Context as _;
use serde::Deserialize;

use super::description::Shape;

/// A query that is part of a release.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// The file of its metadata.
    pub file: String,
    /// What the database is asked.
    pub text: String,
    pub(super) shape: Shape,
}

#[derive(Deserialize)]
struct File {
    query: String,
    describe: Shape,
}

impl Query {
    /// Reads a file of `.sqlx`.
    pub fn read(file: &str, text: &str) -> anyhow::Result<Self> {
        let File { query, describe } =
            serde_json::from_str(text).with_context(|| format!("{file} is no metadata of a query"))?;
        Ok(Self { file: file.to_owned(), text: query, shape: describe })
    }
}

impl fmt::Display for Query {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.text.split_whitespace().collect();
        let words = words.join(" ");
        let start: String = words.chars().take(70).collect();
        let dots = if start.len() < words.len() { " ..." } else { "" };
        let hash = self.file.trim_end_matches(".json");
        write!(formatter, "`{start}{dots}` ({})", hash.get(..18).unwrap_or(hash))
    }
}
