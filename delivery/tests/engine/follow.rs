//! A rollout that comes in, and those that do not.

use std::time::Duration;

use delivery::follow::End;
use delivery::progress::{Event, Step};
use jiff::{SignedDuration, Timestamp};
use rehearsal::world::{Report, Reports as _, TaskFault};

use crate::cloud::{Scene, crash};

/// When an operation was called first.
fn called(scene: &Scene, operation: &str) -> Timestamp {
    let calls = scene.cloud.snapshot().calls;
    calls.iter().find(|call| call.operation == operation).expect("it was called").at
}

#[tokio::test(start_paused = true)]
async fn a_good_release_comes_in_and_is_known_within_three_seconds() {
    let scene = Scene::new().await;
    let release = scene.release('b');
    let followed = scene.deploy(&release).await;
    let now = scene.edge.clock.now();
    assert_eq!(followed.end, End::In, "{followed:?}");
    assert!(followed.failures.is_empty(), "{followed:?}");
    let deployment = &scene.view().service_deployments[0];
    assert_eq!(followed.deployment.as_ref(), Some(&deployment.arn));
    let late = now.duration_since(deployment.finished_at.expect("it ended"));
    assert!(late < SignedDuration::from_secs(3), "{late}");
    scene.serves(&release);
    let figures = scene.told.moments().into_iter().filter_map(|moment| match moment.event {
        Event::Tasks { step, tasks, .. } => Some((step, tasks)),
        _ => None,
    });
    let figures: Vec<_> = figures.collect();
    assert!(figures.iter().all(|(step, _)| *step == Step::Follow), "{figures:?}");
    let (_, last) = figures.last().expect("some are told");
    assert_eq!((last.status.as_str(), last.desired, last.running, last.old), ("SUCCESSFUL", 2, 2, 0));
    assert_eq!(scene.count("StopServiceDeployment"), 0);
}

#[tokio::test(start_paused = true)]
async fn the_second_crash_ends_it_within_five_seconds_and_what_served_before_serves() {
    let scene = Scene::new().await;
    scene.break_tasks(crash(37), None);
    let release = scene.release('b');
    let cloud = scene.cloud.clone();
    let simulation = scene.simulation.clone();
    let writing = tokio::spawn(async move {
        let mut written = 2;
        loop {
            for launch in simulation.launches().iter().skip(written) {
                cloud.report(&launch.task, Report::Log { line: "panicked with hunter2".to_owned() });
                written += 1;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    let followed = scene.deploy(&release).await;
    writing.abort();
    assert_eq!(followed.end, End::BackAgain, "{followed:?}");
    assert!(followed.reason.starts_with("tasks: 2 tasks crashed; task "), "{}", followed.reason);
    assert!(followed.reason.contains("exit code 37"), "{}", followed.reason);
    let tasks = scene.cloud.snapshot().tasks;
    let mut crashes: Vec<_> =
        tasks.iter().filter(|task| task.exit_code == Some(37)).filter_map(|task| task.stopped_at).collect();
    crashes.sort();
    let late = called(&scene, "StopServiceDeployment").duration_since(crashes[1]);
    assert!(late < SignedDuration::from_secs(5), "{late}");
    assert_eq!(scene.status(), "ROLLBACK_SUCCESSFUL");
    scene.serves(&scene.first);
    assert!(followed.failures.len() >= 2, "{followed:?}");
    assert!(followed.failures.iter().all(|failure| failure.exit_code == Some(37)), "{followed:?}");
    assert_eq!(followed.failures[0].log, ["panicked with ***"]);
    assert_eq!(scene.told.log()[0], "panicked with ***");
    let text = scene.told.text();
    assert!(text.contains("tasks of") && text.contains("serve again"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn one_crash_is_forgiven() {
    let scene = Scene::new().await;
    scene.break_tasks(crash(37), Some(1));
    let release = scene.release('b');
    let followed = scene.deploy(&release).await;
    assert_eq!(followed.end, End::In, "{followed:?}");
    assert_eq!(followed.failures.len(), 1, "{followed:?}");
    scene.serves(&release);
}

#[tokio::test(start_paused = true)]
async fn the_first_task_that_cannot_start_ends_it() {
    let scene = Scene::new().await;
    let reason = "CannotPullContainerError: pull image manifest has been retried 1 time(s): not found".to_owned();
    scene.break_tasks(TaskFault::CannotStart { reason: reason.clone() }, None);
    let followed = scene.deploy(&scene.release('b')).await;
    assert_eq!(followed.end, End::BackAgain, "{followed:?}");
    assert!(followed.reason.contains("could not be started: ") && followed.reason.contains(&reason), "{followed:?}");
    assert!(followed.failures.iter().all(|failure| failure.log.is_empty()), "{followed:?}");
    assert_eq!(scene.status(), "ROLLBACK_SUCCESSFUL");
    scene.serves(&scene.first);
}

#[tokio::test(start_paused = true)]
async fn what_never_becomes_ready_is_taken_back_by_the_limit() {
    let scene = Scene::new().await;
    scene.break_tasks(TaskFault::NeverReady, None);
    let (id, from) = scene.update(&scene.release('b')).await;
    let limit = Duration::from_secs(15);
    let following = delivery::follow::Following { limit, ..scene.following() };
    let since = tokio::time::Instant::now();
    let followed = following.follow(&id, Some(&from), std::future::pending()).await;
    assert_eq!(followed.end, End::BackAgain, "{followed:?}");
    assert!(followed.reason.starts_with("it is not in after 15 s: IN_PROGRESS"), "{}", followed.reason);
    assert!(since.elapsed() < Duration::from_mins(5), "{:?}", since.elapsed());
    scene.serves(&scene.first);
}

#[tokio::test(start_paused = true)]
async fn what_ecs_takes_back_is_said_at_once_and_followed_to_its_end() {
    let scene = Scene::new().await;
    scene.break_tasks(TaskFault::NeverReady, None);
    let followed = scene.deploy(&scene.release('b')).await;
    assert_eq!(followed.end, End::BackAgain, "{followed:?}");
    assert!(followed.reason.starts_with("ECS takes it back, ROLLBACK_"), "{}", followed.reason);
    assert!(followed.reason.contains("circuit breaker"), "{}", followed.reason);
    assert!(followed.failures.iter().any(|failure| failure.reason.contains("health check")), "{followed:?}");
    assert_eq!(scene.count("StopServiceDeployment"), 0);
    assert_eq!(scene.status(), "ROLLBACK_SUCCESSFUL");
    scene.serves(&scene.first);
}

#[tokio::test(start_paused = true)]
async fn somebody_who_deploys_over_it_is_yielded_to() {
    let scene = Scene::new().await;
    let (id, from) = scene.update(&scene.release('b')).await;
    let theirs = scene.release('c');
    let following = scene.following();
    let others = async {
        tokio::time::sleep(Duration::from_secs(8)).await;
        scene.update(&theirs).await;
    };
    let (followed, ()) = tokio::join!(following.follow(&id, Some(&from), std::future::pending()), others);
    assert_eq!(followed.end, End::Somebody, "{followed:?}");
    assert!(followed.reason.contains("somebody else deployed over it"), "{followed:?}");
    assert_eq!(scene.count("StopServiceDeployment"), 0);
    scene.until("SUCCESSFUL").await;
    scene.serves(&theirs);
}

#[tokio::test(start_paused = true)]
async fn what_somebody_deployed_in_between_serves_in_the_end() {
    let scene = Scene::new().await;
    let planned_from = scene.revision_now().await;
    let theirs = scene.release('c');
    let followed = scene.deploy(&theirs).await;
    assert_eq!(followed.end, End::In, "{followed:?}");
    let (id, _) = scene.update(&scene.release('b')).await;
    let followed = scene.following().follow(&id, Some(&planned_from), std::future::pending()).await;
    assert_eq!(followed.end, End::Somebody, "{followed:?}");
    assert!(followed.reason.contains("somebody else deployed in between"), "{followed:?}");
    scene.serves(&theirs);
}

#[tokio::test(start_paused = true)]
async fn what_came_in_before_it_was_looked_for_is_found() {
    let scene = Scene::new().await;
    let release = scene.release('b');
    let (id, from) = scene.update(&release).await;
    scene.until("SUCCESSFUL").await;
    let followed = scene.following().follow(&id, Some(&from), std::future::pending()).await;
    assert_eq!(followed.end, End::In, "{followed:?}");
    // Asked for once more, ECS has nothing to do.
    let (again, _) = scene.update(&release).await;
    assert_ne!(again, id, "another revision of the definition is another deployment");
}
