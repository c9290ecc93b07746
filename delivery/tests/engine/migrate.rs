//! Migrations: how often, and what their ends mean.

use std::time::Duration;

use delivery::environment::Environment;
use delivery::exit::{self, Ending};
use delivery::migrate::migrate;
use delivery::release::Release;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use rehearsal::faults::{ApiFault, ApiRule, Faults, TaskRule};
use rehearsal::simulation::OneOff;
use rehearsal::snapshot::TaskView;
use rehearsal::world::TaskFault;

use crate::cloud::Scene;

async fn run(scene: &Scene, release: &Release) -> Result<Option<String>, Ending> {
    let service = scene.service().await;
    let image = format!("127.0.0.1:5000/myapp@{}", release.digest);
    let now = scene.clients.task_definition(&service.task_definition).await.expect("a definition");
    let wanted = now.with_image("app", &image).expect("it has the container");
    // As the engine does: an identical revision is used again.
    let mut definition = None;
    for arn in scene.clients.definitions_of("myapp-staging", 20).await.expect("an answer") {
        let known = scene.clients.task_definition(&arn).await.expect("an answer");
        if known.same_as(&wanted) {
            definition = Some(known);
        }
    }
    let definition = match definition {
        Some(definition) => definition,
        None => scene.clients.register(&wanted).await.expect("it is registered"),
    };
    let Scene { clients, settings, edge, progress, redactor, .. } = scene;
    migrate(clients, Environment::Staging, settings, &definition, &service, release, edge, progress, redactor).await
}

fn does(lines: &[&str], runs: Duration, code: i32) -> OneOff {
    OneOff { lines: lines.iter().map(|&line| line.to_owned()).collect(), runs, code }
}

async fn ends_with(code: i32) -> Scene {
    Scene::migrating(does(&["applying 0007", "postgres://app:hunter2@db is done"], Duration::from_secs(7), code)).await
}

/// No two of them ran at the same moment.
#[track_caller]
fn one_after_the_other(tasks: &[TaskView]) {
    for pair in tasks.windows(2) {
        let over = pair[0].stopped_at.expect("it is over");
        assert!(over <= pair[1].created_at, "{pair:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_runs_once_from_the_image_of_the_release_and_its_log_is_shown_without_secrets() {
    let scene = ends_with(0).await;
    let release = scene.release('b');
    run(&scene, &release).await.expect("it ends well");
    let tasks = scene.one_offs();
    assert_eq!(tasks.len(), 1, "{tasks:?}");
    assert_eq!(tasks[0].digest.as_deref(), Some(release.digest.as_str()));
    assert_eq!(tasks[0].command.as_deref(), Some(&["migrate".to_owned(), "up".to_owned()][..]));
    assert_eq!(tasks[0].started_by.as_deref(), Some("migrate-staging"));
    assert_eq!(scene.told.log(), ["applying 0007", "postgres://app:***@db is done"]);
}

#[tokio::test(start_paused = true)]
async fn its_exit_code_is_obeyed_and_another_run_is_another_task() {
    let scene = ends_with(41).await;
    let release = scene.release('b');
    for count in [1, 2, 3] {
        let ending = run(&scene, &release).await.expect_err("it fails");
        assert_eq!(ending.code(), exit::FAILED);
        let text = ending.to_string();
        assert!(
            text.contains("ended with exit code 41") && text.contains("its last line: postgres://app:***@"),
            "{text}"
        );
        assert_eq!(scene.one_offs().len(), count);
    }
    one_after_the_other(&scene.one_offs());
}

#[tokio::test(start_paused = true)]
async fn one_that_never_ran_says_why() {
    let scene = ends_with(0).await;
    let reason = "ResourceInitializationError: unable to pull secrets".to_owned();
    let fault = TaskFault::CannotStart { reason: reason.clone() };
    scene.cloud.faults(|faults| faults.add_task(TaskRule::OneOff, fault, None));
    let ending = run(&scene, &scene.release('b')).await.expect_err("it fails");
    let text = ending.to_string();
    assert!(text.contains("without an exit code") && text.contains(&reason), "{text}");
}

#[tokio::test(start_paused = true)]
async fn whatever_happens_to_its_calls_it_never_runs_twice() {
    let faults =
        [ApiFault::Throttle, ApiFault::ServerError, ApiFault::Hang, ApiFault::LostAnswer, ApiFault::ExpiredToken];
    for operation in ["RunTask", "ListTasks", "DescribeTasks", "GetLogEvents"] {
        for fault in faults {
            for times in [1, 3, 20] {
                let scene = ends_with(0).await;
                let case = format!("{operation} {fault:?} {times}");
                scene.break_calls(operation, fault, 0, times);
                let ended = run(&scene, &scene.release('b')).await;
                scene.cloud.faults(Faults::clear);
                if let Err(ending) = ended {
                    assert_eq!((ending.code(), times), (exit::FAILED, 20), "{case}: {ending}");
                    run(&scene, &scene.release('b')).await.expect(&case);
                }
                assert_eq!(scene.one_offs().len(), 1, "{case}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_runs_already_is_adopted() {
    let scene = Scene::migrating(does(&["slow"], Duration::from_mins(2), 0)).await;
    let release = scene.release('b');
    // A deployer that dies in the middle.
    tokio::time::timeout(Duration::from_secs(30), run(&scene, &release)).await.expect_err("it takes minutes");
    run(&scene, &release).await.expect("it ends well");
    assert_eq!(scene.one_offs().len(), 1);
    assert!(scene.told.when("adopted the task").is_some(), "{}", scene.told.text());
}

#[tokio::test(start_paused = true)]
async fn two_at_the_same_moment_are_one() {
    let scene = ends_with(0).await;
    let release = scene.release('b');
    // Both have the same revision before either begins.
    scene.register(&release).await;
    let (one, other) = tokio::join!(run(&scene, &release), run(&scene, &release));
    one.expect("it ends well");
    other.expect("it ends well");
    assert_eq!(scene.one_offs().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn another_releases_is_waited_for() {
    let scene = Scene::migrating(does(&["slow"], Duration::from_mins(2), 0)).await;
    let (one, other) = (scene.release('b'), scene.release('c'));
    tokio::time::timeout(Duration::from_secs(30), run(&scene, &one)).await.expect_err("it takes minutes");
    run(&scene, &other).await.expect("it ends well");
    let tasks = scene.one_offs();
    assert_eq!(tasks.len(), 2, "{tasks:?}");
    one_after_the_other(&tasks);
    assert!(scene.told.when("another release migrates").is_some(), "{}", scene.told.text());
}

#[tokio::test(start_paused = true)]
async fn a_signal_leaves_it_running_and_says_so() {
    let scene = Scene::migrating(does(&["slow"], Duration::from_mins(2), 0)).await;
    let release = scene.release('b');
    let signal = async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        scene.stopper.stop();
    };
    let (ended, ()) = tokio::join!(run(&scene, &release), signal);
    let text = ended.expect_err("it is interrupted").to_string();
    assert!(text.contains("a signal asked to stop; the migration goes on in the task"), "{text}");
    let text = run(&scene, &release).await.expect_err("it is interrupted").to_string();
    assert!(text.contains("before the migration was seen to begin"), "{text}");
    assert_eq!(scene.one_offs().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn no_migration_is_waited_for_beyond_its_limit() {
    let scene = Scene::migrating(does(&["slow"], Duration::from_hours(2), 0)).await;
    let since = tokio::time::Instant::now();
    let text = run(&scene, &scene.release('b')).await.expect_err("it takes hours").to_string();
    assert!(text.contains("not done after 900 s; the migration goes on"), "{text}");
    assert!(since.elapsed() < Duration::from_mins(16), "{:?}", since.elapsed());
    scene.break_calls("ListTasks", ApiFault::Hang, 0, u64::MAX);
    let text = run(&scene, &scene.release('b')).await.expect_err("nobody knows").to_string();
    assert!(text.contains("cannot tell whether a migration runs already"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_ecs_remembers_for_longer_than_its_task_is_not_used_again() {
    let scene = ends_with(0).await;
    let release = scene.release('b');
    run(&scene, &release).await.expect("it ends well");
    // ECS forgets stopped tasks after an hour.
    tokio::time::sleep(Duration::from_hours(3)).await;
    let known = scene.one_offs().len();
    run(&scene, &release).await.expect("it ends well");
    assert_eq!((known, scene.one_offs().len()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn deployers_that_die_and_come_again_never_migrate_twice_at_once() {
    let faults =
        [ApiFault::Throttle, ApiFault::ServerError, ApiFault::Hang, ApiFault::LostAnswer, ApiFault::ExpiredToken];
    for seed in 0..40 {
        let mut random = StdRng::seed_from_u64(seed);
        let runs = Duration::from_secs(random.random_range(1..120));
        let code = i32::from(random.random_bool(0.3));
        let scene = Scene::migrating(does(&["working"], runs, code)).await;
        let releases = [scene.release('b'), scene.release('c')];
        for _ in 0..4 {
            let release = &releases[random.random_range(0..releases.len())];
            let dies_after = Duration::from_secs(random.random_range(1..90));
            let share = random.random_range(0.0..0.4);
            let fault = faults[random.random_range(0..faults.len())];
            for operation in ["RunTask", "ListTasks", "DescribeTasks"] {
                scene.cloud.faults(|faults| faults.add_call(ApiRule::share(operation, fault, share)));
            }
            let _ = tokio::time::timeout(dies_after, Box::pin(run(&scene, release))).await;
            scene.cloud.faults(Faults::clear);
        }
        let _ = run(&scene, &releases[0]).await;
        let tasks = scene.one_offs();
        assert!(!tasks.is_empty(), "{seed}");
        one_after_the_other(&tasks);
    }
}
