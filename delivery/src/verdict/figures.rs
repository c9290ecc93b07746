//! How the service's own figures are judged, those of its worker and its cache, against those of the
//! release that serves: each answer of both is a round.
//!
//! Neither may take a healthy release back on noise. A worker has to lag behind in several rounds in
//! a row, and a cache, which begins empty, counts only once it has been asked often and fills no
//! more. What is not told by both is not judged, and that is said.

mod cache;
mod lag;

use std::time::Duration;

use super::{Finding, Trigger};
use crate::evidence::Judgement;
use cache::Cache;
use lag::Lag;

/// What a release tells in one answer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Told {
    /// The age of the oldest thing that its worker has not done, in seconds.
    pub lag: Option<f64>,
    /// The share of lookups that the cache of the task has answered since it started, 0 to 1.
    pub hit_rate: Option<f64>,
    /// How many lookups there were.
    pub lookups: Option<f64>,
}

/// What is tolerated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// How much further the worker may lag than that of the old release.
    pub lag: Duration,
    /// The hit rate is at least this share of that of the old release, 0.5 for half of it.
    pub hits: f64,
    /// A cache of fewer lookups is cold, and not judged.
    pub lookups: u32,
}

/// The rounds of a deployment.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    lag: Lag,
    cache: Cache,
}

impl Figures {
    /// Takes a round; what is bad, when this round is the one that shows it. What the old release tells may
    /// be of the same time or, where it is asked no more, what it told on average before.
    pub fn take(&mut self, ours: Told, theirs: Told, tolerance: &Tolerance) -> Option<Finding> {
        let lags = self.lag.take(ours.lag, theirs.lag, tolerance.lag.as_secs_f64());
        let misses = self.cache.take(ours, theirs, tolerance);
        lags.or(misses)
    }

    /// How it is at the end of a watch.
    #[must_use]
    pub fn findings(&self, tolerance: &Tolerance) -> Vec<Finding> {
        if !self.lag.is_told() && !self.cache.is_told() {
            return vec![not_judged("it tells no figures of its worker and its cache in /ready")];
        }
        vec![self.lag.finding(tolerance.lag.as_secs_f64()), self.cache.finding(tolerance)]
    }
}

/// What is told and decides nothing, for this reason.
fn not_judged(why: impl std::fmt::Display) -> Finding {
    let words = format!("{why}: it is not judged by that");
    Finding::new(Trigger::Figures, Judgement::Inconclusive, words).told_only()
}
