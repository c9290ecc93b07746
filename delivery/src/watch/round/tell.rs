//! What a watch says before, while and after it measures.

use std::time::Duration;

use super::Round;
use super::plan::SECOND_LOOK;
use crate::evidence::Judgement;
use crate::progress::{Event, Measured, Progress, Step};
use crate::verdict::errors::needed;
use crate::verdict::latency::FEWEST;
use crate::verdict::{Source, Trigger, Verdict};
use crate::watch::judge;

impl Round<'_, '_> {
    /// Whether a watch of a number of probes goes on to [`SECOND_LOOK`], because so many did not tell.
    pub(super) fn looks_again(&mut self, progress: &Progress) -> bool {
        let rate = self.watch.settings.probe_rate;
        if self.plan.pairs.is_none_or(|pairs| pairs >= SECOND_LOOK) || rate == 0 {
            return false;
        }
        let verdict = Verdict::of(&self.plan.name, judge::findings(self, None));
        let more = verdict.judgement == Judgement::Inconclusive
            && verdict
                .decided_by()
                .is_some_and(|finding| matches!(finding.trigger, Trigger::ErrorRate | Trigger::Latency));
        if more {
            progress.say(
                Step::Follow,
                format!(
                    "{}: not told by {} probes, so that there will be {SECOND_LOOK}: {}",
                    verdict.watch,
                    self.sent,
                    verdict.why()
                ),
            );
            self.plan.lasts +=
                Duration::from_secs_f64((SECOND_LOOK - self.sent.min(SECOND_LOOK)) as f64 / f64::from(rate));
            self.plan.pairs = Some(SECOND_LOOK);
        }
        more
    }

    /// Says what will be asked, and whether that can be enough.
    pub(super) fn announce(&self, progress: &Progress) {
        let settings = &self.watch.settings;
        let (rate, lasts) = (settings.probe_rate, self.plan.lasts.as_secs());
        let sent = self.plan.pairs.unwrap_or(u64::from(rate) * lasts);
        let name = &self.plan.name;
        progress.say(
            Step::Follow,
            format!("{name}: watched for {lasts} s, with up to {sent} probes of each release, {rate} a second"),
        );
        if self.plan.reach.is_none() {
            return;
        }
        let enough = needed(0, settings.error_rate).max(FEWEST as u64);
        if sent < enough {
            progress.warn(
                Step::Follow,
                format!(
                    "{name}: {sent} probes in {lasts} s at {rate} a second are fewer than the {enough} without an error that a \
                     pass takes; only requests of users can make up for them"
                ),
            );
        }
    }

    /// Tells what was measured so far.
    pub(super) fn tell(&self, progress: &Progress) {
        let measured = |source, candidate, serving| {
            Event::Measured(Box::new(Measured {
                watch: self.plan.name.clone(),
                weight: self.plan.weight(),
                source,
                candidate,
                serving,
                spent: self.began.elapsed(),
                lasts: self.plan.lasts,
            }))
        };
        let serving = (self.serving.counts.requests > 0).then(|| self.serving.shown());
        progress.tell(measured(Source::Probes, self.candidate.shown(), serving));
        if self.users.heard {
            let (candidate, serving) = self.users.shown(&self.watch.ledger, self.watch.subject.clock.now());
            progress.tell(measured(Source::Users, candidate, serving));
        }
    }
}
