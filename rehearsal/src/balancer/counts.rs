//! What a balancer counts, by target group and by target, since its start: what CloudWatch would
//! be told as `RequestCount`, `HTTPCode_Target_5XX_Count`, `TargetResponseTime` and the like.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;

use crate::latency::Latency;
use crate::world::TaskArn;

/// Counts of requests.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Requests that were sent to a target, or would have been had there been one.
    pub requests: u64,
    /// Requests that are with a target now.
    pub under_way: u64,
    /// Answers of targets by their class: 2 for 200 to 299 and so on.
    pub target_answers: BTreeMap<u16, u64>,
    /// Answers that the balancer gave itself because there was none of a target, by status.
    pub balancer_answers: BTreeMap<u16, u64>,
    /// Connections to targets that could not be made.
    pub connection_errors: u64,
    /// From when a request was sent to a target until the head of its answer came.
    pub response_time: Latency,
}

impl Counts {
    pub(super) fn answer(&mut self, status: StatusCode, took: Duration) {
        self.requests += 1;
        *self.target_answers.entry(status.as_u16() / 100).or_default() += 1;
        self.response_time.record(took);
    }

    pub(super) fn refuse(&mut self, status: StatusCode, is_of_connection: bool) {
        self.requests += 1;
        *self.balancer_answers.entry(status.as_u16()).or_default() += 1;
        self.connection_errors += u64::from(is_of_connection);
    }
}

/// A request that is under way, as long as this lives: a client that goes away ends it too.
pub(super) struct UnderWay<'a>([&'a Mutex<Counts>; 2]);

impl<'a> UnderWay<'a> {
    /// Counts one for the group and one for the target.
    pub(super) fn new(counts: [&'a Mutex<Counts>; 2]) -> Self {
        let under_way = Self(counts);
        under_way.each(|counts| counts.under_way += 1);
        under_way
    }

    /// Changes the counts of both.
    pub(super) fn each(&self, change: impl Fn(&mut Counts)) {
        for counts in self.0 {
            change(&mut counts.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.each(|counts| counts.under_way -= 1);
    }
}

/// The counts of a target group.
#[derive(Clone, Debug)]
pub struct GroupCounts {
    /// Its name.
    pub group: String,
    /// All of it, targets that are gone included.
    pub total: Counts,
    /// The targets that are there.
    pub targets: BTreeMap<TaskArn, Counts>,
}
