//! What the check has to say about a place.

use std::fmt;

use serde::Serialize;

use crate::Rule;

/// Something that is wrong with a migration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The name of the file in the folder of the migrations.
    pub file: String,
    /// The line, from 1; none when it is about the file as a whole.
    pub line: Option<usize>,
    /// The name of the rule.
    pub rule: &'static str,
    /// What is there.
    pub what: String,
    /// What would happen in production.
    pub harm: &'static str,
    /// The safe way to write it.
    pub instead: &'static str,
}

impl Finding {
    pub(crate) fn of_file(file: &str, rule: &Rule, what: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            line: None,
            rule: rule.name,
            what: what.into(),
            harm: rule.harm,
            instead: rule.instead,
        }
    }

    pub(crate) fn at(file: &str, line: usize, rule: &Rule, what: impl Into<String>) -> Self {
        Self { line: Some(line), ..Self::of_file(file, rule, what) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "migrations/{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        writeln!(f, ": {}: {}", self.rule, self.what)?;
        writeln!(f, "    in production: {}", self.harm)?;
        write!(f, "    instead: {}", self.instead)
    }
}
