//! What was told in a history.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::stage::{Built, Page};

/// What was told, for whoever looks for what went wrong.
#[derive(Debug)]
pub(crate) struct Journal<'t>(Mutex<Vec<String>>, &'t Mutex<BTreeMap<u8, u64>>);

impl<'t> Journal<'t> {
    /// One that counts how runs end.
    pub(crate) fn new(tally: &'t Mutex<BTreeMap<u8, u64>>) -> Self {
        Self(Mutex::default(), tally)
    }

    pub(crate) fn ended(&self, code: u8) {
        *self.1.lock().unwrap_or_else(PoisonError::into_inner).entry(code).or_default() += 1;
        self.note(format!("ended with {code}"));
    }

    pub(crate) fn note(&self, text: impl Into<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(text.into());
    }

    pub(crate) fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }
}

/// Notes what a run has told, also when it is dropped half way.
pub(crate) struct Told<'a> {
    pub(crate) journal: &'a Journal<'a>,
    pub(crate) line: &'a str,
    pub(crate) release: &'a Built,
    pub(crate) page: Page,
}

impl Drop for Told<'_> {
    fn drop(&mut self) {
        self.journal.note(format!("RUN {} of {}\n{}", self.line, self.release.commit, self.page.text()));
    }
}
