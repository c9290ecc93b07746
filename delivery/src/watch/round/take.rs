//! What comes back, one by one, and whether it ends the watch.

use std::borrow::Cow;

use super::{Came, Round, Seen};
use crate::evidence::Judgement;
use crate::verdict::figures::Told;
use crate::verdict::latency::early::EVERY;
use crate::verdict::{Finding, Trigger};
use crate::watch::Reach;
use crate::watch::answer::{Behind, Way, Whose};
use crate::watch::flow::Walked;
use crate::watch::judge;
use crate::watch::probe::Probed;
use crate::watch::readiness::Ready;

/// After so many answers of which most are not by whom they should be, nothing more can be learned.
const MISLED: u64 = 20;
/// From so many answers of its own on, a watch needs none of the serving release from earlier ones.
const ENOUGH: usize = 300;

impl Round<'_, '_> {
    /// Takes what came; what ends the watch, if this does.
    pub(super) fn take(&mut self, came: Came) -> Option<Finding> {
        match came {
            Came::Probe(probed) => self.take_probe(&probed),
            Came::Flows(walked) => {
                self.flows.under_way = false;
                match walked? {
                    Walked::Passed(number) => {
                        self.flows.times += 1;
                        self.flows.number = number;
                        None
                    }
                    Walked::Broke(words) => {
                        let words = self.watch.subject.redactor.redact(&words);
                        let finding = Finding::new(Trigger::Flow, Judgement::Failed, words);
                        note(&mut self.flows, self.watch.decided(finding))
                    }
                }
            }
            Came::Ready(ready) => self.take_readiness(ready),
            Came::Serving(said) => {
                self.ready.under_way = false;
                if let Some((failing, figures)) = said {
                    self.watch.failing_before = failing;
                    self.watch.figures_before.add(&figures);
                }
                None
            }
            Came::Users(said) => {
                self.asking_users = false;
                self.users.take(said);
                let limit = self.watch.settings.error_rate;
                let known = self.users.known(&self.watch.ledger, self.watch.subject.clock.now(), limit);
                (known.terrible && self.watch.decides(Trigger::ErrorRate))
                    .then(|| judge::terrible_for_users(self, &known))
            }
        }
    }

    fn take_readiness(&mut self, ready: Ready) -> Option<Finding> {
        self.ready.under_way = false;
        if let Some(failing) = ready.failing {
            self.watch.failing_before = failing;
        }
        self.figures.add(&ready.figures.0);
        self.watch.figures_before.add(&ready.figures.1);
        let of_figures = self.compare_figures(ready.figures.0.told(), ready.figures.1.told());
        match ready.candidate {
            Ok(()) => {
                self.ready.times += 1;
                of_figures
            }
            Err(unwell) => {
                let finding = Finding::new(Trigger::Readiness, unwell.judgement(), unwell.words);
                note(&mut self.ready, self.watch.decided(finding)).or(of_figures)
            }
        }
    }

    /// Holds the candidate's own figures against those of the serving release, or where it does not tell
    /// them now, against what it told on average before; what ends the watch, if they do.
    fn compare_figures(&mut self, ours: Told, now: Told) -> Option<Finding> {
        let theirs = if now == Told::default() { self.watch.figures_before.told() } else { now };
        let tolerance = self.tolerance();
        let bad = self.watch.own.take(ours, theirs, &tolerance)?;
        Some(self.watch.decided(bad)).filter(|bad| bad.decides)
    }

    fn take_probe(&mut self, probed: &Probed) -> Option<Finding> {
        let behind = self.plan.behind();
        let whose = self.parties.whose(probed.named.as_deref(), probed.way, behind);
        let well = matches!(&probed.answer, Ok(status) if !status.is_server_error());
        self.trace(probed, whose, well);
        match whose {
            Whose::Candidate => {
                let is_error = self.candidate.take(&probed.answer, &probed.path, probed.took);
                if self.abort.take(is_error) && self.watch.decides(Trigger::ErrorRate) {
                    return Some(judge::terrible(self));
                }
                self.look_at_latency()
            }
            Whose::Serving => {
                self.serving.take(&probed.answer, &probed.path, probed.took);
                None
            }
            Whose::Stranger | Whose::Unknown => self.misled(probed.way),
        }
    }

    /// Keeps who answered by which way. Of an error that names nobody nothing can be asked.
    fn trace(&mut self, probed: &Probed, whose: Whose, well: bool) {
        if !well && probed.named.is_none() {
            return;
        }
        let traced = match probed.way {
            Way::Test => &mut self.test,
            Way::Production => &mut self.production,
        };
        traced.answers += 1;
        traced.strangers += u64::from(whose == Whose::Stranger);
        traced.unknown += u64::from(whose == Whose::Unknown);
        if whose == Whose::Stranger {
            traced.last_stranger.clone_from(&probed.named);
        }
    }

    fn misled(&self, way: Way) -> Option<Finding> {
        let traced = match way {
            Way::Test => &self.test,
            Way::Production => &self.production,
        };
        let most = traced.answers >= MISLED && (traced.strangers + traced.unknown) * 2 > traced.answers;
        if most { judge::identity(self) } else { None }
    }

    fn look_at_latency(&mut self) -> Option<Finding> {
        let every = usize::try_from(EVERY).unwrap_or(usize::MAX);
        if self.candidate.latencies.len() < self.next_look.max(every) || !self.watch.decides(Trigger::Latency) {
            return None;
        }
        self.next_look = self.candidate.latencies.len() + every;
        let mut early = std::mem::take(&mut self.early);
        let (ours, theirs, control) = self.compared();
        let found = early.look(ours, &theirs, self.allowed(), control);
        self.early = early;
        found
    }

    /// The latencies to compare, both as they came, and what the second are of.
    pub(in crate::watch) fn compared(&self) -> (&[f64], Cow<'_, [f64]>, &'static str) {
        let (ours, theirs) = (&self.candidate.latencies, &self.serving.latencies);
        let remembered = &self.watch.remembered;
        if self.plan.reach == Some(Reach::Alone) {
            let (first, second) = ours.split_at(ours.len() / 2);
            return (second, first.into(), "the first half of the watch");
        }
        if self.plan.behind() == Behind::Candidate || theirs.is_empty() {
            return (ours, remembered.into(), "the old release, as measured earlier in this deployment,");
        }
        if theirs.len() >= ENOUGH || remembered.is_empty() {
            return (ours, theirs.into(), "the release that serves");
        }
        let both = [remembered.as_slice(), theirs.as_slice()].concat();
        (ours, both.into(), "the release that serves, now and earlier in this deployment,")
    }
}

/// Keeps what is bad; what ends the watch, when it decides.
fn note(seen: &mut Seen, bad: Finding) -> Option<Finding> {
    let ends = bad.decides.then(|| bad.clone());
    seen.bad = Some(bad);
    ends
}
