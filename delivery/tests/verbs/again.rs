//! A deployer that died, and the one that is run after it.

use std::time::Duration;

use delivery::edge::Stop;

use crate::deploy::staged;
use crate::layout::write_layout;
use crate::stage::{STAGING, Stage};

/// Runs `deploy-staging` and drops it, as a kill does, once this has come true.
async fn killed(stage: &Stage, when: impl Fn(&Stage) -> bool) {
    let (_stopper, stop) = Stop::pair();
    let watch = async {
        while !when(stage) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::select! {
        biased;
        () = watch => {}
        ran = stage.start("deploy-staging", stop) => panic!("it ended before: {}", ran.err),
    }
}

#[tokio::test(start_paused = true)]
async fn a_rollout_under_way_is_adopted_and_not_done_again() {
    let stage = Stage::new().await;
    staged(&stage, "one").await;
    let built = stage.build("two");
    killed(&stage, |stage| stage.service(STAGING).deployments.len() > 1).await;
    let deployments = stage.service(STAGING).service_deployments.len();
    assert_eq!(stage.migrations(STAGING).len(), 2);
    stage.run("deploy-staging").await.ended(10).says("holds the lock");
    stage.run("deploy-staging --break-lock").await.ended(0).says("is getting").says("breaking a lock");
    stage.serves(STAGING, &built);
    assert_eq!(stage.service(STAGING).service_deployments.len(), deployments);
    assert_eq!(stage.migrations(STAGING).len(), 2);
    assert_eq!(stage.verdicts(&built), ["staging passed"]);
}

#[tokio::test(start_paused = true)]
async fn a_rollout_that_came_in_meanwhile_is_proven_and_judged() {
    let stage = Stage::new().await;
    staged(&stage, "one").await;
    let built = stage.build("two");
    killed(&stage, |stage| stage.service(STAGING).deployments.len() > 1).await;
    tokio::time::sleep(Duration::from_mins(10)).await;
    stage.run("deploy-staging --break-lock").await.ended(0).says("which nobody has verified");
    assert_eq!(stage.verdicts(&built), ["staging passed"]);
    stage.run("deploy-staging").await.ended(0).says("there is nothing to do");
    assert_eq!(stage.verdicts(&built), ["staging passed"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_well_once_is_judged_again_when_it_comes_in_again() {
    let stage = Stage::new().await;
    let built = staged(&stage, "one").await;
    staged(&stage, "two").await;
    stage.git(&["reset", "--quiet", "--hard", &built.commit]);
    write_layout(&stage.tree().join("target/image"), &built.commit, b"one");
    killed(&stage, |stage| stage.service(STAGING).deployments.len() > 1).await;
    tokio::time::sleep(Duration::from_mins(10)).await;
    stage.run("deploy-staging --break-lock").await.ended(0).says("which nobody has verified");
    assert_eq!(stage.verdicts(&built), ["staging passed", "staging passed"]);
}

#[tokio::test(start_paused = true)]
async fn what_came_in_unwatched_and_is_not_well_goes_back_by_ecss_history() {
    let stage = Stage::new().await;
    let before = staged(&stage, "one").await;
    let built = stage.build("two");
    killed(&stage, |stage| stage.service(STAGING).deployments.len() > 1).await;
    tokio::time::sleep(Duration::from_mins(10)).await;
    stage.app.break_commit(&built.commit, "no database");
    stage.run("deploy-staging --break-lock").await.ended(21).says("no database");
    stage.serves(STAGING, &before);
    assert_eq!(stage.verdicts(&built), ["staging failed"]);
}

#[tokio::test(start_paused = true)]
async fn an_adopted_rollout_that_fails_goes_back_to_what_it_came_from() {
    let stage = Stage::new().await;
    let before = staged(&stage, "one").await;
    let built = stage.build("two");
    killed(&stage, |stage| stage.service(STAGING).deployments.len() > 1).await;
    stage.app.break_commit(&built.commit, "no database");
    stage.run("deploy-staging --break-lock").await.ended(21).says("is getting").says("no database");
    stage.serves(STAGING, &before);
}

#[tokio::test(start_paused = true)]
async fn a_migration_under_way_is_waited_for_and_none_is_begun_beside_it() {
    let stage = Stage::new().await;
    let built = stage.build("one");
    killed(&stage, |stage| !stage.migrations(STAGING).is_empty()).await;
    stage.run("deploy-staging --break-lock").await.ended(0).says("adopted the task");
    stage.serves(STAGING, &built);
    assert_eq!(stage.migrations(STAGING).len(), 1);
    assert_eq!(stage.count("RegisterTaskDefinition"), 3, "two of the scene, and one of the release");
}

#[tokio::test(start_paused = true)]
async fn a_lock_of_the_dead_is_taken_over_when_it_has_ended() {
    let stage = Stage::new().await;
    stage.build("one");
    killed(&stage, |stage| stage.is_locked("staging")).await;
    stage.run("deploy-staging").await.ended(10);
    tokio::time::sleep(Duration::from_hours(2)).await;
    stage.run("deploy-staging").await.ended(0).says("taking over a lock that has ended");
}
