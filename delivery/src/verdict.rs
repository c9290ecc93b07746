//! What was found about a release, in numbers and in words that a person can check.
//!
//! The statistics are below, pure and without a clock: [`errors`] judges a rate at the end of a window
//! and [`abort`] at every answer, [`latency`] judges how long answers take, [`figures`] what the service
//! tells of itself.
//!
//! **Invariant**: only evidence passes. Too little of it is inconclusive, and none at all as well.

pub mod abort;
pub mod binomial;
pub mod errors;
pub mod figures;
pub mod latency;
mod words;

use std::fmt;

use serde::Serialize;

use crate::evidence::{Check, Judgement};

/// What is watched, each of which may take a release back by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// The share of requests that fail.
    ErrorRate,
    /// How long answers take, against the release that serves.
    Latency,
    /// A critical user flow.
    Flow,
    /// Tasks that crash, cannot start or fail their health checks.
    Tasks,
    /// A CloudWatch alarm.
    Alarm,
    /// Whether it is ready.
    Readiness,
    /// The service's own figures, against those of the release that serves.
    Figures,
}

impl Trigger {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::ErrorRate, Self::Latency, Self::Flow, Self::Tasks, Self::Alarm, Self::Readiness, Self::Figures];
}

impl fmt::Display for Trigger {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::ErrorRate => "error rate",
            Self::Latency => "latency",
            Self::Flow => "flow",
            Self::Tasks => "tasks",
            Self::Alarm => "alarm",
            Self::Readiness => "readiness",
            Self::Figures => "figures",
        })
    }
}

/// Whose requests they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The engine's own.
    Probes,
    /// Those of users, as the load balancer counted them.
    Users,
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Probes => "probes",
            Self::Users => "requests of users",
        })
    }
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// What was watched.
    pub trigger: Trigger,
    /// How it was judged.
    pub judgement: Judgement,
    /// Whether it decides anything: what is switched off is measured and told, and decides nothing.
    pub decides: bool,
    /// What was measured, against which limit, for people.
    pub words: String,
    /// What was measured.
    pub measured: Option<f64>,
    /// The most that was allowed.
    pub limit: Option<f64>,
    /// What both count.
    pub unit: &'static str,
}

impl Finding {
    /// A finding that decides, without numbers.
    pub fn new(trigger: Trigger, judgement: Judgement, words: impl Into<String>) -> Self {
        Self { trigger, judgement, decides: true, words: words.into(), measured: None, limit: None, unit: "" }
    }

    /// The same with what was measured, the most that was allowed, and what both count.
    #[must_use]
    pub fn with_numbers(mut self, measured: f64, limit: f64, unit: &'static str) -> Self {
        self.measured = Some(measured);
        self.limit = Some(limit);
        self.unit = unit;
        self
    }

    /// The same, told and not decided by.
    #[must_use]
    pub fn told_only(mut self) -> Self {
        self.decides = false;
        self
    }

    /// The same as evidence, under this name of a watch.
    #[must_use]
    pub fn check(&self, watch: &str) -> Check {
        let told = if self.decides { "" } else { ", told only" };
        let check = Check::new(format!("{watch}: {}{told}", self.trigger), self.judgement, self.words.clone());
        match (self.measured, self.limit) {
            (Some(measured), Some(limit)) => check.with_numbers(measured, limit, self.unit),
            _ => check,
        }
    }
}

/// What a watch came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// Of which watch: `before users`, `5 %`, `bake`.
    pub watch: String,
    /// How the release was judged.
    pub judgement: Judgement,
    /// Why: the finding that decided first.
    pub findings: Vec<Finding>,
}

impl Verdict {
    /// The verdict that these findings make: one that failed fails; else one that could not be judged,
    /// or was not judged for want of evidence, is no pass; only when all passed it is one. Without any
    /// finding that decides there is nothing to pass by.
    #[must_use]
    pub fn of(watch: impl Into<String>, mut findings: Vec<Finding>) -> Self {
        // Stable: of those that weigh the same, the first that was found stays first.
        findings.sort_by_key(|finding| (!finding.decides, std::cmp::Reverse(finding.judgement)));
        let judgement = match findings.first() {
            Some(finding) if finding.decides => finding.judgement,
            _ => Judgement::Inconclusive,
        };
        Self { watch: watch.into(), judgement, findings }
    }

    /// Whether the release may go on.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.judgement == Judgement::Passed
    }

    /// The finding that decided.
    #[must_use]
    pub fn decided_by(&self) -> Option<&Finding> {
        self.findings.first().filter(|finding| finding.decides)
    }

    /// What decided, for people: what was watched and what was found.
    #[must_use]
    pub fn why(&self) -> String {
        match self.decided_by() {
            Some(finding) => format!("{}: {}", finding.trigger, finding.words),
            None => "nothing was watched that could decide".to_owned(),
        }
    }

    /// The same as evidence.
    #[must_use]
    pub fn checks(&self) -> Vec<Check> {
        self.findings.iter().map(|finding| finding.check(&self.watch)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Judgement::{Errored, Failed, Inconclusive, Passed};

    #[test]
    fn a_verdict_is_as_bad_as_its_worst_finding_and_names_that_first() {
        for (judgements, expected) in [
            (&[][..], Inconclusive),
            (&[Passed], Passed),
            (&[Passed, Passed], Passed),
            (&[Passed, Inconclusive], Inconclusive),
            (&[Inconclusive, Errored, Passed], Errored),
            (&[Errored, Failed, Inconclusive], Failed),
        ] {
            let findings = judgements.iter().map(|judgement| Finding::new(Trigger::Latency, *judgement, "")).collect();
            let verdict = Verdict::of("5 %", findings);
            assert_eq!(verdict.judgement, expected, "{judgements:?}");
            assert_eq!(verdict.passed(), expected == Passed);
            assert_eq!(verdict.decided_by().map(|finding| finding.judgement), judgements.first().map(|_| expected));
        }
    }

    #[test]
    fn of_findings_that_weigh_the_same_the_first_decides() {
        let findings = [Trigger::Latency, Trigger::Flow, Trigger::ErrorRate]
            .map(|trigger| Finding::new(trigger, Failed, format!("the {trigger}")));
        assert_eq!(Verdict::of("bake", findings.to_vec()).why(), "latency: the latency");
    }

    #[test]
    fn what_is_only_told_decides_nothing_and_is_no_evidence() {
        let told = Finding::new(Trigger::Flow, Failed, "broken").told_only();
        let passed = Finding::new(Trigger::ErrorRate, Passed, "good").with_numbers(0.002, 0.01, "of requests");
        assert_eq!(Verdict::of("bake", vec![told.clone()]).judgement, Inconclusive);
        let verdict = Verdict::of("bake", vec![told, passed]);
        assert_eq!(verdict.judgement, Passed);
        let names: Vec<String> = verdict.checks().into_iter().map(|check| check.name).collect();
        assert_eq!(names, ["bake: error rate", "bake: flow, told only"]);
    }
}
