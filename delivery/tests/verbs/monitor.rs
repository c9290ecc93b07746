//! `monitor`: what serves, watched.

use rehearsal::faults::ApiFault;
use rehearsal::world::{TaskFault, When};

use crate::deploy::staged;
use crate::progressive;
use crate::stage::{PRODUCTION, Stage};

/// A stage whose production serves a release, with a good one before it.
async fn served() -> (Stage, crate::stage::Built, crate::stage::Built) {
    let stage = Stage::new().await;
    let one = stage.build("one");
    stage.run("deploy-staging").await.ended(0);
    stage.run(&format!("promote --image-tag {}", one.commit)).await.ended(0);
    let two = stage.build("two");
    stage.run("deploy-staging").await.ended(0);
    stage.run(&format!("promote --image-tag {}", two.commit)).await.ended(0);
    (stage, one, two)
}

#[tokio::test(start_paused = true)]
async fn what_is_well_passes_and_changes_nothing() {
    let (stage, _, two) = served().await;
    let before = (stage.verdicts(&two), stage.count("UpdateService"));
    let ran = stage.run("monitor --environment production --for 3m --json").await;
    ran.ended(0).says("is well").says("watch     watch, probes:");
    let document: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(document["result"]["judgement"], "passed", "{document}");
    assert_eq!((stage.verdicts(&two), stage.count("UpdateService")), before, "it was concluded by promote");
    let lines = ran.err.lines().filter(|line| line.contains("watch, probes:")).count();
    assert!((3..=5).contains(&lines), "a line a minute: {}", ran.err);
    assert!(!stage.is_locked("production"));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_well_is_refused_and_left_where_it_is() {
    let (stage, _, two) = served().await;
    stage.app.break_commit(&two.commit, "the database is gone");
    stage.run("monitor --environment production --for 10m").await.ended(10).says("readiness");
    stage.serves(PRODUCTION, &two);
    assert_eq!(stage.verdicts(&two).last().map(String::as_str), Some("production failed"));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_well_is_taken_back_when_that_was_asked_for() {
    let (stage, one, two) = served().await;
    stage.app.break_commit(&two.commit, "the database is gone");
    stage.run("monitor --environment production --for 10m --roll-back").await.ended(21).says("readiness");
    stage.serves(PRODUCTION, &one);
    assert!(!stage.is_locked("production"));
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_rings_takes_it_back_too() {
    let (stage, one, _) = served().await;
    let ring = async {
        tokio::time::sleep(std::time::Duration::from_mins(2)).await;
        stage.ring("ALARM").await;
    };
    let (ran, ()) = tokio::join!(stage.run("monitor --environment production --for 10m --roll-back"), ring);
    ran.ended(21).says("alarm: errors rings");
    stage.serves(PRODUCTION, &one);
}

#[tokio::test(start_paused = true)]
async fn what_is_well_and_cannot_be_looked_up_afterwards_could_not_be_told() {
    let (stage, ..) = served().await;
    // The first look at what serves is answered, and the one before it is concluded is not.
    stage.fault("ListServiceDeployments", ApiFault::LostAnswer, 1, 100);
    stage.run("monitor --environment production --for 3m").await.ended(11).says("failed to list the deployments");
}

#[tokio::test(start_paused = true)]
async fn who_asks_it_to_stop_gets_no_verdict() {
    let (stage, _, two) = served().await;
    let calls = stage.count("DescribeServices");
    let ran = stage
        .run_until("monitor --environment production --for 10m", |stage| stage.count("DescribeServices") > calls + 5)
        .await;
    ran.ended(130);
    stage.serves(PRODUCTION, &two);
}

#[tokio::test(start_paused = true)]
async fn a_deployment_of_somebody_else_ends_it_without_a_verdict() {
    let (stage, one, two) = served().await;
    let deploy = async {
        tokio::time::sleep(std::time::Duration::from_mins(2)).await;
        stage.run(&format!("rollback --environment production --to {}", one.commit)).await.ended(0);
    };
    let (ran, ()) = tokio::join!(stage.run("monitor --environment production --for 10m --roll-back"), deploy);
    ran.ended(11).says("somebody else deploys");
    stage.serves(PRODUCTION, &one);
    assert_eq!(stage.verdicts(&two).last().map(String::as_str), Some("production passed"));
}

#[tokio::test(start_paused = true)]
async fn what_was_left_in_the_bake_is_watched_and_concluded() {
    let (stage, _) = progressive::stage(progressive::STRATEGIES[0]).await;
    let built = staged(&stage, "two").await;
    stage.run(&format!("promote --image-tag {} --no-wait", built.commit)).await.ended(0).says("NOT verified yet");
    let ran = stage.run("monitor --environment production --for 5m --roll-back").await;
    ran.ended(0).says("with all traffic, and the old release kept").says("it is in").says("is concluded: it passed");
    stage.serves(PRODUCTION, &built);
    assert_eq!(stage.verdicts(&built), ["staging passed", "production passed"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_left_in_the_bake_and_is_bad_is_flipped_back() {
    let (stage, before) = progressive::stage(progressive::STRATEGIES[0]).await;
    let built = staged(&stage, "two").await;
    let fault = Box::new(TaskFault::Errors { rate: 0.5 });
    stage.next_tasks(TaskFault::Only { when: When::Share(1.0), fault });
    stage.run(&format!("promote --image-tag {} --no-wait", built.commit)).await.ended(0).says("NOT verified yet");
    let ran = stage.run("monitor --environment production --for 5m --roll-back").await;
    ran.ended(21).says("(watch, failed)");
    stage.serves(PRODUCTION, &before);
    assert_eq!(stage.verdicts(&built), ["staging passed", "production failed"]);
    assert_eq!(stage.count("StopServiceDeployment"), 1, "the deployment was stopped and no other one made");
}
