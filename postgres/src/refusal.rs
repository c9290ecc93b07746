//! Why a source cannot give a PostgreSQL, and the line that would mend it.

use std::fmt;

/// A source's refusal: a reason for people and the line that would mend it. Neither holds a
/// password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    reason: String,
    remedy: String,
}

impl Refusal {
    /// A refusal for a reason, a lower-case fragment, with the line that would mend it.
    pub fn new(reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { reason: reason.into(), remedy: remedy.into() }
    }

    /// What is in the way.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> &str {
        &self.remedy
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}
