//! Looking again and again, with an ear for signals and for the lock.

use std::pin::Pin;

use tokio::time::{Instant, sleep, sleep_until};

use super::look::Lookout;
use super::{CRASHES, PAUSE};
use crate::decide::{Decision, Policy, decide};
use crate::edge::Stop;
use crate::verdict::Trigger;

/// What ends a rollout from outside.
pub(super) struct Ears<'a> {
    stop: &'a Stop,
    lost: Pin<Box<dyn Future<Output = String> + 'a>>,
    interrupted: bool,
    why_lost: Option<String>,
}

impl<'a> Ears<'a> {
    pub(super) fn of(stop: &'a Stop, lost: Pin<Box<dyn Future<Output = String> + 'a>>) -> Self {
        Self { stop, lost, interrupted: false, why_lost: None }
    }

    /// Waits for either, and remembers it.
    pub(super) async fn hear(&mut self) {
        let known = self.why_lost.is_some();
        tokio::select! {
            biased;
            () = self.stop.wait(), if !self.interrupted => self.interrupted = true,
            why = &mut self.lost, if !known => self.why_lost = Some(why),
            else => std::future::pending().await,
        }
    }

    /// Why it may not go on, for people.
    pub(super) fn why(&self) -> Option<String> {
        let lost = self.why_lost.as_ref().map(|why| format!("the lock was lost: {why}"));
        lost.or_else(|| self.interrupted.then(|| "a signal asked to stop".to_owned()))
    }
}

impl Lookout<'_> {
    /// Looks until there is more to do than to look again, or until this is so; then there is no decision.
    pub(super) async fn attend(&mut self, ears: &mut Ears<'_>, enough: impl Fn(&Self) -> bool) -> Option<Decision> {
        let decides = |trigger| self.by.environment.watch.triggers.contains(&trigger);
        let policy = Policy {
            limit: self.limit,
            crashes: CRASHES,
            unhealthy: None,
            tasks: decides(Trigger::Tasks),
            alarms: decides(Trigger::Alarm),
        };
        loop {
            let late = until(self.deadline());
            // Looking changes nothing, so it may be cut short by what cannot wait.
            tokio::select! {
                biased;
                () = ears.hear() => {}
                () = late => {}
                () = self.look() => {}
            }
            let mut observed = self.observation();
            let policy = Policy { unhealthy: self.breaker(), ..policy };
            observed.interrupted = ears.interrupted;
            observed.lost.clone_from(&ears.why_lost);
            let decision = decide(&observed, policy);
            if decision != Decision::GoOn {
                return Some(decision);
            }
            if enough(self) {
                return None;
            }
            let late = until(self.deadline());
            tokio::select! {
                biased;
                () = ears.hear() => {}
                () = late => {}
                () = async { self.logs().await; sleep(PAUSE).await } => {}
            }
        }
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
