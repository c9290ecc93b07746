//! What load balancers tell CloudWatch: counts and times of requests by target group and by load
//! balancer, minute by minute, and how many targets are healthy.
//!
//! Minutes are the cloud's: at a scale of 60 each lasts a second here. Times of responses are never
//! scaled. A minute's data point can be read a minute after its end at the earliest, since "Elastic
//! Load Balancing measures and sends its metrics in 60-second intervals", and a minute in which
//! nothing happened has none: "if there are no requests flowing through the load balancer or no data
//! for a metric, the metric is not reported" (CloudWatch metrics for your Application Load Balancer).

pub(crate) mod metric;
pub(crate) mod read;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::Scale;
use crate::latency::Latency;
use crate::model::targets::{TargetGroup, TargetState};
use crate::world::seconds;

/// The length of the periods that are kept.
const MINUTE: Duration = Duration::from_mins(1);

/// How long after its end a minute can be read.
const DELAY: Duration = Duration::from_mins(1);

/// How many minutes of a series are kept: those of three days.
const KEPT: usize = 3 * 24 * 60;

/// What is wrong with metrics on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MetricsFault {
    /// There are no data points, as if nothing had ever been measured.
    Missing,
    /// Data points can be read this much later than they could; already scaled. In JSON: seconds.
    Late(#[serde(with = "seconds")] Duration),
}

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The target answered with this status, this long after it was asked.
    Answered(StatusCode, Duration),
    /// The load balancer answered with this status, since the target that it had chosen did not.
    Unanswered {
        /// The status: 502 or 504.
        status: StatusCode,
        /// Whether there was no connection to the target.
        connection: bool,
    },
    /// The load balancer answered with this status, since there was no target to choose.
    Rejected(StatusCode),
}

/// A request, as a load balancer tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The load balancer as the dimension `LoadBalancer` has it: `app/NAME/ID`.
    pub load_balancer: String,
    /// The target group as the dimension `TargetGroup` has it: `targetgroup/NAME/ID`.
    pub target_group: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// All metrics of an account. A clone is another handle.
#[derive(Clone, Debug)]
pub(crate) struct Metrics(Arc<Mutex<Store>>);

#[derive(Debug)]
struct Store {
    scale: Scale,
    /// By load balancer and target group; what was rejected before a target was chosen has no group.
    requests: BTreeMap<(String, Option<String>), BTreeMap<i128, Minute>>,
    /// By target group.
    hosts: BTreeMap<String, Hosts>,
}

/// What happened in a minute.
#[derive(Clone, Debug, Default)]
struct Minute {
    /// Requests for which a target was chosen.
    requests: u64,
    /// Answers of targets, by their class.
    answers: BTreeMap<u16, u64>,
    /// Answers of the load balancer, by status.
    unanswered: BTreeMap<u16, u64>,
    connection_errors: u64,
    times: Latency,
}

/// The targets of a group over time.
#[derive(Debug, Default)]
struct Hosts {
    /// The load balancers that send requests to it.
    load_balancers: BTreeSet<String>,
    /// What they were from a moment on, the oldest first.
    changes: Vec<(Timestamp, Count)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    registered: u64,
    healthy: u64,
    unhealthy: u64,
}

impl Metrics {
    /// Nothing measured yet.
    pub(crate) fn new(scale: Scale) -> Self {
        Self(Arc::new(Mutex::new(Store { scale, requests: BTreeMap::new(), hosts: BTreeMap::new() })))
    }

    /// Counts a request that ended at this time.
    pub(crate) fn record(&self, sample: &Sample, at: Timestamp) {
        let mut store = self.lock();
        let minute = store.minute_of(at);
        let group = match sample.outcome {
            Outcome::Rejected(_) => None,
            _ => Some(sample.target_group.clone()),
        };
        let series = store.requests.entry((sample.load_balancer.clone(), group)).or_default();
        series.entry(minute).or_default().count(sample.outcome);
        if series.len() > KEPT {
            series.pop_first();
        }
    }

    /// Takes what the target groups are from now on, each with the load balancers that know it.
    pub(crate) fn record_hosts(
        &self,
        groups: &[TargetGroup],
        balancers: impl Fn(&TargetGroup) -> Vec<String>,
        at: Timestamp,
    ) {
        let mut store = self.lock();
        for group in groups {
            let are = |state| group.targets.iter().filter(|target| target.state == state).count() as u64;
            let (healthy, unhealthy) = (are(TargetState::Healthy), are(TargetState::Unhealthy));
            let count = Count { registered: are(TargetState::Initial) + healthy + unhealthy, healthy, unhealthy };
            let hosts = store.hosts.entry(dimension(&group.arn).to_owned()).or_default();
            hosts.load_balancers = balancers(group).into_iter().collect();
            if hosts.changes.last().map(|(_, last)| *last).unwrap_or_default() != count {
                hosts.changes.push((at, count));
            }
        }
    }

    /// How long a period of so many minutes lasts here.
    pub(crate) fn period(&self, minutes: u32) -> Duration {
        self.lock().scale.of(MINUTE * minutes)
    }

    /// When the minute that is under way began.
    pub(crate) fn this_minute(&self, now: Timestamp) -> Timestamp {
        let store = self.lock();
        store.begin_of(store.minute_of(now))
    }

    /// When the next minute begins.
    pub(crate) fn next_minute(&self, now: Timestamp) -> Timestamp {
        let store = self.lock();
        store.begin_of(store.minute_of(now) + 1)
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    fn minute_of(&self, at: Timestamp) -> i128 {
        at.as_nanosecond().div_euclid(self.nanoseconds())
    }

    fn begin_of(&self, minute: i128) -> Timestamp {
        Timestamp::from_nanosecond(minute * self.nanoseconds()).unwrap_or(Timestamp::MAX)
    }

    fn nanoseconds(&self) -> i128 {
        i128::try_from(self.scale.of(MINUTE).as_nanos()).unwrap_or(i128::MAX).max(1)
    }
}

impl Minute {
    fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Answered(status, took) => {
                self.requests += 1;
                *self.answers.entry(status.as_u16() / 100).or_default() += 1;
                self.times.record(took);
            }
            Outcome::Unanswered { status, connection } => {
                self.requests += 1;
                *self.unanswered.entry(status.as_u16()).or_default() += 1;
                self.connection_errors += u64::from(connection);
            }
            Outcome::Rejected(status) => *self.unanswered.entry(status.as_u16()).or_default() += 1,
        }
    }

    fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.connection_errors += other.connection_errors;
        for (mine, theirs) in [(&mut self.answers, &other.answers), (&mut self.unanswered, &other.unanswered)] {
            for (status, count) in theirs {
                *mine.entry(*status).or_default() += count;
            }
        }
        self.times.merge(&other.times);
    }
}

/// The dimension's value of an ARN: what stands behind its last colon.
pub(crate) fn dimension(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

/// The load balancer that a listener rule belongs to, by its ARN: `app/NAME/ID` of
/// `...:listener-rule/app/NAME/ID/LISTENER/RULE`.
pub(crate) fn balancer_of_rule(arn: &str) -> String {
    let path = dimension(arn).strip_prefix("listener-rule/").unwrap_or_default();
    path.split('/').take(3).collect::<Vec<_>>().join("/")
}

/// The load balancer of a target group that no rule knows and a listener has to itself: `app/` and
/// the group's own name and id.
pub(crate) fn balancer_of_group(arn: &str) -> String {
    format!("app/{}", dimension(arn).trim_start_matches("targetgroup/"))
}
