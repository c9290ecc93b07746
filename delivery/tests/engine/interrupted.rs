//! Signals, a lost lock, and calls that fail.

use std::future::pending;
use std::time::Duration;

use delivery::follow::{End, Following};
use rehearsal::faults::{ApiFault, ApiRule};
use rehearsal::world::TaskFault;
use serde_json::json;

use crate::cloud::{Scene, crash};

/// The calls that following makes.
const CALLS: [&str; 6] = [
    "DescribeServiceDeployments",
    "ListServiceDeployments",
    "DescribeServices",
    "ListTasks",
    "DescribeTasks",
    "StopServiceDeployment",
];
const FAULTS: [ApiFault; 5] =
    [ApiFault::Throttle, ApiFault::ServerError, ApiFault::Hang, ApiFault::LostAnswer, ApiFault::ExpiredToken];

#[tokio::test(start_paused = true)]
async fn a_signal_takes_it_back() {
    // Before it is looked for, before ECS begins, and in the middle.
    for seconds in [0, 1, 8] {
        let scene = Scene::new().await;
        let (id, from) = scene.update(&scene.release('b')).await;
        let following = scene.following();
        let signal = async {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            scene.stopper.stop();
        };
        let (followed, ()) = tokio::join!(following.follow(&id, Some(&from), pending()), signal);
        assert_eq!(followed.end, End::BackAgain, "{seconds} {followed:?}");
        assert_eq!(followed.reason, "a signal asked to stop");
        assert_eq!(scene.status(), "ROLLBACK_SUCCESSFUL");
        scene.serves(&scene.first);
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_signal_ends_the_watch_and_says_what_is_left() {
    let scene = Scene::new().await;
    let (id, from) = scene.update(&scene.release('b')).await;
    let following = scene.following();
    let signals = async {
        tokio::time::sleep(Duration::from_secs(8)).await;
        scene.stopper.stop();
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        scene.stopper.stop();
    };
    let since = tokio::time::Instant::now();
    let (followed, ()) = tokio::join!(following.follow(&id, Some(&from), pending()), signals);
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    assert_eq!(followed.end, End::NotBack, "{followed:?}");
    let reason = &followed.reason;
    assert!(reason.starts_with("a signal asked to stop; a second signal ended the watch; left: arn:"), "{reason}");
    assert!(reason.contains("tasks running"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_lost_lock_takes_it_back() {
    let scene = Scene::new().await;
    let (id, from) = scene.update(&scene.release('b')).await;
    let lost = async {
        tokio::time::sleep(Duration::from_secs(8)).await;
        "bob broke it".to_owned()
    };
    let followed = scene.following().follow(&id, Some(&from), lost).await;
    assert_eq!(followed.end, End::BackAgain, "{followed:?}");
    assert_eq!(followed.reason, "the lock was lost: bob broke it");
    scene.serves(&scene.first);
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_rings_takes_it_back() {
    let mut scene = Scene::new().await;
    let staging = delivery::environment::Environment::Staging;
    scene.settings.environments.get_mut(&staging).expect("it is there").alarms = vec!["errors".to_owned()];
    scene.alarm("errors", "OK").await;
    let (id, from) = scene.update(&scene.release('b')).await;
    let following = scene.following();
    let ring = async {
        tokio::time::sleep(Duration::from_secs(4)).await;
        scene.alarm("errors", "ALARM").await;
    };
    let (followed, ()) = tokio::join!(following.follow(&id, Some(&from), pending()), ring);
    assert_eq!(followed.end, End::BackAgain, "{followed:?}");
    assert_eq!(followed.reason, "alarm: the alarm errors rings");
}

#[tokio::test(start_paused = true)]
async fn calls_that_fail_change_no_end() {
    for operation in CALLS {
        for fault in FAULTS {
            for (times, breaks) in [(3, false), (12, true)] {
                let scene = Scene::new().await;
                let case = format!("{operation} {fault:?} {times} {breaks}");
                if breaks {
                    scene.break_tasks(crash(37), None);
                }
                let release = scene.release('b');
                let (id, from) = scene.update(&release).await;
                scene.break_calls(operation, fault, 0, times);
                let followed = scene.following().follow(&id, Some(&from), pending()).await;
                // A watch that was blind for minutes may be told by ECS that the breaker tripped.
                let (end, serves) = if breaks { (End::BackAgain, &scene.first) } else { (End::In, &release) };
                assert_eq!(followed.end, end, "{case}: {followed:?}");
                scene.serves(serves);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_cloud_that_fails_every_fifth_call_changes_no_end() {
    for seed in 0..8 {
        for fault in FAULTS {
            let scene = Scene::new().await;
            let release = scene.release('b');
            let (id, from) = scene.update(&release).await;
            for _ in 0..seed {
                // Another stretch of the cloud's chances.
                scene.cloud.faults(|faults| faults.add_call(ApiRule::share("ListClusters", fault, 0.5)));
                scene.ask("ListServices", json!({ "cluster": scene.staging().cluster })).await;
            }
            scene.cloud.faults(|faults| faults.add_call(ApiRule::share("*", fault, 0.2)));
            let followed = scene.following().follow(&id, Some(&from), pending()).await;
            assert_eq!(followed.end, End::In, "{seed} {fault:?}: {followed:?}");
            scene.cloud.faults(rehearsal::faults::Faults::clear);
            scene.serves(&release);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_told_once_and_when_it_is_over() {
    let scene = Scene::new().await;
    let release = scene.release('b');
    let (id, from) = scene.update(&release).await;
    scene.break_calls("DescribeServiceDeployments", ApiFault::ServerError, 1, 30);
    let followed = scene.following().follow(&id, Some(&from), pending()).await;
    assert_eq!(followed.end, End::In, "{followed:?}");
    let text = scene.told.text();
    assert_eq!(text.matches("cannot see how it stands").count(), 1, "{text}");
    assert_eq!(text.matches("ECS answers again").count(), 1, "{text}");
}

#[tokio::test(start_paused = true)]
async fn when_ecs_never_answers_again_it_ends_by_its_limits_and_does_not_call_it_back() {
    for fault in [ApiFault::Hang, ApiFault::ServerError] {
        let scene = Scene::new().await;
        let (id, from) = scene.update(&scene.release('b')).await;
        scene.break_calls("*", fault, 12, u64::MAX);
        let limits = (Duration::from_mins(3), Duration::from_mins(2));
        let following = Following { limit: limits.0, rollback_limit: limits.1, ..scene.following() };
        let since = tokio::time::Instant::now();
        let followed = following.follow(&id, Some(&from), pending()).await;
        assert_eq!(followed.end, End::NotBack, "{followed:?}");
        assert!(followed.reason.contains("the limit of the way back passed"), "{}", followed.reason);
        assert!(since.elapsed() <= limits.0 + limits.1 + Duration::from_secs(1), "{:?}", since.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn somebody_who_stops_it_where_it_is_leaves_it_not_back() {
    let scene = Scene::new().await;
    scene.break_tasks(TaskFault::NeverReady, None);
    let (id, from) = scene.update(&scene.release('b')).await;
    let following = scene.following();
    let stop = async {
        tokio::time::sleep(Duration::from_secs(8)).await;
        let arn = scene.view().service_deployments[0].arn.clone();
        scene.ask("StopServiceDeployment", json!({ "serviceDeploymentArn": arn, "stopType": "ABORT" })).await;
    };
    let (followed, ()) = tokio::join!(following.follow(&id, Some(&from), pending()), stop);
    assert_eq!(followed.end, End::NotBack, "{followed:?}");
    assert!(followed.reason.starts_with("somebody stopped it, STOP"), "{}", followed.reason);
}
