//! The engine's own requests, minute by minute: the load balancer counts them too, among those of users.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::Response;
use jiff::Timestamp;

use super::answer::{Behind, Parties, Way, Whose, commit_of};
use crate::edge::Clock;
use crate::verdict::errors::Counts;

/// How many seconds the load balancer counts together.
pub(super) const PERIOD: i64 = 60;

/// Own requests by minute and release. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger(Arc<Mutex<BTreeMap<(i64, bool), Counts>>>);

impl Ledger {
    /// Notes an answer of one release, the candidate or the other.
    pub(super) fn note(&self, at: Timestamp, is_candidate: bool, is_error: bool) {
        let mut entries = self.entries();
        let entry = entries.entry((minute(at), is_candidate)).or_default();
        entry.requests += 1;
        entry.errors += u64::from(is_error);
    }

    /// What was noted of a minute.
    pub(super) fn of(&self, minute: i64, is_candidate: bool) -> Counts {
        self.entries().get(&(minute, is_candidate)).copied().unwrap_or_default()
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<(i64, bool), Counts>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who notes the answers that come by one way.
#[derive(Clone, Debug)]
pub(super) struct Noting {
    pub(super) parties: Parties,
    pub(super) way: Way,
    pub(super) behind: Behind,
    pub(super) ledger: Ledger,
    pub(super) clock: Clock,
}

impl Noting {
    /// Notes an answer, when it can be told whose it is.
    pub(super) fn note(&self, answer: &Response<Bytes>, path: &str) {
        let named = commit_of(answer, path);
        let is_error = answer.status().is_server_error();
        // An error that names no commit was made by the load balancer and counted for no target.
        if is_error && named.is_none() {
            return;
        }
        match self.parties.whose(named.as_deref(), self.way, self.behind) {
            Whose::Candidate => self.ledger.note(self.clock.now(), true, is_error),
            Whose::Serving => self.ledger.note(self.clock.now(), false, is_error),
            Whose::Stranger | Whose::Unknown => {}
        }
    }
}

/// The minute that a time is in, as the second at which it begins.
pub(super) fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(PERIOD) * PERIOD
}
