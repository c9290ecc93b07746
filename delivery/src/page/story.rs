//! What happened, sorted into what a page shows of it.

use std::time::Duration;

use jiff::Timestamp;

use super::ink::between;
use crate::evidence::{Judgement, Verdict};
use crate::progress::{About, Event, Measured, Moment, Outcome, Stage, Step, Tasks};
use crate::verdict::{Finding, Source};

/// What takes less than this part of the whole is quick.
const QUICK: u32 = 40;

/// What happened, by what it is about.
pub(crate) struct Story<'a> {
    pub(crate) began: Timestamp,
    pub(crate) over: Timestamp,
    /// What the run is about, when it got so far as to know.
    pub(crate) about: Option<&'a About>,
    /// The plan's lines.
    pub(crate) plan: Vec<&'a str>,
    /// Steps, stages, verdicts and warnings, in their order.
    pub(crate) entries: Vec<Entry<'a>>,
    /// The candidate's share of traffic in percent, from when on; only where it changed.
    pub(crate) weights: Vec<(Timestamp, f64)>,
    /// What was measured, by whose requests they were.
    pub(crate) measured: Vec<(Source, Vec<Stretch<'a>>)>,
    /// How tasks stood, where it changed.
    pub(crate) tasks: Vec<(Timestamp, Step, &'a Tasks)>,
    /// What tasks wrote: the task, and its line.
    pub(crate) logs: Vec<(&'a str, &'a str)>,
    /// What was recorded as evidence.
    pub(crate) recorded: Vec<&'a Verdict>,
}

/// What one watch has measured, in its order.
pub(crate) struct Stretch<'a> {
    pub(crate) watch: &'a str,
    pub(crate) samples: Vec<(Timestamp, &'a Measured)>,
}

/// One thing of the timeline.
pub(crate) struct Entry<'a> {
    pub(crate) at: Timestamp,
    /// How long it lasted; none for what has no length.
    pub(crate) took: Option<Duration>,
    pub(crate) what: What<'a>,
}

/// What an entry of the timeline is.
pub(crate) enum What<'a> {
    /// A step of the runbook. Without an outcome it was cut off.
    Step { step: Step, begun: &'a str, outcome: Option<Outcome>, came: &'a str },
    /// A stage of ECS.
    Stage(&'a Stage),
    /// A verdict.
    Judged { watch: &'a str, judgement: Judgement, findings: &'a [Finding] },
    /// Something that a person should look at.
    Warned(&'a str),
}

impl<'a> Story<'a> {
    pub(crate) fn of(began: Timestamp, over: Timestamp, moments: &'a [Moment]) -> Self {
        let mut story = Self {
            began,
            over,
            about: None,
            plan: Vec::new(),
            entries: Vec::new(),
            weights: Vec::new(),
            measured: Vec::new(),
            tasks: Vec::new(),
            logs: Vec::new(),
            recorded: Vec::new(),
        };
        for moment in moments {
            story.take(moment);
        }
        story.end_stages();
        story
    }

    fn take(&mut self, moment: &'a Moment) {
        let at = moment.at;
        match &moment.event {
            Event::About(about) => self.about = Some(about),
            Event::Began { step, what, .. } => {
                let what = What::Step { step: *step, begun: what, outcome: None, came: "" };
                self.entries.push(Entry { at, took: None, what });
            }
            Event::Ended { step, outcome, what, took } => self.end(at, *step, *outcome, what, *took),
            Event::Said { step: Step::Plan, what } => self.plan.push(what),
            Event::Said { .. } | Event::Alarms { .. } => {}
            Event::Warned { what, .. } => self.entries.push(Entry { at, took: None, what: What::Warned(what) }),
            Event::Tasks { step, tasks, .. } => self.tasks.push((at, *step, tasks)),
            Event::Stage(stage) => {
                self.weigh(at, stage.weight);
                self.entries.push(Entry { at, took: None, what: What::Stage(stage) });
            }
            Event::Measured(measured) => {
                self.weigh(at, measured.weight);
                self.measure(at, measured);
            }
            Event::Judged { watch, judgement, findings } => {
                let what = What::Judged { watch, judgement: *judgement, findings };
                self.entries.push(Entry { at, took: None, what });
            }
            Event::Log { task, line } => self.logs.push((task, line)),
            Event::Recorded(verdict) => self.recorded.push(verdict),
        }
    }

    fn end(&mut self, at: Timestamp, ended: Step, how: Outcome, with: &'a str, lasted: Duration) {
        let open = self
            .entries
            .iter_mut()
            .rev()
            .find(|entry| matches!(entry.what, What::Step { step, outcome: None, .. } if step == ended));
        match open {
            Some(Entry { took, what: What::Step { outcome, came, .. }, .. }) => {
                (*took, *outcome, *came) = (Some(lasted), Some(how), with);
            }
            _ => {
                let what = What::Step { step: ended, begun: "", outcome: Some(how), came: with };
                self.entries.push(Entry { at, took: Some(lasted), what });
            }
        }
    }

    fn weigh(&mut self, at: Timestamp, weight: f64) {
        if self.weights.last().is_none_or(|(_, last)| (last - weight).abs() > 1e-9) {
            self.weights.push((at, weight));
        }
    }

    fn measure(&mut self, at: Timestamp, measured: &'a Measured) {
        let place = self.measured.iter().position(|(source, _)| *source == measured.source);
        let place = place.unwrap_or_else(|| {
            self.measured.push((measured.source, Vec::new()));
            self.measured.len() - 1
        });
        let stretches = &mut self.measured[place].1;
        match stretches.last_mut() {
            Some(stretch) if stretch.watch == measured.watch => stretch.samples.push((at, measured)),
            _ => stretches.push(Stretch { watch: &measured.watch, samples: vec![(at, measured)] }),
        }
    }

    /// A stage lasts until the next one, or until the step around it is over.
    fn end_stages(&mut self) {
        let mut until = self.over;
        for index in (0..self.entries.len()).rev() {
            let at = self.entries[index].at;
            match self.entries[index].what {
                What::Stage(_) => {
                    self.entries[index].took = Some(between(at, until));
                    until = at;
                }
                // What begins after the last stage tells that it is over.
                What::Step { .. } => until = at,
                What::Judged { .. } | What::Warned(_) => {}
            }
        }
    }

    /// The verdicts, in their order.
    pub(crate) fn verdicts(&self) -> impl Iterator<Item = (Timestamp, &'a str, Judgement, &'a [Finding])> {
        self.entries.iter().filter_map(|entry| match entry.what {
            What::Judged { watch, judgement, findings } => Some((entry.at, watch, judgement, findings)),
            _ => None,
        })
    }

    /// Whether nothing was decided at a stage and nothing of it took long, and another stage follows.
    pub(crate) fn is_quick(&self, index: usize) -> bool {
        let quick = between(self.began, self.over) / QUICK;
        let is_stage = |index: usize| self.entries.get(index).is_some_and(|one| matches!(one.what, What::Stage(_)));
        is_stage(index) && is_stage(index + 1) && self.entries[index].took.is_some_and(|took| took < quick)
    }

    /// The stages that are worth a line, and how long each lasted.
    pub(crate) fn stages(&self) -> impl Iterator<Item = (&'a Stage, Duration)> {
        let entries = self.entries.iter().enumerate().filter(|(index, _)| !self.is_quick(*index));
        entries.filter_map(|(_, entry)| match entry.what {
            What::Stage(stage) => Some((stage, entry.took?)),
            _ => None,
        })
    }

    /// The finding that took the release back: the first of the last verdict that was no pass.
    pub(crate) fn fired(&self) -> Option<&'a Finding> {
        let bad = self.verdicts().filter(|(_, _, judgement, _)| *judgement != Judgement::Passed);
        bad.last().and_then(|(_, _, _, findings)| {
            findings.iter().find(|one| one.decides && one.judgement != Judgement::Passed)
        })
    }

    /// The stretches of both sources together, from when to when.
    pub(crate) fn stretches(&self) -> impl Iterator<Item = &Stretch<'a>> {
        self.measured.iter().flat_map(|(_, stretches)| stretches)
    }
}

impl<'a> Stretch<'a> {
    /// All that it had measured at its end.
    pub(crate) fn last(&self) -> Option<&'a Measured> {
        self.samples.last().map(|(_, measured)| *measured)
    }
}
