//! What came of a load: counts by phase, by kind of connection and by reason, and the first failures.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use crate::latency::Latency;

/// How many failures are kept whole; the rest are counted.
const KEPT: usize = 100;

/// Over which kind of connection a request went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Connection {
    /// One of its own, closed after it.
    New,
    /// One that others used before and will use again.
    Reused,
}

/// Why a request has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Another status than the right one.
    Status(u16),
    /// No connection could be made.
    Connect,
    /// The connection broke before an answer.
    Broken,
    /// The answer began and did not come to its end.
    Truncated,
    /// No whole answer in time.
    Timeout,
    /// So many requests were under way that this one was not sent.
    Overrun,
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(formatter, "status {status}"),
            Self::Connect => formatter.write_str("no connection"),
            Self::Broken => formatter.write_str("the connection broke before an answer"),
            Self::Truncated => formatter.write_str("the answer broke off"),
            Self::Timeout => formatter.write_str("no answer in time"),
            Self::Overrun => formatter.write_str("not sent: too many under way"),
        }
    }
}

impl Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A request that has failed.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    /// When it was due, after the start of the load.
    pub after: Duration,
    /// How long it took until it had failed.
    pub took: Duration,
    /// The phase in which it was due.
    pub phase: String,
    /// How it was sent.
    pub connection: Connection,
    /// Why.
    pub reason: Reason,
}

/// Counts of requests.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Right answers.
    pub answered: u64,
    /// Failures, by reason.
    pub failed: BTreeMap<Reason, u64>,
    /// From when a request was due until its right answer was there, whole.
    pub latency: Latency,
}

impl Tally {
    /// All failures.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.failed.values().sum()
    }

    /// All requests.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.answered + self.failures()
    }

    fn note(&mut self, took: Duration, outcome: Result<(), Reason>) {
        match outcome {
            Ok(()) => {
                self.answered += 1;
                self.latency.record(took);
            }
            Err(reason) => *self.failed.entry(reason).or_default() += 1,
        }
    }

    fn merge(&mut self, other: &Self) {
        self.answered += other.answered;
        self.latency.merge(&other.latency);
        for (reason, count) in &other.failed {
            *self.failed.entry(*reason).or_default() += count;
        }
    }
}

/// What came of a phase.
#[derive(Clone, Debug)]
pub struct Phase {
    /// Its name.
    pub name: String,
    /// When it began, after the start of the load.
    pub began: Duration,
    /// Requests over connections of their own.
    pub new: Tally,
    /// Requests over connections that were reused.
    pub reused: Tally,
}

impl Phase {
    /// All of its requests.
    #[must_use]
    pub fn total(&self) -> Tally {
        let mut total = self.new.clone();
        total.merge(&self.reused);
        total
    }
}

/// What came of a load.
#[derive(Clone, Debug)]
pub struct Summary {
    /// How long it has run.
    pub elapsed: Duration,
    /// Its phases, in order; two of the same name are two.
    pub phases: Vec<Phase>,
    /// The first failures.
    pub failures: Vec<Failure>,
}

impl Summary {
    /// All requests.
    #[must_use]
    pub fn total(&self) -> Tally {
        self.sum(Phase::total)
    }

    /// All requests over connections of one kind.
    #[must_use]
    pub fn over(&self, connection: Connection) -> Tally {
        self.sum(|phase| match connection {
            Connection::New => phase.new.clone(),
            Connection::Reused => phase.reused.clone(),
        })
    }

    fn sum(&self, of: impl Fn(&Phase) -> Tally) -> Tally {
        let mut sum = Tally::default();
        for phase in &self.phases {
            sum.merge(&of(phase));
        }
        sum
    }
}

/// The account that is kept while a load runs.
#[derive(Debug)]
pub(super) struct Book {
    began: Instant,
    phases: Vec<Phase>,
    failures: Vec<Failure>,
}

impl Book {
    pub(super) fn new(began: Instant) -> Self {
        let mut book = Self { began, phases: Vec::new(), failures: Vec::new() };
        book.begin("", began);
        book
    }

    pub(super) fn begin(&mut self, name: &str, now: Instant) {
        let began = now - self.began;
        self.phases.push(Phase { name: name.to_owned(), began, new: Tally::default(), reused: Tally::default() });
    }

    /// The number of the phase that requests belong to which are due now.
    pub(super) fn current(&self) -> usize {
        self.phases.len() - 1
    }

    pub(super) fn note(
        &mut self,
        phase: usize,
        connection: Connection,
        due: Instant,
        now: Instant,
        outcome: Result<(), Reason>,
    ) {
        let took = now - due;
        let phase = &mut self.phases[phase];
        let tally = match connection {
            Connection::New => &mut phase.new,
            Connection::Reused => &mut phase.reused,
        };
        tally.note(took, outcome);
        if let Err(reason) = outcome
            && self.failures.len() < KEPT
        {
            let after = due - self.began;
            self.failures.push(Failure { after, took, phase: phase.name.clone(), connection, reason });
        }
    }

    pub(super) fn summary(&self, now: Instant) -> Summary {
        Summary { elapsed: now - self.began, phases: self.phases.clone(), failures: self.failures.clone() }
    }
}
