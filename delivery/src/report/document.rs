//! The document for programs: how the run ended, what it came to, and what happened.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::style::Tone;
use crate::exit;
use crate::progress::Moment;

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// The verb, as it was called.
    pub verb: String,
    /// The exit code.
    pub code: u8,
    /// What came of it, for people: lines that say what is done, or the error.
    pub lines: Vec<String>,
    /// What came of it, for programs; null when it failed.
    pub result: Value,
    /// Where the run's page is, when it has one.
    pub page: Option<PathBuf>,
}

impl Ended {
    /// It was done.
    #[must_use]
    pub fn well(verb: &str, lines: Vec<String>, result: Value) -> Self {
        Self { verb: verb.to_owned(), code: exit::DONE, lines, result, page: None }
    }

    /// It was not.
    #[must_use]
    pub fn badly(verb: &str, error: &anyhow::Error) -> Self {
        let lines = format!("{error:#}").lines().map(str::to_owned).collect();
        Self { verb: verb.to_owned(), code: exit::code_of(error), lines, result: Value::Null, page: None }
    }

    /// Whether it was done.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.code == exit::DONE
    }

    /// What the exit code means.
    #[must_use]
    pub fn meaning(&self) -> &'static str {
        match self.code {
            exit::DONE => "done",
            exit::USAGE => "usage",
            exit::REFUSED => "refused",
            exit::COULD_NOT_TELL => "could not tell",
            exit::FAILED => "failed, the old release still serves",
            exit::ROLLED_BACK => "failed and rolled back",
            exit::ROLLBACK_FAILED => "the rollback failed",
            exit::INTERRUPTED => "interrupted",
            _ => "unexpected",
        }
    }

    pub(super) fn words(&self) -> String {
        let text = self.lines.join("\n");
        if self.is_well() { text } else { format!("error: {text}") }
    }

    pub(super) fn tone(&self) -> Tone {
        if self.is_well() { Tone::Good } else { Tone::Bad }
    }
}

pub(super) fn of(ended: &Ended, moments: &[Moment]) -> Value {
    let error = if ended.is_well() { Value::Null } else { json!(ended.lines.join("\n")) };
    json!({
        "verb": ended.verb,
        "exit_code": ended.code,
        "outcome": ended.meaning(),
        "error": error,
        "result": ended.result,
        "page": ended.page,
        "events": moments,
    })
}

/// Passes every text of a document through a filter, keys included.
pub(super) fn redact(value: &mut Value, safe: &impl Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = safe(text),
        Value::Array(values) => values.iter_mut().for_each(|value| redact(value, safe)),
        Value::Object(fields) => {
            for (name, mut value) in std::mem::take(fields) {
                redact(&mut value, safe);
                fields.insert(safe(&name), value);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
