//! The fault of one task as it is played: what it has met so far, and whom it meets next.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::effect::{Effect, Moment, effect};
use crate::world::TaskFault;

/// What counts as the rate of requests is what came within this time.
const LATELY: Duration = Duration::from_secs(1);

/// The fault of a task, from the task's start.
#[derive(Debug)]
pub(crate) struct Play {
    fault: Option<TaskFault>,
    began: Instant,
    met: Mutex<Met>,
}

/// What has come to the task so far.
#[derive(Debug)]
struct Met {
    taken: u64,
    under_way: u64,
    first_of_users: Option<Instant>,
    lately: VecDeque<Instant>,
    /// How much of an error is owed.
    owed: f64,
    ended: bool,
}

/// A request that a task is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    /// The path, without the query.
    pub(crate) path: &'a str,
    /// Whether a user asks, and not whoever tries a release before users get it.
    pub(crate) of_users: bool,
    /// The share of users' requests that the task's target group gets.
    pub(crate) share: f64,
}

/// What is done to a request, which is under way as long as this lives.
#[derive(Debug)]
pub(crate) struct Turn {
    play: Arc<Play>,
    /// Whether it is answered with an error instead.
    pub(crate) fails: bool,
    /// The exit code of the task, which ends with this request.
    pub(crate) ends: Option<i32>,
    by: Duration,
    factor: f64,
}

impl Turn {
    /// How long an answer takes that would take so long.
    pub(crate) fn stretch(&self, took: Duration) -> Duration {
        (took + self.by).mul_f64(self.factor)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.play.met().under_way -= 1;
    }
}

impl Play {
    /// That of a task which starts now. Where in a row of requests the first error comes is the
    /// task's own, so that those of a fleet do not come all at once.
    pub(crate) fn new(task: &str, fault: Option<TaskFault>) -> Arc<Self> {
        let owed = f64::from(hash(task)) / (f64::from(u32::MAX) + 1.0);
        let met = Met { taken: 0, under_way: 0, first_of_users: None, lately: VecDeque::new(), owed, ended: false };
        Arc::new(Self { fault, began: Instant::now(), met: Mutex::new(met) })
    }

    /// Whether a health check of this path may pass.
    pub(crate) fn is_ready(&self, path: &str, share: f64) -> bool {
        let Some(fault) = &self.fault else { return true };
        let met = self.met();
        !effect(fault, &met.moment(self.began, Instant::now(), path, share)).unready
    }

    /// Takes a request; what is to be done to it.
    pub(crate) fn take(self: &Arc<Self>, asked: Asked<'_>) -> Turn {
        let mut met = self.met();
        met.taken += 1;
        met.under_way += 1;
        let Some(fault) = &self.fault else {
            drop(met);
            return Turn { play: Arc::clone(self), fails: false, ends: None, by: Duration::ZERO, factor: 1.0 };
        };
        let now = Instant::now();
        while met.lately.front().is_some_and(|time| now.duration_since(*time) >= LATELY) {
            met.lately.pop_front();
        }
        met.lately.push_back(now);
        if asked.of_users {
            met.first_of_users.get_or_insert(now);
        }
        let Effect { errors, by, factor, ends, .. } =
            effect(fault, &met.moment(self.began, now, asked.path, asked.share));
        // They are spread evenly, so that a share of a few requests is that share too.
        met.owed += errors;
        let fails = met.owed >= 1.0;
        if fails {
            met.owed -= 1.0;
        }
        let ends = ends.filter(|_| !std::mem::replace(&mut met.ended, true));
        drop(met);
        Turn { play: Arc::clone(self), fails, ends, by, factor }
    }

    fn met(&self) -> MutexGuard<'_, Met> {
        self.met.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Met {
    fn moment<'a>(&self, began: Instant, now: Instant, path: &'a str, share: f64) -> Moment<'a> {
        let lately = self.lately.iter().rev().take_while(|time| now.duration_since(**time) < LATELY).count();
        Moment {
            path,
            age: now.duration_since(began),
            in_production: self.first_of_users.map(|first| now.duration_since(first)),
            share,
            under_way: self.under_way,
            rate: lately as f64,
            taken: self.taken,
        }
    }
}

/// FNV-1a, mixed once more: names of tasks differ in few letters.
fn hash(text: &str) -> u32 {
    let sum = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let mixed = (sum ^ sum >> 16).wrapping_mul(0x85eb_ca6b);
    (mixed ^ mixed >> 13).wrapping_mul(0xc2b2_ae35)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::When;

    const ASKED: Asked<'_> = Asked { path: "/", of_users: true, share: 1.0 };

    fn only(when: When, fault: TaskFault) -> TaskFault {
        TaskFault::Only { when, fault: Box::new(fault) }
    }

    #[tokio::test(start_paused = true)]
    async fn a_share_of_errors_is_that_share_of_any_hundred_requests() {
        for (rate, expected) in [(0.0, 0), (0.05, 5), (0.25, 25), (0.5, 50), (1.0, 100)] {
            for task in ["a", "b", "c", "d"] {
                let play = Play::new(task, Some(TaskFault::Errors { rate }));
                let failed = (0..100).filter(|_| play.take(ASKED).fails).count();
                // Twentieths do not add up to one exactly in binary.
                assert!(failed.abs_diff(expected) <= 1, "{rate} {task}: {failed}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_errors_of_a_fleet_do_not_come_all_at_once() {
        let first = |task: &str| {
            let play = Play::new(task, Some(TaskFault::Errors { rate: 0.05 }));
            (1..=20).find(|_| play.take(ASKED).fails)
        };
        let all: std::collections::BTreeSet<_> = ["a", "b", "c", "d"].map(first).into();
        assert!(all.len() > 2, "{all:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn time_counts_from_the_start_and_from_the_first_request_of_users() {
        let fault = only(When::InProduction(Duration::from_mins(1)), TaskFault::Errors { rate: 1.0 });
        let play = Play::new("task", Some(fault));
        tokio::time::advance(Duration::from_mins(10)).await;
        assert!(!play.take(Asked { of_users: false, ..ASKED }).fails);
        assert!(!play.take(ASKED).fails);
        tokio::time::advance(Duration::from_secs(59)).await;
        assert!(!play.take(ASKED).fails);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(play.take(Asked { of_users: false, ..ASKED }).fails);
    }

    #[tokio::test(start_paused = true)]
    async fn load_is_what_is_under_way_or_came_within_a_second() {
        let fault = only(When::UnderWay(2), TaskFault::Slower { factor: 3.0 });
        let play = Play::new("task", Some(fault));
        let second = Duration::from_secs(1);
        let held = [play.take(ASKED), play.take(ASKED)];
        assert_eq!(play.take(ASKED).stretch(second), second * 3);
        drop(held);
        assert_eq!(play.take(ASKED).stretch(second), second);

        let play = Play::new("task", Some(only(When::Rate(2.0), TaskFault::Slow { by: second })));
        let times: Vec<_> = (0..3).map(|_| play.take(ASKED).stretch(second).as_secs()).collect();
        assert_eq!(times, [1, 1, 2]);
        tokio::time::advance(second).await;
        assert_eq!(play.take(ASKED).stretch(second), second);
    }

    #[tokio::test(start_paused = true)]
    async fn a_leak_ends_its_task_once() {
        let play = Play::new("task", Some(TaskFault::Leak { requests: 3, code: 137 }));
        let ends: Vec<_> = (0..5).map(|_| play.take(ASKED).ends).collect();
        assert_eq!(ends, [None, None, Some(137), None, None]);
    }

    #[tokio::test(start_paused = true)]
    async fn readiness_is_lost_when_its_occasion_comes() {
        assert!(Play::new("task", None).is_ready("/ready", 1.0));
        assert!(!Play::new("task", Some(TaskFault::NeverReady)).is_ready("/ready", 1.0));
        let play = Play::new("task", Some(only(When::InProduction(Duration::ZERO), TaskFault::NeverReady)));
        assert!(play.is_ready("/ready", 0.0));
        drop(play.take(ASKED));
        assert!(!play.is_ready("/ready", 0.0));
    }
}
