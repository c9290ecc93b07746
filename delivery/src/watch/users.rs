//! The requests of users, as the load balancer counted them for each target group.
//!
//! It counts the engine's own requests too, which are taken off. Its points come a minute or three late,
//! and a point that is missing is no zero: a minute counts when its requests have been told and its
//! errors have been, or would have been by now. That the engine's own requests should be in a minute tells
//! a late point from no traffic.
//!
//! Errors are counted exactly and judge. The percentiles of response times are summaries in which users
//! and probes are mixed, in unequal shares for the two releases: they are shown, and probes judge.

use jiff::Timestamp;

use super::arm::shown;
use super::ledger::{Ledger, PERIOD, minute};
use crate::aws::Clients;
use crate::aws::metrics::{self, Minutes};
use crate::progress::Arm;
use crate::verdict::abort::Abort;
use crate::verdict::errors::Counts;

/// In so many seconds after its end a minute has been told.
const SETTLED: i64 = 180;

/// The target groups of both releases, by their ARNs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetGroups {
    /// The candidate's.
    pub candidate: String,
    /// That of the release that serves, when it has one of its own.
    pub serving: Option<String>,
    /// Their load balancer, or one of its listeners or rules.
    pub load_balancer: String,
}

impl TargetGroups {
    /// Those of a candidate and of what serves beside it, by the ARNs of their service revisions. What is
    /// not known is none, and CloudWatch is not asked then.
    pub(crate) async fn of(
        clients: &Clients,
        load_balancer: Option<String>,
        candidate: &String,
        serving: Option<&String>,
    ) -> Option<Self> {
        let load_balancer = load_balancer?;
        let asked: Vec<String> = [Some(candidate), serving].into_iter().flatten().cloned().collect();
        let revisions = clients.service_revisions(&asked).await.ok()?;
        let group_of =
            |arn: &String| revisions.iter().find(|revision| revision.arn == *arn)?.target_groups.first().cloned();
        let candidate = group_of(candidate)?;
        let serving = serving.and_then(group_of).filter(|serving| *serving != candidate);
        Some(Self { candidate, serving, load_balancer })
    }
}

/// What CloudWatch said last, or why it said nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Users {
    /// The first whole minute of the watch, as the second at which it begins.
    from: i64,
    candidate: Minutes,
    serving: Minutes,
    /// Whether CloudWatch ever answered.
    pub(super) heard: bool,
    /// Why it did not the last time.
    pub(super) silent: Option<String>,
}

/// What is known of the candidate's users.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Known {
    pub(super) counts: Counts,
    /// Whole minutes of the watch that should have been told by now.
    pub(super) settled: u64,
    /// Those of them that were not, though the engine's own requests are in them.
    pub(super) missing: u64,
    /// Those that count.
    pub(super) told: u64,
    /// Whether so much is wrong that no more need be counted.
    pub(super) terrible: bool,
}

impl Users {
    /// Nothing is known yet of a watch that begins now.
    pub(super) fn since(now: Timestamp) -> Self {
        Self { from: minute(now) + PERIOD, ..Self::default() }
    }

    /// Asks CloudWatch for all minutes of the watch: a late point changes a minute that was told before.
    pub(super) async fn ask(
        clients: Clients,
        groups: TargetGroups,
        from: i64,
        now: Timestamp,
    ) -> anyhow::Result<(Minutes, Minutes)> {
        let dimension = |arn: &str| {
            let dimension = metrics::target_group(arn).map(str::to_owned);
            dimension.ok_or_else(|| anyhow::anyhow!("{arn} is no target group's ARN"))
        };
        let load_balancer = metrics::load_balancer(&groups.load_balancer)
            .ok_or_else(|| anyhow::anyhow!("{} is no ARN of a load balancer's", groups.load_balancer))?;
        let mut names = vec![dimension(&groups.candidate)?];
        if let Some(serving) = &groups.serving {
            names.push(dimension(serving)?);
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let from = Timestamp::from_second(from)?;
        let mut minutes = clients.target_group_minutes(&load_balancer, &names, from, now).await?.into_iter();
        Ok((minutes.next().unwrap_or_default(), minutes.next().unwrap_or_default()))
    }

    pub(super) fn from(&self) -> i64 {
        self.from
    }

    /// Takes what CloudWatch said.
    pub(super) fn take(&mut self, said: anyhow::Result<(Minutes, Minutes)>) {
        match said {
            Ok((candidate, serving)) => {
                (self.candidate, self.serving) = (candidate, serving);
                self.heard = true;
                self.silent = None;
            }
            Err(error) => self.silent = Some(format!("{error:#}")),
        }
    }

    /// What is known of the candidate's users by now.
    pub(super) fn known(&self, ledger: &Ledger, now: Timestamp, limit: f64) -> Known {
        let mut known = Known::default();
        let mut abort = Abort::new(limit);
        for begins in self.whole_minutes(now) {
            let own = ledger.of(begins, true);
            let is_settled = begins + PERIOD + SETTLED <= now.as_second();
            known.settled += u64::from(is_settled);
            let said = self.candidate.get(&begins).copied().unwrap_or_default();
            let Some(requests) = said.requests.map(whole) else {
                known.missing += u64::from(is_settled && own.requests > 0);
                continue;
            };
            // Fewer than the engine itself sent: the rest is still to come.
            if requests < own.requests && !is_settled {
                continue;
            }
            let users = less(Counts { requests, errors: said.errors.map_or(0, whole) }, own);
            known.terrible |= abort.take_some(users.requests, users.errors);
            if said.errors.is_some() || is_settled {
                known.counts = known.counts.and(users);
                known.told += 1;
            }
        }
        known
    }

    /// The candidate's and the serving release's users for whoever shows them, the percentiles those of
    /// the last minute that has any.
    pub(super) fn shown(&self, ledger: &Ledger, now: Timestamp) -> (Arm, Option<Arm>) {
        let arm = |minutes: &Minutes, is_candidate: bool| {
            let mut counts = Counts::default();
            let (mut p50, mut p95) = (None, None);
            for begins in self.whole_minutes(now) {
                let Some(said) = minutes.get(&begins) else { continue };
                let told = Counts { requests: said.requests.map_or(0, whole), errors: said.errors.map_or(0, whole) };
                counts = counts.and(less(told, ledger.of(begins, is_candidate)));
                (p50, p95) = (said.p50.or(p50), said.p95.or(p95));
            }
            Arm { p50, p95, ..shown(counts) }
        };
        (arm(&self.candidate, true), (!self.serving.is_empty()).then(|| arm(&self.serving, false)))
    }

    fn whole_minutes(&self, now: Timestamp) -> impl Iterator<Item = i64> + use<> {
        let (from, now) = (self.from, now.as_second());
        (0..).map(move |number| from + number * PERIOD).take_while(move |begins| begins + PERIOD <= now)
    }
}

/// What is left without the engine's own.
fn less(all: Counts, own: Counts) -> Counts {
    let requests = all.requests.saturating_sub(own.requests);
    Counts { requests, errors: all.errors.saturating_sub(own.errors).min(requests) }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count, and not negative")]
fn whole(number: f64) -> u64 {
    number.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::metrics::Minute;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    fn minutes(said: &[(i64, f64, Option<f64>)]) -> Minutes {
        let minute = |requests, errors| Minute { requests: Some(requests), errors, ..Minute::default() };
        said.iter().map(|(begins, requests, errors)| (*begins, minute(*requests, *errors))).collect()
    }

    fn known(said: &[(i64, f64, Option<f64>)], own: &[i64], now: i64) -> Known {
        let mut users = Users::since(at(30));
        users.take(Ok((minutes(said), Minutes::new())));
        let ledger = Ledger::default();
        for second in own {
            ledger.note(at(*second), true, false);
        }
        users.known(&ledger, at(now), 0.01)
    }

    #[test]
    fn a_minute_counts_when_it_is_whole_and_told_and_without_the_engines_own() {
        // The minute that the watch began in and the one that is not over do not count.
        let said = [(0, 99.0, Some(9.0)), (60, 10.0, Some(0.0)), (120, 20.0, Some(1.0)), (180, 30.0, Some(3.0))];
        let known = known(&said, &[61, 62, 121], 239);
        assert_eq!((known.counts, known.told), (Counts { requests: 27, errors: 1 }, 2));
    }

    #[test]
    fn errors_that_are_not_told_are_none_only_when_they_would_have_been_by_now() {
        let said = [(60, 10.0, None), (120, 20.0, None)];
        assert_eq!(known(&said, &[], 290).counts.requests, 0);
        assert_eq!(known(&said, &[], 300).counts.requests, 10);
        assert_eq!(known(&said, &[], 360).counts.requests, 30);
    }

    #[test]
    fn a_minute_without_even_the_engines_own_is_late_or_missing() {
        assert_eq!(known(&[], &[61, 121], 180), Known::default());
        let late = known(&[(60, 1.0, Some(0.0))], &[61, 62], 180);
        assert_eq!((late.told, late.missing), (0, 0));
        let missing = known(&[], &[61, 121], 500);
        assert_eq!((missing.settled, missing.missing, missing.told), (4, 2, 0));
    }

    #[test]
    fn more_errors_than_users_had_is_a_terrible_minute_and_no_panic() {
        let known = known(&[(60, 50.0, Some(80.0))], &[], 130);
        assert!(known.terrible);
        assert_eq!(known.counts, Counts { requests: 50, errors: 50 });
    }
}
