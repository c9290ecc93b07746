//! What is asked beside the probes, from time to time: the flows, readiness, and CloudWatch.

use std::time::Duration;

use tokio::time::Instant;
use url::Url;

use super::{Came, Round, Seen};
use crate::release::Commit;
use crate::watch::answer::{Behind, Way};
use crate::watch::flow::Walker;
use crate::watch::ledger::PERIOD;
use crate::watch::readiness::Asking;
use crate::watch::users::Users;

/// The pause between two questions whether it is ready.
const READY_EVERY: Duration = Duration::from_secs(10);
/// The pause between two questions to CloudWatch, which has a new point every minute.
const USERS_EVERY: Duration = Duration::from_secs(30);
/// No run of the flows begins in the last moments, but a first one.
const LAST_MOMENTS: Duration = Duration::from_secs(20);

impl Round<'_, '_> {
    pub(super) fn begin_what_is_due(&mut self, end: Instant) {
        let now = Instant::now();
        let is_due = |seen: &Seen, every: Duration| {
            !seen.under_way && seen.unable.is_none() && seen.last.is_none_or(|last| now >= last + every)
        };
        if self.plan.reach.is_none() {
            if let Some(serving) = self.parties.serving.clone()
                && is_due(&self.ready, READY_EVERY)
            {
                (self.ready.last, self.ready.under_way) = (Some(now), true);
                let serving = self.asking_what_serves(serving);
                self.under_way.spawn(async move { Came::Serving(serving.look_alone().await) });
            }
            return;
        }
        let is_late = self.plan.pairs.is_none() && now + LAST_MOMENTS > end;
        let flows = self.watch.subject.environment.smoke.flows && (!is_late || self.flows.last.is_none());
        if flows && is_due(&self.flows, self.watch.settings.flows_every) {
            self.flows.last = Some(now);
            match self.to_candidate().and_then(|(way, base)| Walker::new(&self.watch.subject, &base, self.noting(way)))
            {
                Ok(walker) => {
                    self.flows.under_way = true;
                    self.under_way.spawn(async move { Came::Flows(walker.walk().await) });
                }
                Err(why) => self.flows.unable = Some(why),
            }
        }
        if is_due(&self.ready, READY_EVERY) {
            self.ready.last = Some(now);
            match self.to_candidate() {
                Ok((way, base)) => {
                    self.ready.under_way = true;
                    let candidate = self.asking(way, base, self.parties.candidate.clone());
                    let serving = match (&self.parties.serving, self.plan.behind()) {
                        (Some(_), Behind::Candidate) | (None, _) => None,
                        (Some(serving), _) => Some(self.asking_what_serves(serving.clone())),
                    };
                    let before = self.watch.failing_before.clone();
                    self.under_way.spawn(async move { Came::Ready(candidate.look(serving, before).await) });
                }
                Err(why) => self.ready.unable = Some(why),
            }
        }
        self.ask_for_users(now);
    }

    fn ask_for_users(&mut self, now: Instant) {
        let subject = &self.watch.subject;
        let (Some(groups), true) = (&subject.target_groups, self.reads_users()) else { return };
        let wall = subject.clock.now();
        // Before the first minute is over there is nothing to ask for.
        let is_due = wall.as_second() >= self.users.from() + PERIOD
            && self.users_asked.is_none_or(|asked| now >= asked + USERS_EVERY);
        if is_due && !self.asking_users {
            (self.users_asked, self.asking_users) = (Some(now), true);
            let asked = Users::ask(subject.clients.clone(), groups.clone(), self.users.from(), wall);
            self.under_way.spawn(async move { Came::Users(asked.await) });
        }
    }

    /// Whether users reach the candidate, and CloudWatch is to be asked about them.
    pub(in crate::watch) fn reads_users(&self) -> bool {
        self.watch.settings.metrics && self.watch.subject.target_groups.is_some() && self.plan.weight() > 0.0
    }

    /// Where the candidate alone answers.
    fn to_candidate(&self) -> Result<(Way, Url), String> {
        let alone = if self.plan.behind() == Behind::Candidate { Way::Production } else { Way::Test };
        let way = self.ways.iter().find(|(way, _)| *way == alone);
        way.cloned().ok_or_else(|| "there is no test_url by which the candidate alone can be reached".to_owned())
    }

    fn asking_what_serves(&self, commit: Commit) -> Asking {
        self.asking(Way::Production, self.watch.subject.environment.base_url.clone(), commit)
    }

    fn asking(&self, way: Way, base: Url, commit: Commit) -> Asking {
        let subject = &self.watch.subject;
        Asking {
            transport: subject.clients.transport.clone(),
            base,
            commit,
            redactor: subject.redactor.clone(),
            limit: self.watch.settings.probe_timeout,
            noting: Some(self.noting(way)),
        }
    }
}
