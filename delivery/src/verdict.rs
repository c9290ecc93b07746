//! What was found about a release, in numbers and in words that a person can check.

use std::fmt;

use serde::Serialize;

use crate::evidence::{Check, Judgement};

/// What is watched, each of which may take a release back by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// The share of requests that fail.
    ErrorRate,
    /// How long answers take, against the release that serves.
    Latency,
    /// A critical user flow.
    Flow,
    /// Tasks that crash, cannot start or fail their health checks.
    Tasks,
    /// A CloudWatch alarm.
    Alarm,
    /// Whether it is ready.
    Readiness,
}

impl Trigger {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::ErrorRate, Self::Latency, Self::Flow, Self::Tasks, Self::Alarm, Self::Readiness];
}

impl fmt::Display for Trigger {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::ErrorRate => "error rate",
            Self::Latency => "latency",
            Self::Flow => "flow",
            Self::Tasks => "tasks",
            Self::Alarm => "alarm",
            Self::Readiness => "readiness",
        })
    }
}

/// Whose requests they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The engine's own.
    Probes,
    /// Those of users, as the load balancer counted them.
    Users,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// What was watched.
    pub trigger: Trigger,
    /// How it was judged.
    pub judgement: Judgement,
    /// What was measured, against which limit, for people.
    pub words: String,
    /// What was measured.
    pub measured: Option<f64>,
    /// The most that was allowed.
    pub limit: Option<f64>,
    /// What both count.
    pub unit: &'static str,
}

impl Finding {
    /// The same as evidence, under this name of a watch.
    #[must_use]
    pub fn check(&self, watch: &str) -> Check {
        let check = Check::new(format!("{watch}: {}", self.trigger), self.judgement, self.words.clone());
        match (self.measured, self.limit) {
            (Some(measured), Some(limit)) => check.with_numbers(measured, limit, self.unit),
            _ => check,
        }
    }
}
