//! Histories from seeds: calls that fail, tasks that do, signals, locks that are lost and others who
//! deploy, all at any moment. Whatever happens the following ends in time, and its end is true.
//!
//! `HISTORIES=10000` plays more of them, `HISTORY_SEED` one again.

use std::time::Duration;

use delivery::follow::{End, Followed, Following};
use delivery::release::Release;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use rehearsal::faults::{ApiFault, ApiRule, Faults};
use rehearsal::snapshot::ServiceDeploymentView;
use rehearsal::world::TaskFault;
use tokio::time::{Instant, sleep};

use crate::cloud::{DESIRED, Scene};

/// How many are played unless more are asked for.
const USUAL: u64 = 60;
const ROLLBACK_LIMIT: Duration = Duration::from_mins(15);

/// What comes in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Disturbance {
    Nothing,
    Signal,
    TwoSignals,
    LostLock,
    AnotherDeployer,
    OldTasksCrash,
    Outage,
}

const DISTURBANCES: [Disturbance; 7] = [
    Disturbance::Nothing,
    Disturbance::Signal,
    Disturbance::TwoSignals,
    Disturbance::LostLock,
    Disturbance::AnotherDeployer,
    Disturbance::OldTasksCrash,
    Disturbance::Outage,
];

#[derive(Debug)]
struct History {
    calls: Option<(ApiFault, f64)>,
    tasks: Option<(TaskFault, Option<u64>)>,
    disturbance: Disturbance,
    at: Duration,
    lasts: Duration,
    limit: Duration,
}

impl History {
    fn of(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let mut seconds = |range: std::ops::Range<u64>| Duration::from_secs(random.random_range(range));
        let (at, lasts) = (seconds(0..60), seconds(1..900));
        let limit = seconds(20..600);
        let after = seconds(0..40);
        let faults =
            [ApiFault::Throttle, ApiFault::ServerError, ApiFault::Hang, ApiFault::LostAnswer, ApiFault::ExpiredToken];
        let calls = random.random_bool(0.5);
        let calls = calls.then(|| (faults[random.random_range(0..faults.len())], random.random_range(0.02..0.3)));
        let times = if random.random_bool(0.3) { Some(1) } else { None };
        let tasks = match random.random_range(0..6) {
            0 => Some((TaskFault::Crash { after, code: random.random_range(0..140) }, times)),
            1 => Some((TaskFault::NeverReady, times)),
            2 => Some((TaskFault::CannotStart { reason: "CannotPullContainerError: not found".to_owned() }, times)),
            _ => None,
        };
        let disturbance = DISTURBANCES[random.random_range(0..DISTURBANCES.len())];
        Self { calls, tasks, disturbance, at, lasts, limit }
    }

    /// Plays the disturbance; ends never, but for a lock that is lost.
    async fn disturb(&self, scene: &Scene, theirs: &Release) {
        if self.disturbance == Disturbance::LostLock {
            std::future::pending::<()>().await;
        }
        sleep(self.at).await;
        match self.disturbance {
            Disturbance::Nothing | Disturbance::LostLock => {}
            Disturbance::Signal => {
                scene.stopper.stop();
            }
            Disturbance::TwoSignals => {
                scene.stopper.stop();
                sleep(self.lasts).await;
                scene.stopper.stop();
            }
            Disturbance::AnotherDeployer => {
                scene.cloud.faults(Faults::clear);
                scene.update_as_somebody(theirs).await;
            }
            Disturbance::OldTasksCrash => {
                for task in scene.cloud.snapshot().tasks {
                    if task.digest.as_deref() == Some(scene.first.digest.as_str()) {
                        scene.simulation.crash(&task.arn, 1);
                    }
                }
            }
            Disturbance::Outage => {
                scene.cloud.faults(|faults| {
                    faults.clear();
                    faults.add_call(ApiRule::share("*", ApiFault::ServerError, 1.0));
                });
                sleep(self.lasts).await;
                scene.cloud.faults(Faults::clear);
            }
        }
        std::future::pending::<()>().await;
    }
}

async fn play(seed: u64) {
    let history = History::of(seed);
    let scene = Scene::new().await;
    if let Some((fault, times)) = history.tasks.clone() {
        scene.break_tasks(fault, times);
    }
    let (release, theirs) = (scene.release('b'), scene.release('c'));
    let (id, from) = scene.update(&release).await;
    if let Some((fault, share)) = history.calls {
        scene.cloud.faults(|faults| faults.add_call(ApiRule::share("*", fault, share)));
    }
    let lost = async {
        if history.disturbance == Disturbance::LostLock {
            sleep(history.at).await;
            return "bob broke it".to_owned();
        }
        std::future::pending().await
    };
    let following = Following { limit: history.limit, rollback_limit: ROLLBACK_LIMIT, ..scene.following() };
    let since = Instant::now();
    let followed = tokio::select! {
        followed = Box::pin(following.follow(&id, Some(&from), lost)) => followed,
        () = Box::pin(history.disturb(&scene, &theirs)) => unreachable!("it ends never"),
    };
    let most = history.limit + ROLLBACK_LIMIT + Duration::from_secs(1);
    assert!(since.elapsed() <= most, "it ends too late: {:?}", since.elapsed());
    holds(&history, &scene, &release, &followed);
}

/// What was said of the end is true.
#[track_caller]
fn holds(history: &History, scene: &Scene, release: &Release, followed: &Followed) {
    let view = scene.view();
    let of_release =
        |deployment: &&ServiceDeploymentView| deployment.digest.as_deref() == Some(release.digest.as_str());
    let ours = view.service_deployments.iter().find(of_release).expect("it was asked for");
    let others = view.service_deployments.iter().any(|deployment| deployment.created_at > ours.created_at);
    let running = |digest: &str| {
        let tasks = scene.cloud.snapshot().tasks;
        tasks.iter().filter(|task| task.last_status == "RUNNING" && task.digest.as_deref() == Some(digest)).count()
    };
    match followed.end {
        End::In => {
            assert_eq!(ours.status, "SUCCESSFUL");
            // A task may crash the moment after; that is for the proof to see.
            let steady = history.tasks.is_none() && !others;
            assert!(!steady || running(release.digest.as_str()) >= DESIRED, "nobody serves");
        }
        End::BackAgain => {
            assert_eq!(ours.status, "ROLLBACK_SUCCESSFUL");
            assert!(others || running(scene.first.digest.as_str()) >= DESIRED, "nobody serves");
        }
        End::Somebody => assert!(others, "there is nobody else"),
        End::Left => panic!("nobody asked to leave it"),
        End::NotBack => {
            let excused = matches!(
                history.disturbance,
                Disturbance::TwoSignals | Disturbance::Outage | Disturbance::AnotherDeployer
            );
            assert!(excused, "nothing stood in the way");
            assert!(followed.reason.contains("left: "), "it does not say what is left");
        }
    }
    assert!(!followed.reason.is_empty() && !scene.told.text().contains("hunter2"), "it says too little or too much");
}

#[test]
fn every_history_ends_in_time_and_its_end_is_true() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = match number("HISTORY_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("HISTORIES").unwrap_or(USUAL),
    };
    for seed in seeds {
        let played = std::panic::catch_unwind(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
            runtime.expect("a runtime").block_on(Box::pin(play(seed)));
        });
        assert!(played.is_ok(), "HISTORY_SEED={seed} plays it again: {:?}", History::of(seed));
    }
}
