//! A history: acts, each of which may be disturbed, and an end at which all is well.

use std::sync::Arc;
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
use crate::check::{Case, Look, never_two_migrations, nobody_is_left_between, truth, watched};
use crate::journal::{Journal, Told};
use crate::stage::{Built, Page, SERVICE, Stage};
use crate::way::{Place, Way};
use crate::weather::Weather;

/// No run lasts longer, whatever happens: all of its limits together, and then some.
const LIMIT: Duration = Duration::from_hours(4);
/// How many calls an undisturbed deployment makes, about.
const CALLS: u64 = 160;
/// How many one makes that is watched on its way, about.
const WATCHED_CALLS: u64 = 350;
/// After so long every pause has run out at which a release waits for an engine that is gone.
const PAUSES: Duration = Duration::from_mins(15);

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
    way: Way,
}

/// What an act is about.
struct Deed {
    line: String,
    /// Whether it brings the release in, and does not take it back.
    deploys: bool,
    /// Whether it is left on its way.
    leaves: bool,
}

/// Plays the history of a seed.
pub(crate) async fn history(seed: u64, journal: &Journal<'_>) {
    let mut random = StdRng::seed_from_u64(seed);
    let runs = Duration::from_secs(random.random_range(1..60));
    let migration = Arc::new(move |_: &_| OneOff { runs, ..OneOff::default() });
    let mut stage = Stage::bare(seed, &Scenery::default(), migration).await;
    let way = Way::of(seed);
    journal.note(format!("{way:?}"));
    stage.settings = way.settings();
    let first_definition = stage.service(way.place.cluster()).task_definition;
    let mut story = Story { stage, random, journal, releases: 0, first_definition, way };
    let mut release = story.release();
    story.is_verified(&release).await;
    let ended = story.run(&story.deploy(&release), &release, Stop::pair().1).await;
    assert_eq!(ended.code, exit::DONE, "{:?}", ended.lines);
    for _ in 0..story.random.random_range(1..=2) {
        // What production has and has verified is refused there.
        let is_new = story.random.random_bool(0.7) || way.place == Place::Production;
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

    /// The line that brings a release in.
    fn deploy(&self, release: &Built) -> String {
        match self.way.place {
            Place::Staging => "deploy-staging".to_owned(),
            Place::Production => format!("promote --image-tag {}", release.commit),
        }
    }

    /// Has staging verify a release, where that comes first.
    async fn is_verified(&self, release: &Built) {
        if self.way.place == Place::Production {
            let ended = self.run("deploy-staging", release, Stop::pair().1).await;
            assert_eq!(ended.code, exit::DONE, "{:?}", ended.lines);
        }
    }

    fn deed(&mut self, release: &Built) -> Deed {
        let random = &mut self.random;
        if !random.random_bool(0.8) {
            let line = format!("rollback --environment {}", self.way.place.name());
            return Deed { line, deploys: false, leaves: false };
        }
        let leaves = self.way.place == Place::Production && random.random_bool(0.3);
        let stages = ["before-users", "before-shift", "bake"];
        let until = stages[random.random_range(0..if self.way.bakes { 3 } else { 2 })];
        let leave = if leaves { format!(" --no-wait --until {until}") } else { String::new() };
        Deed { line: self.deploy(release) + &leave, deploys: true, leaves }
    }

    async fn act(&mut self, seed: u64, release: &Built) {
        let (place, shifts) = (self.way.place, self.way.shifts());
        self.is_verified(release).await;
        let Deed { line, deploys, leaves } = self.deed(release);
        let weather = Weather::draw(&mut self.random, shifts);
        let disturbance = self.disturbance(seed);
        self.journal.note(format!("\nACT: {line} of {}, {disturbance:?}, {weather:?}", release.commit));
        let other = match disturbance {
            Disturbance::SecondDeployer { .. } => {
                let other = self.release();
                self.is_verified(&other).await;
                Some(other)
            }
            _ => None,
        };
        if weather.ill {
            self.stage.app.break_commit(&release.commit, "ill");
        }
        weather.begin(&self.stage);
        let goal = deploys.then_some(release);
        let before = Look::at(&self.stage, place, goal);
        let (alone, calm) = (
            !matches!(disturbance, Disturbance::SecondDeployer { .. } | Disturbance::Foreigner { .. }),
            weather.is_calm(),
        );
        let left = leaves;
        let mut case = Case { place, release: goal, before: &before, alone, calm, again: false, shifts, left };
        match disturbance {
            Disturbance::Nothing => {
                let ended = self.run(&line, release, Stop::pair().1).await;
                truth(&self.stage, case, &ended);
            }
            Disturbance::Killed(trap) => {
                self.stage.app.set(Some(trap));
                let ended = tokio::select! {
                    biased;
                    ended = self.run(&line, release, Stop::pair().1) => Some(ended),
                    () = self.stage.app.sprung.notified() => None,
                };
                self.stage.app.set(None);
                let ended = match ended {
                    Some(ended) => ended,
                    None => {
                        case.again = true;
                        self.again(&line, release).await
                    }
                };
                truth(&self.stage, case, &ended);
            }
            Disturbance::Signalled(trap) => {
                self.stage.app.set(Some(trap));
                let (stopper, stop) = Stop::pair();
                let signal = self.signal(stopper);
                let ended = tokio::select! {
                    biased;
                    ended = self.run(&line, release, stop) => ended,
                    () = signal => unreachable!("it never ends"),
                };
                self.stage.app.set(None);
                truth(&self.stage, case, &ended);
            }
            Disturbance::SecondDeployer { after, waits } => {
                let other = other.expect("there is one");
                let others = Look::at(&self.stage, place, Some(&other));
                let first = async {
                    let ended = self.run(&line, release, Stop::pair().1).await;
                    truth(&self.stage, case, &ended);
                };
                let second = async {
                    tokio::time::sleep(after).await;
                    let line = self.deploy(&other) + if waits { " --wait" } else { "" };
                    let ended = self.run(&line, &other, Stop::pair().1).await;
                    let case = Case { release: Some(&other), before: &others, left: false, ..case };
                    truth(&self.stage, case, &ended);
                };
                tokio::join!(first, second);
            }
            Disturbance::Foreigner { after } => {
                let foreigner = async {
                    tokio::time::sleep(after).await;
                    self.somebody_deploys().await;
                };
                let first = async {
                    let ended = self.run(&line, release, Stop::pair().1).await;
                    never_two_migrations(&self.stage, place);
                    assert!(![exit::UNEXPECTED, exit::USAGE].contains(&ended.code), "{:?}", ended.lines);
                };
                tokio::join!(first, foreigner);
            }
        }
        if shifts && self.random.random_bool(if leaves { 0.6 } else { 0.15 }) {
            self.monitor(release).await;
        }
        self.stage.cloud.faults(Faults::clear);
        self.stage.app.mend();
    }

    /// An engine was killed: sooner or later it is run again.
    async fn again(&mut self, line: &str, release: &Built) -> Ended {
        self.journal.note("killed");
        never_two_migrations(&self.stage, self.way.place);
        let longest = if self.way.shifts() { 1800 } else { 600 };
        let wait = Duration::from_secs(self.random.random_range(0..longest));
        tokio::time::sleep(wait).await;
        if self.way.shifts() && wait > PAUSES {
            self.journal.note("long after it was killed");
            nobody_is_left_between(&self.stage, self.way.place);
        }
        self.run(&format!("{line} --break-lock"), release, Stop::pair().1).await
    }

    /// Somebody watches what is there, and takes it back when it is bad.
    async fn monitor(&self, release: &Built) {
        let place = self.way.place;
        let before = Look::at(&self.stage, place, Some(release));
        let line = format!("monitor --environment {} --for 20s --roll-back", place.name());
        let ended = self.run(&line, release, Stop::pair().1).await;
        watched(&self.stage, place, release, &before, &ended);
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
        let cluster = self.way.place.cluster();
        let update = json!({ "cluster": cluster, "service": SERVICE, "taskDefinition": self.first_definition });
        self.stage.ask("AmazonEC2ContainerServiceV20141113.UpdateService", &update).await;
        self.journal.note("somebody deployed by hand");
    }

    fn disturbance(&mut self, seed: u64) -> Disturbance {
        let random = &mut self.random;
        let after = if self.way.shifts() { random.random_range(0..WATCHED_CALLS) } else { seed / 2 % CALLS };
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
        let (place, shifts) = (self.way.place, self.way.shifts());
        never_two_migrations(&self.stage, place);
        if shifts {
            nobody_is_left_between(&self.stage, place);
        }
        self.is_verified(release).await;
        let before = Look::at(&self.stage, place, Some(release));
        let ended = self.run(&format!("{} --break-lock", self.deploy(release)), release, Stop::pair().1).await;
        let (alone, calm, again, left) = (true, true, false, false);
        let case = Case { place, release: Some(release), before: &before, alone, calm, again, shifts, left };
        truth(&self.stage, case, &ended);
        let is_there = place == Place::Production && ended.code == exit::REFUSED && before.is_verified(release);
        assert!(ended.code == exit::DONE || is_there, "{} {:?}", ended.code, ended.lines);
        let status = self.run("status", release, Stop::pair().1).await;
        assert_eq!(status.code, exit::DONE, "{:?}", status.lines);
    }
}
