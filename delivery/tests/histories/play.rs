//! A history: acts, each of which may be disturbed, and an end at which all is well.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Parser as _;
use delivery::arguments::Arguments;
use delivery::edge::{Stop, Stopper};
use delivery::exit;
use delivery::progress::Progress;
use delivery::report::{Ended, Report, Style};
use delivery::secret::Redactor;
use delivery::verbs;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use rehearsal::faults::Faults;
use rehearsal::scenery::Scenery;
use rehearsal::simulation::OneOff;
use serde_json::json;

use crate::app::Trap;
use crate::check::{Case, Look, never_two_migrations, truth};
use crate::stage::{Built, Page, SERVICE, SETTINGS, STAGING, Stage};
use crate::weather::Weather;

/// No run lasts longer, whatever happens: all of its limits together, and then some.
const LIMIT: Duration = Duration::from_hours(4);
/// How many calls an undisturbed deployment makes, about.
const CALLS: u64 = 160;
/// How many one makes that is watched on its way, about.
const WATCHED_CALLS: u64 = 450;

/// How releases come in to staging in the history of this seed: one of eight goes by a strategy of ECS's own, which
/// takes longer to play than all the others, with watches that are short and tolerant.
fn strategy(seed: u64) -> Option<&'static str> {
    if seed / 4 % 8 != 5 {
        return None;
    }
    match seed / 32 % 3 {
        0 => Some("strategy = \"blue-green\"\nbake = \"1m\""),
        3 => {
            Some("strategy = \"canary\"\nsteps = [{ percent = 10, watch = \"8s\" }, { percent = 50, watch = \"8s\" }]")
        }
        _ => Some("strategy = \"linear\"\nstep_percent = 40\nstep_watch = \"8s\""),
    }
}

fn settings(strategy: &str) -> String {
    let url = "base_url = \"https://staging.example\"";
    let watch = "[environments.staging.watch]\nerror_rate = 10\nprobe_rate = 20\nprobes_before_users = 150";
    let lines = format!("{url}\n{strategy}\ntest_url = \"https://test.staging.example\"\n{watch}");
    SETTINGS.replace(url, &lines)
}

/// What was told, for whoever looks for what went wrong.
#[derive(Debug)]
pub(crate) struct Journal<'t>(Mutex<Vec<String>>, &'t Mutex<BTreeMap<u8, u64>>);

impl<'t> Journal<'t> {
    /// One that counts how runs end.
    pub(crate) fn new(tally: &'t Mutex<BTreeMap<u8, u64>>) -> Self {
        Self(Mutex::default(), tally)
    }

    fn ended(&self, code: u8) {
        *self.1.lock().unwrap_or_else(PoisonError::into_inner).entry(code).or_default() += 1;
        self.note(format!("ended with {code}"));
    }

    fn note(&self, text: impl Into<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(text.into());
    }

    pub(crate) fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }
}

/// What disturbs an act besides the weather.
#[derive(Clone, Copy, Debug)]
enum Disturbance {
    Nothing,
    Killed(Trap),
    Signalled(Trap),
    SecondDeployer { after: Duration, waits: bool },
    Foreigner { after: Duration },
}

struct Story<'a> {
    stage: Stage,
    random: StdRng,
    journal: &'a Journal<'a>,
    releases: u64,
    /// The definition that the service began with, which somebody may come back to by hand.
    first_definition: String,
    /// Whether users are shifted between two fleets.
    shifts: bool,
}

/// Plays the history of a seed.
pub(crate) async fn history(seed: u64, journal: &Journal<'_>) {
    let mut random = StdRng::seed_from_u64(seed);
    let runs = Duration::from_secs(random.random_range(1..60));
    let migration = Arc::new(move |_: &_| OneOff { runs, ..OneOff::default() });
    let mut stage = Stage::bare(seed, &Scenery::default(), migration).await;
    let strategy = strategy(seed);
    if let Some(strategy) = strategy {
        journal.note(strategy);
        stage.settings = settings(strategy);
    }
    let shifts = strategy.is_some();
    let first_definition = stage.service(STAGING).task_definition;
    let mut story = Story { stage, random, journal, releases: 0, first_definition, shifts };
    let mut release = story.release();
    let ended = story.run("deploy-staging", &release, Stop::pair().1).await;
    assert_eq!(ended.code, exit::DONE, "{:?}", ended.lines);
    for _ in 0..story.random.random_range(1..=2) {
        let is_new = story.random.random_bool(0.7);
        if is_new {
            release = story.release();
        }
        Box::pin(story.act(seed, &release)).await;
    }
    story.end(&release).await;
}

impl Story<'_> {
    fn release(&mut self) -> Built {
        self.releases += 1;
        self.stage.built(&format!("{:040x}", 0x00c0_ffee_0000 + self.releases))
    }

    /// One run, as far as it comes.
    async fn run(&self, line: &str, release: &Built, stop: Stop) -> Ended {
        let page = Page::default();
        let report = Arc::new(Report::new(Style::PLAIN, page.clone(), Redactor::default()));
        let session = self.stage.session(release, stop, Progress::new(report, self.stage.clock));
        let arguments = Arguments::try_parse_from(["delivery"].into_iter().chain(line.split_whitespace()));
        let verb = arguments.expect("it is one").verb;
        let journal = Told { journal: self.journal, line, release, page };
        let ended = tokio::time::timeout(LIMIT, verbs::perform(&session, verb)).await.expect("it ends");
        drop(journal);
        self.journal.ended(ended.code);
        ended
    }

    async fn act(&mut self, seed: u64, release: &Built) {
        let line = if self.random.random_bool(0.8) { "deploy-staging" } else { "rollback --environment staging" };
        let weather = Weather::draw(&mut self.random, self.shifts);
        let disturbance = self.disturbance(seed);
        self.journal.note(format!("\nACT: {line} of {}, {disturbance:?}, {weather:?}", release.commit));
        if weather.ill {
            self.stage.app.break_commit(&release.commit, "ill");
        }
        weather.begin(&self.stage);
        let goal = (line == "deploy-staging").then_some(release);
        let before = Look::at(&self.stage, goal);
        let (alone, calm) = (
            !matches!(disturbance, Disturbance::SecondDeployer { .. } | Disturbance::Foreigner { .. }),
            weather.is_calm(),
        );
        let mut case = Case { release: goal, before: &before, alone, calm, again: false, shifts: self.shifts };
        match disturbance {
            Disturbance::Nothing => {
                let ended = self.run(line, release, Stop::pair().1).await;
                truth(&self.stage, case, &ended);
            }
            Disturbance::Killed(trap) => {
                self.stage.app.set(Some(trap));
                let ended = tokio::select! {
                    biased;
                    ended = self.run(line, release, Stop::pair().1) => Some(ended),
                    () = self.stage.app.sprung.notified() => None,
                };
                self.stage.app.set(None);
                match ended {
                    Some(ended) => truth(&self.stage, case, &ended),
                    None => {
                        self.journal.note("killed");
                        never_two_migrations(&self.stage);
                        case.again = true;
                        let wait = Duration::from_secs(self.random.random_range(0..600));
                        tokio::time::sleep(wait).await;
                        let ended = self.run(&format!("{line} --break-lock"), release, Stop::pair().1).await;
                        truth(&self.stage, case, &ended);
                    }
                }
            }
            Disturbance::Signalled(trap) => {
                self.stage.app.set(Some(trap));
                let (stopper, stop) = Stop::pair();
                let signal = self.signal(stopper);
                let ended = tokio::select! {
                    biased;
                    ended = self.run(line, release, stop) => ended,
                    () = signal => unreachable!("it never ends"),
                };
                self.stage.app.set(None);
                truth(&self.stage, case, &ended);
            }
            Disturbance::SecondDeployer { after, waits } => {
                let other = self.release();
                let others = Look::at(&self.stage, Some(&other));
                let first = async {
                    let ended = self.run(line, release, Stop::pair().1).await;
                    truth(&self.stage, case, &ended);
                };
                let second = async {
                    tokio::time::sleep(after).await;
                    let line = if waits { "deploy-staging --wait" } else { "deploy-staging" };
                    let ended = self.run(line, &other, Stop::pair().1).await;
                    truth(&self.stage, Case { release: Some(&other), before: &others, ..case }, &ended);
                };
                tokio::join!(first, second);
            }
            Disturbance::Foreigner { after } => {
                let foreigner = async {
                    tokio::time::sleep(after).await;
                    self.somebody_deploys().await;
                };
                let first = async {
                    let ended = self.run(line, release, Stop::pair().1).await;
                    never_two_migrations(&self.stage);
                    assert!(![exit::UNEXPECTED, exit::USAGE].contains(&ended.code), "{:?}", ended.lines);
                };
                tokio::join!(first, foreigner);
            }
        }
        self.stage.cloud.faults(Faults::clear);
        self.stage.app.mend();
    }

    /// Asks to stop when the trap springs. It never ends: who asks stays.
    async fn signal(&self, stopper: Stopper) {
        self.stage.app.sprung.notified().await;
        self.journal.note("signalled");
        stopper.stop();
        std::future::pending::<()>().await;
    }

    /// Somebody who knows nothing of locks goes back to the beginning by hand.
    async fn somebody_deploys(&self) {
        self.stage.cloud.faults(Faults::clear);
        let update = json!({ "cluster": STAGING, "service": SERVICE, "taskDefinition": self.first_definition });
        self.stage.ask("AmazonEC2ContainerServiceV20141113.UpdateService", &update).await;
        self.journal.note("somebody deployed by hand");
    }

    fn disturbance(&mut self, seed: u64) -> Disturbance {
        let random = &mut self.random;
        let after = if self.shifts { random.random_range(0..WATCHED_CALLS) } else { seed / 2 % CALLS };
        // Every call in turn, and each as one that has its effect and as one that has none.
        let trap = |answered| Trap { after, delivered: seed.is_multiple_of(2), answered };
        let later = Duration::from_secs_f64(random.random_range(0.0..180.0));
        match random.random_range(0..10) {
            0..3 => Disturbance::Nothing,
            3..6 => Disturbance::Killed(trap(false)),
            6..8 => Disturbance::Signalled(Trap { delivered: true, ..trap(true) }),
            8 => Disturbance::SecondDeployer { after: later, waits: random.random_bool(0.5) },
            _ => Disturbance::Foreigner { after: later },
        }
    }

    /// Once everything answers again, the next run puts everything right.
    async fn end(&self, release: &Built) {
        self.journal.note("\nEND");
        tokio::time::sleep(Duration::from_mins(40)).await;
        never_two_migrations(&self.stage);
        let before = Look::at(&self.stage, Some(release));
        let ended = self.run("deploy-staging --break-lock", release, Stop::pair().1).await;
        truth(
            &self.stage,
            Case {
                release: Some(release),
                before: &before,
                alone: true,
                calm: true,
                again: false,
                shifts: self.shifts,
            },
            &ended,
        );
        assert_eq!(ended.code, exit::DONE, "{:?}", ended.lines);
        let status = self.run("status", release, Stop::pair().1).await;
        assert_eq!(status.code, exit::DONE, "{:?}", status.lines);
    }
}

/// Notes what a run has told, also when it is dropped half way.
struct Told<'a> {
    journal: &'a Journal<'a>,
    line: &'a str,
    release: &'a Built,
    page: Page,
}

impl Drop for Told<'_> {
    fn drop(&mut self) {
        self.journal.note(format!("RUN {} of {}\n{}", self.line, self.release.commit, self.page.text()));
    }
}
