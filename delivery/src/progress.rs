//! What a run says while it goes: events for people and programs, told to whoever listens.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::edge::Clock;
use crate::evidence::{Judgement, Verdict};
use crate::release::Release;
use crate::verdict::{Finding, Source};

/// A step of a verb's runbook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Looking: the tree, the image, the environment, the gates.
    Preflight,
    /// Taking the environment's lock.
    Lock,
    /// Deciding what is to be done.
    Plan,
    /// Bringing the image into the registry.
    Push,
    /// Putting the environment's tag on it.
    Tag,
    /// A task definition with the image's digest.
    Register,
    /// The schema.
    Migrate,
    /// Asking ECS for the new revision.
    Update,
    /// Following what ECS makes of it.
    Follow,
    /// Watching what serves, or what is coming in.
    Watch,
    /// Holding what serves against what was asked for.
    Prove,
    /// Asking the service itself.
    Smoke,
    /// Recording the verdict.
    Evidence,
    /// Going back.
    RollBack,
    /// Giving the lock back.
    Unlock,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A step begins. `limit` is how long it may last.
    Began {
        /// Which.
        step: Step,
        /// What it is about, for people.
        what: String,
        /// The longest that it may last, in seconds when serialised.
        #[serde(serialize_with = "seconds", rename = "limit_seconds")]
        limit: Option<Duration>,
    },
    /// A step ended.
    Ended {
        /// Which.
        step: Step,
        /// How.
        outcome: Outcome,
        /// What came of it, for people.
        what: String,
        /// How long it lasted, in seconds when serialised.
        #[serde(serialize_with = "some_seconds", rename = "took_seconds")]
        took: Duration,
    },
    /// Something worth a line, as it happens.
    Said {
        /// During which step.
        step: Step,
        /// The line.
        what: String,
    },
    /// Something that a person should look at, though the run goes on.
    Warned {
        /// During which step.
        step: Step,
        /// The line.
        what: String,
    },
    /// How a service deployment stands. Told when it changes, and every few seconds.
    Tasks {
        /// During which step: [`Step::Follow`] or [`Step::RollBack`].
        step: Step,
        /// The figures.
        tasks: Tasks,
        /// How long the step has lasted.
        #[serde(serialize_with = "some_seconds", rename = "spent_seconds")]
        spent: Duration,
        /// How long it may last.
        #[serde(serialize_with = "some_seconds", rename = "limit_seconds")]
        limit: Duration,
    },
    /// ECS entered a stage of a deployment, or the weights of traffic changed.
    Stage(Stage),
    /// What a watch has measured so far. Told every few seconds.
    Measured(Box<Measured>),
    /// A watch came to its verdict.
    Judged {
        /// Of what: `before users`, `5 %`, `bake`.
        watch: String,
        /// How.
        judgement: Judgement,
        /// Why, the finding that decided first.
        findings: Vec<Finding>,
    },
    /// How the alarms stand. Told when it changes.
    Alarms {
        /// `OK`, `ALARM` or `INSUFFICIENT_DATA`, by their names.
        states: BTreeMap<String, String>,
    },
    /// What the run is about, once it is known.
    About(Box<About>),
    /// What is recorded about the release, whether or not it could be stored.
    Recorded(Box<Verdict>),
    /// A line that a task wrote.
    Log {
        /// Which task: its id.
        task: String,
        /// The line.
        line: String,
    },
}

/// What a run is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct About {
    /// What is brought in, when both halves of it are known.
    pub release: Option<Release>,
    /// What serves before it, for people.
    pub serving: String,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Done.
    Done,
    /// There was nothing to do.
    Skipped,
    /// A gate refused.
    Refused,
    /// It failed.
    Failed,
}

/// How the tasks of a service deployment stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tasks {
    /// ECS's word for the service deployment's status, `IN_PROGRESS` for one.
    pub status: String,
    /// How many tasks of the new revision there should be.
    pub desired: i32,
    /// How many of them run.
    pub running: i32,
    /// How many of them are being started.
    pub pending: i32,
    /// How many of them ECS counts as failed; it forgets them once one runs.
    pub failed: i32,
    /// How many tasks of older revisions still run.
    pub old: i32,
}

/// A stage of a deployment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stage {
    /// ECS's word, `POST_TEST_TRAFFIC_SHIFT` for one.
    pub name: String,
    /// The candidate's share of production traffic, in percent.
    pub weight: f64,
    /// Who decides here what comes next: `ECS`, `the engine`.
    pub decides: String,
    /// What is waited for, for people.
    pub why: String,
}

/// What a watch has measured so far.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// Of what: `before users`, `5 %`, `bake`.
    pub watch: String,
    /// The candidate's share of production traffic, in percent.
    pub weight: f64,
    /// Where the figures come from.
    pub source: Source,
    /// The release that comes in.
    pub candidate: Arm,
    /// The release that serves at the same time.
    pub serving: Option<Arm>,
    /// How long this watch has lasted.
    #[serde(serialize_with = "some_seconds", rename = "spent_seconds")]
    pub spent: Duration,
    /// How long it lasts.
    #[serde(serialize_with = "some_seconds", rename = "for_seconds")]
    pub lasts: Duration,
}

/// The requests of one release.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Arm {
    /// How many.
    pub requests: u64,
    /// How many of them failed.
    pub errors: u64,
    /// The interval of the error rate, both ends from 0 to 1; none without requests.
    pub error_rate: Option<(f64, f64)>,
    /// Half of them took no longer, in seconds.
    pub p50: Option<f64>,
    /// 95 of 100 of them took no longer, in seconds.
    pub p95: Option<f64>,
}

/// An event with its time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// Who listens.
pub trait Listener: Send + Sync {
    /// Takes an event; it may not block.
    fn take(&self, moment: Moment);
}

/// Where the engine says what happens. Cheap to clone.
#[derive(Clone)]
pub struct Progress {
    listener: Arc<dyn Listener>,
    clock: Clock,
}

impl fmt::Debug for Progress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Progress")
    }
}

impl Progress {
    /// Tells this listener, with the time of this clock.
    #[must_use]
    pub fn new(listener: Arc<dyn Listener>, clock: Clock) -> Self {
        Self { listener, clock }
    }

    /// Tells nobody.
    #[must_use]
    pub fn silent() -> Self {
        struct Nobody;
        impl Listener for Nobody {
            fn take(&self, _: Moment) {}
        }
        Self::new(Arc::new(Nobody), Clock::System)
    }

    /// Tells an event.
    pub fn tell(&self, event: Event) {
        self.listener.take(Moment { at: self.clock.now(), event });
    }

    /// Says a line.
    pub fn say(&self, step: Step, what: impl Into<String>) {
        self.tell(Event::Said { step, what: what.into() });
    }

    /// Warns.
    pub fn warn(&self, step: Step, what: impl Into<String>) {
        self.tell(Event::Warned { step, what: what.into() });
    }

    /// Begins a step, which whoever gets it ends.
    #[must_use]
    pub fn begin(&self, step: Step, what: impl Into<String>, limit: Option<Duration>) -> Begun {
        self.tell(Event::Began { step, what: what.into(), limit });
        Begun { progress: self.clone(), step, since: tokio::time::Instant::now() }
    }
}

/// A step that goes on.
#[derive(Debug)]
pub struct Begun {
    progress: Progress,
    step: Step,
    since: tokio::time::Instant,
}

impl Begun {
    /// How long it has lasted.
    #[must_use]
    pub fn spent(&self) -> Duration {
        self.since.elapsed()
    }

    /// Ends it well.
    pub fn done(self, what: impl Into<String>) {
        self.end(Outcome::Done, what);
    }

    /// Ends it with nothing done.
    pub fn skipped(self, what: impl Into<String>) {
        self.end(Outcome::Skipped, what);
    }

    /// Ends it.
    pub fn end(self, outcome: Outcome, what: impl Into<String>) {
        let took = self.since.elapsed();
        self.progress.tell(Event::Ended { step: self.step, outcome, what: what.into(), took });
    }
}

fn some_seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

#[expect(clippy::ref_option, reason = "serde passes fields by reference")]
fn seconds<S: serde::Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => some_seconds(duration, serializer),
        None => serializer.serialize_none(),
    }
}
