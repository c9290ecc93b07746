//! One watch as it goes: what is sent, what comes back, and whether that is enough to end it.

mod due;
mod plan;
mod take;
mod tell;

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until};
use url::Url;

pub(super) use self::plan::Plan;
pub(crate) use self::plan::SECOND_LOOK;
use super::answer::{Behind, Parties, Way};
use super::arm::Samples;
use super::figures::Figures;
use super::flow::Walked;
use super::ledger::Noting;
use super::probe::{Probed, probe};
use super::readiness::Ready;
use super::users::Users;
use super::{Watch, judge, told};
use crate::aws::metrics::Minutes;
use crate::progress::Progress;
use crate::verdict::abort::Abort;
use crate::verdict::figures::Tolerance;
use crate::verdict::latency::Allowed;
use crate::verdict::latency::early::Early;
use crate::verdict::{Finding, Verdict};

/// The pause between two looks at what is due.
const LOOK: Duration = Duration::from_secs(1);
/// The pause between two events of what was measured.
const TELL: Duration = Duration::from_secs(10);
/// So long the answers are waited for that are under way at the end: flows have deadlines of their own.
const GRACE: Duration = Duration::from_mins(1);

/// What comes back of what was sent.
enum Came {
    Probe(Probed),
    Flows(Option<Walked>),
    Ready(Ready),
    /// What the serving release said of itself while it alone was measured.
    Serving(Option<(Vec<String>, Figures)>),
    Users(anyhow::Result<(Minutes, Minutes)>),
}

/// What was seen of something that is asked again and again.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) times: u32,
    pub(super) bad: Option<Finding>,
    /// Why it cannot be asked at all.
    pub(super) unable: Option<String>,
    /// How many there are of it.
    pub(super) number: usize,
    under_way: bool,
    last: Option<Instant>,
}

/// A way, and how many of the answers by it were not by whom they should be.
#[derive(Clone, Debug, Default)]
pub(super) struct Traced {
    pub(super) answers: u64,
    pub(super) strangers: u64,
    pub(super) unknown: u64,
    pub(super) last_stranger: Option<String>,
}

/// A watch that goes on.
pub(super) struct Round<'w, 'a> {
    pub(super) watch: &'w mut Watch<'a>,
    pub(super) plan: Plan,
    pub(super) began: Instant,
    pub(super) parties: Parties,
    /// Where probes go, and by which way that is.
    ways: Vec<(Way, Url)>,
    pub(super) candidate: Samples,
    pub(super) serving: Samples,
    pub(super) test: Traced,
    pub(super) production: Traced,
    pub(super) abort: Abort,
    early: Early,
    /// At how many good answers of the candidate its latency is looked at next.
    next_look: usize,
    pub(super) flows: Seen,
    pub(super) ready: Seen,
    /// The candidate's own figures.
    pub(super) figures: Figures,
    pub(super) users: Users,
    users_asked: Option<Instant>,
    asking_users: bool,
    sent: u64,
    under_way: JoinSet<Came>,
}

impl<'w, 'a> Round<'w, 'a> {
    pub(super) fn begin(watch: &'w mut Watch<'a>, plan: Plan) -> Self {
        let subject = &watch.subject;
        let environment = subject.environment;
        let behind = plan.behind();
        let mut ways = Vec::new();
        // With all traffic at the candidate there is nothing to be seen by another way.
        if plan.reach.is_some() && behind != Behind::Candidate {
            ways.extend(environment.rollout.test_url.clone().map(|url| (Way::Test, url)));
        }
        ways.push((Way::Production, environment.base_url.clone()));
        let parties = Parties { candidate: subject.candidate.clone(), serving: subject.serving.clone() };
        let (abort, users) = (Abort::new(watch.settings.error_rate), Users::since(subject.clock.now()));
        Self {
            watch,
            plan,
            began: Instant::now(),
            parties,
            ways,
            candidate: Samples::default(),
            serving: Samples::default(),
            test: Traced::default(),
            production: Traced::default(),
            abort,
            early: Early::default(),
            next_look: 0,
            flows: Seen::default(),
            ready: Seen::default(),
            figures: Figures::default(),
            users,
            users_asked: None,
            asking_users: false,
            sent: 0,
            under_way: JoinSet::new(),
        }
    }

    /// Goes on until the end, or until it is bad; then judges.
    pub(super) async fn run(mut self, progress: &Progress) -> Verdict {
        self.announce(progress);
        let mut end = self.began + self.plan.lasts;
        let rate = self.watch.settings.probe_rate;
        let mut probes = every(Duration::from_secs(1) / rate.max(1));
        let (mut looks, mut tells) = (every(LOOK), every(TELL));
        // The first of these would have nothing to tell.
        tells.reset();
        let mut ended = false;
        let bad = loop {
            tokio::select! {
                biased;
                Some(came) = self.under_way.join_next(), if !self.under_way.is_empty() => {
                    // A task that panicked brought nothing.
                    if let Some(bad) = came.ok().and_then(|came| self.take(came)) {
                        break Some(bad);
                    }
                }
                () = sleep_until(end), if !ended && self.plan.pairs.is_none() => ended = true,
                _ = probes.tick(), if !ended && rate > 0 => self.send(),
                _ = looks.tick() => {
                    if !ended {
                        self.begin_what_is_due(end);
                    }
                    ended |= self.plan.pairs.is_some() && rate == 0;
                }
                _ = tells.tick() => self.tell(progress),
            }
            ended |= self.plan.pairs.is_some_and(|pairs| self.sent >= pairs);
            // CloudWatch is not waited for: what it has said by now counts.
            let waits_for = self.under_way.len().saturating_sub(usize::from(self.asking_users));
            if ended && (waits_for == 0 || Instant::now() >= end + GRACE) {
                if !self.looks_again(progress) {
                    break None;
                }
                (ended, end) = (false, self.began + self.plan.lasts);
            }
        };
        self.tell(progress);
        let findings = judge::findings(&self, bad.as_ref());
        let latencies = std::mem::take(&mut self.serving.latencies);
        self.watch.remember(&latencies);
        match self.plan.reach {
            Some(_) => told(&self.plan.name, findings, progress),
            None => Verdict::of(&self.plan.name, Vec::new()),
        }
    }

    /// Sends a probe by every way, first by one and next time by the other.
    fn send(&mut self) {
        let settings = &self.watch.settings;
        let paths = &settings.probe_paths;
        let turn = usize::try_from(self.sent).unwrap_or(0);
        let path = if paths.is_empty() { "/health".to_owned() } else { paths[turn % paths.len()].clone() };
        for number in 0..self.ways.len() {
            let (way, base) = &self.ways[(turn + number) % self.ways.len()];
            let transport = self.watch.subject.clients.transport.clone();
            let probe = probe(transport, base.clone(), path.clone(), settings.probe_timeout, self.noting(*way));
            self.under_way.spawn(async move { Came::Probe(probe.await) });
        }
        self.sent += 1;
    }

    pub(super) fn allowed(&self) -> Allowed {
        Allowed { ratio: self.watch.settings.latency_ratio, floor: self.watch.settings.latency_floor }
    }

    pub(super) fn tolerance(&self) -> Tolerance {
        let settings = &self.watch.settings;
        Tolerance { lag: settings.worker_lag, hits: settings.cache_hits, lookups: settings.cache_lookups }
    }

    fn noting(&self, way: Way) -> Noting {
        Noting {
            parties: self.parties.clone(),
            way,
            behind: self.plan.behind(),
            ledger: self.watch.ledger.clone(),
            clock: self.watch.subject.clock,
        }
    }
}

fn every(pause: Duration) -> Interval {
    let mut interval = interval_at(Instant::now(), pause);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}
