//! Watching a release while it comes in and after it has: probes of the engine's own, the load
//! balancer's figures of users' requests, the critical flows, readiness and the service's own figures,
//! judged together.
//!
//! While two releases serve, the candidate is probed through the test listener and the serving one at the
//! address of users, in turn, and whoever answers is told by the commit in the answer. A release that can
//! be reached no more is compared with as it was measured earlier in the same deployment; the words of the
//! finding say so.
//!
//! **Invariant**: an answer of which nobody knows whose it is counts for neither release, and when there
//! are many of them nothing passes.
//!
//! **Invariant**: a watch that is dropped leaves nothing running but a flow that clears up behind itself.

mod answer;
mod arm;
mod figures;
mod flow;
mod judge;
mod ledger;
mod probe;
mod readiness;
mod round;
mod users;

use std::time::Duration;

use crate::aws::Clients;
use crate::edge::Clock;
use crate::evidence::Judgement;
use crate::progress::{Event, Progress};
use crate::release::Commit;
use crate::secret::{Redactor, Secret};
use crate::settings::{EnvironmentSettings, WatchSettings};
use crate::verdict::figures::Figures as OwnFigures;
use crate::verdict::{Finding, Trigger, Verdict};
use figures::Figures;
use ledger::Ledger;
use round::{Plan, Round};

pub(crate) use round::SECOND_LOOK;
pub use users::TargetGroups;

/// The most latencies of the serving release that are kept for watches in which it can be reached no more.
const KEPT: usize = 5_000;

/// What is watched, and by which ways.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// CloudWatch, and what requests travel through.
    pub clients: &'a Clients,
    /// Where it is, how patient its smoke test is.
    pub environment: &'a EnvironmentSettings,
    /// The commit that comes in.
    pub candidate: &'a Commit,
    /// The commit that serves. Without one, whatever is not the candidate is it.
    pub serving: Option<Commit>,
    /// Where the load balancer counts the requests of users to either; without them they are not read.
    pub target_groups: Option<TargetGroups>,
    /// The token of the flows; without one they cannot run, which is no pass.
    pub token: Option<Secret>,
    /// What may not be repeated.
    pub redactor: &'a Redactor,
    /// What time CloudWatch has it.
    pub clock: Clock,
}

/// What can be reached during a watch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reach {
    /// Both: the candidate through the test listener, and at the address of users with its share of
    /// traffic, in percent.
    Hold {
        /// The candidate's share, in percent: 0 to 100.
        weight: f64,
    },
    /// The candidate alone, with all traffic; the old release is kept and gets none.
    Bake,
    /// The candidate alone, at the address of users; it took the place of the old one.
    After,
    /// A release that nothing was known of before: its latency is compared with its own in the first
    /// half of the watch.
    Alone,
}

impl Reach {
    /// The candidate's share of users' traffic, in percent.
    #[must_use]
    pub fn weight(self) -> f64 {
        match self {
            Self::Hold { weight } => weight,
            Self::Bake | Self::After | Self::Alone => 100.0,
        }
    }

    /// What a watch is called.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Hold { weight } => format!("{weight} %"),
            Self::Bake => "bake".to_owned(),
            Self::After => "after".to_owned(),
            Self::Alone => "watch".to_owned(),
        }
    }
}

/// The watches of one deployment. What one has measured of the serving release, the later ones know.
#[derive(Debug)]
pub struct Watch<'a> {
    subject: Subject<'a>,
    settings: WatchSettings,
    ledger: Ledger,
    /// Latencies of the serving release in earlier watches, in seconds and as they came.
    remembered: Vec<f64>,
    /// The checks that the serving release itself said were failing when it was last asked.
    failing_before: Vec<String>,
    /// The serving release's own figures.
    figures_before: Figures,
    /// How the candidate's own compare with them.
    own: OwnFigures,
}

impl<'a> Watch<'a> {
    /// Nothing is measured yet.
    #[must_use]
    pub fn new(subject: Subject<'a>, settings: &WatchSettings) -> Self {
        let settings = settings.clone();
        Self {
            subject,
            settings,
            ledger: Ledger::default(),
            remembered: Vec::new(),
            failing_before: Vec::new(),
            figures_before: Figures::default(),
            own: OwnFigures::default(),
        }
    }

    /// Before any user: health and readiness with identity through the test listener, with the smoke
    /// test's patience; then every flow, and so many probes of both releases as the settings say, or a
    /// thousand when those do not tell. Dropping the future ends it.
    pub async fn verify_before_users(&mut self, progress: &Progress) -> Verdict {
        const NAME: &str = "before users";
        let Some(test_url) = self.subject.environment.rollout.test_url.clone() else {
            let words = "there is no test_url by which the candidate could be reached before users reach it";
            return told(NAME, vec![Finding::new(Trigger::Readiness, Judgement::Errored, words)], progress);
        };
        let asked = readiness::ask_patiently(&self.subject, &test_url, progress).await;
        if let Err(unwell) = asked {
            let finding = Finding::new(Trigger::Readiness, unwell.judgement(), unwell.words);
            // A service that is another, or does not answer, need not be measured.
            if finding.judgement == Judgement::Errored || self.decides(Trigger::Readiness) {
                return told(NAME, vec![finding], progress);
            }
        }
        Round::begin(self, Plan::before_users(NAME, self.settings.probes_before_users, self.settings.probe_rate))
            .run(progress)
            .await
    }

    /// Watches for so long, or shorter when it is bad. Answers that are still under way at the end are
    /// waited for, as long as they may take. Dropping the future ends it.
    pub async fn hold(&mut self, reach: Reach, for_: Duration, progress: &Progress) -> Verdict {
        Round::begin(self, Plan::hold(reach, for_)).run(progress).await
    }

    /// Measures what serves now, for so long, at the address of users: with which to compare what takes
    /// its place. Judges nothing.
    pub async fn take_baseline(&mut self, for_: Duration, progress: &Progress) {
        Round::begin(self, Plan::baseline(for_)).run(progress).await;
    }

    /// How many latencies of the serving release are known from earlier watches.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.remembered.len()
    }

    fn remember(&mut self, latencies: &[f64]) {
        self.remembered.extend_from_slice(latencies);
        let surplus = self.remembered.len().saturating_sub(KEPT);
        self.remembered.drain(..surplus);
    }

    /// Whether this trigger takes a release back.
    fn decides(&self, trigger: Trigger) -> bool {
        self.settings.triggers.contains(&trigger)
    }

    fn decided(&self, finding: Finding) -> Finding {
        if self.decides(finding.trigger) { finding } else { finding.told_only() }
    }
}

/// The verdict, which is told.
fn told(name: &str, findings: Vec<Finding>, progress: &Progress) -> Verdict {
    let verdict = Verdict::of(name, findings);
    progress.tell(Event::Judged {
        watch: verdict.watch.clone(),
        judgement: verdict.judgement,
        findings: verdict.findings.clone(),
    });
    verdict
}
