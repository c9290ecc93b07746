//! An engine that dies while ECS waits for it, the bake included, and the one that is run after it.

use std::time::Duration;

use rehearsal::world::{TaskFault, When};

use crate::deploy::staged;
use crate::progressive::{STRATEGIES, promote, stage};
use crate::stage::{Built, PRODUCTION, Stage};

/// A strategy, and the shares of users at which it waits for the engine: before users, at the steps, and
/// in the bake.
const WAITS: [(&str, &[f64]); 2] = [(STRATEGIES[0], &[0.0, 100.0]), (STRATEGIES[1], &[0.0, 5.0, 50.0, 100.0])];

/// Runs `promote` and drops it, as a kill does, in the middle of what is watched at this share.
async fn killed_at(stage: &Stage, built: &Built, share: f64) {
    tokio::select! {
        ran = promote(stage, built) => panic!("{}", ran.err),
        () = stage.until_paused_at(share) => {}
    }
}

async fn again(stage: &Stage, built: &Built) -> crate::stage::Ran {
    stage.run(&format!("promote --image-tag {} --break-lock", built.commit)).await
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_dies_leaves_a_service_that_is_safe_and_the_next_run_says_so() {
    for (strategy, shares) in WAITS {
        for share in shares {
            let (stage, before) = stage(strategy).await;
            let built = staged(&stage, "two").await;
            killed_at(&stage, &built, *share).await;
            // Users are back at the old release with the timeout of the pause; the new tasks drain after that.
            tokio::time::sleep(Duration::from_mins(14)).await;
            let shift = stage.service(PRODUCTION).service_deployments[0].shift.clone().expect("it shifts traffic");
            assert!(shift.production_weight.abs() < f64::EPSILON, "{shift:?}");
            tokio::time::sleep(Duration::from_mins(2)).await;
            stage.serves(PRODUCTION, &before);
            assert_eq!(stage.service(PRODUCTION).service_deployments[0].status, "ROLLBACK_SUCCESSFUL");
            stage.run("status").await.ended(0).says(&before.commit[..12]);
            stage.run("history --environment production").await.ended(0).says("ROLLBACK_SUCCESSFUL");
            let ran = again(&stage, &built).await;
            ran.ended(0).says("was taken back").says("lifecycle hook timed out").says("production serves");
            stage.serves(PRODUCTION, &built);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_run_again_in_time_goes_on_where_the_other_was() {
    for (strategy, shares) in WAITS {
        for share in shares {
            let (stage, _) = stage(strategy).await;
            let built = staged(&stage, "two").await;
            killed_at(&stage, &built, *share).await;
            let deployments = stage.service(PRODUCTION).service_deployments.len();
            again(&stage, &built).await.ended(0).says("is getting").says("production serves");
            stage.serves(PRODUCTION, &built);
            let now = stage.service(PRODUCTION).service_deployments.len();
            assert_eq!(now, deployments, "nothing was asked for twice");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_fails_in_its_bake_after_the_engine_died_is_caught_by_the_next_one() {
    for strategy in &STRATEGIES[..2] {
        let (stage, before) = stage(strategy).await;
        let built = staged(&stage, "two").await;
        let fault = Box::new(TaskFault::Errors { rate: 0.5 });
        stage.next_tasks(TaskFault::Only { when: When::Share(1.0), fault });
        tokio::select! {
            ran = promote(&stage, &built) => panic!("{}", ran.err),
            () = stage.until_share(100.0) => {}
        }
        again(&stage, &built).await.ended(21).says("is getting").says("(watch, failed)");
        stage.serves(PRODUCTION, &before);
        assert_eq!(stage.service(PRODUCTION).service_deployments[0].status, "ROLLBACK_SUCCESSFUL");
    }
}

#[tokio::test(start_paused = true)]
async fn what_fails_in_its_bake_with_nobody_there_is_taken_back_all_the_same() {
    let (stage, before) = stage(STRATEGIES[0]).await;
    let built = staged(&stage, "two").await;
    let fault = Box::new(TaskFault::Errors { rate: 0.5 });
    stage.next_tasks(TaskFault::Only { when: When::Share(1.0), fault });
    tokio::select! {
        ran = promote(&stage, &built) => panic!("{}", ran.err),
        () = stage.until_share(100.0) => {}
    }
    tokio::time::sleep(Duration::from_mins(16)).await;
    stage.serves(PRODUCTION, &before);
}

/// How long ECS bakes by itself, and at which stages it waits for an answer, as the service has it now.
async fn configured(stage: &Stage) -> (u64, Vec<String>) {
    let asked = serde_json::json!({ "cluster": PRODUCTION, "services": [crate::stage::SERVICE] });
    let said = stage.ask("AmazonEC2ContainerServiceV20141113.DescribeServices", &asked).await;
    let configuration = &said["services"][0]["deploymentConfiguration"];
    let hooks = configuration["lifecycleHooks"].as_array().into_iter().flatten();
    let stages = hooks.flat_map(|hook| hook["lifecycleStages"].as_array().cloned().unwrap_or_default());
    let words = stages.filter_map(|stage| stage.as_str().map(str::to_owned)).collect();
    (configuration["bakeTimeInMinutes"].as_u64().expect("minutes"), words)
}

#[tokio::test(start_paused = true)]
async fn ecs_waits_for_the_engine_in_the_bake_only_where_the_engine_stays() {
    let before = ["POST_TEST_TRAFFIC_SHIFT", "PRE_PRODUCTION_TRAFFIC_SHIFT"];
    for (flags, bake, stages) in [
        ("", 0, [&before[..], &["POST_PRODUCTION_TRAFFIC_SHIFT"]].concat()),
        ("--no-wait", 2, before.to_vec()),
        ("--no-wait --until before-users", 2, before.to_vec()),
        ("--no-wait --until before-shift", 2, before.to_vec()),
    ] {
        let (stage, _) = stage(STRATEGIES[0]).await;
        let built = staged(&stage, "two").await;
        stage.run(&format!("promote --image-tag {} {flags}", built.commit)).await.ended(0);
        let (minutes, waits) = configured(&stage).await;
        assert_eq!((minutes, waits.iter().map(String::as_str).collect()), (bake, stages), "{flags:?}");
        if !flags.is_empty() {
            // Whoever takes it up judges it, wherever it was left.
            promote(&stage, &built).await.ended(0);
        }
        stage.serves(PRODUCTION, &built);
        assert_eq!(stage.verdicts(&built), ["staging passed", "production passed"], "{flags:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_bake_that_ecs_waits_in_is_not_left_to_nobody() {
    let (stage, _) = stage(STRATEGIES[0]).await;
    let built = staged(&stage, "two").await;
    killed_at(&stage, &built, 100.0).await;
    let line = format!("promote --image-tag {} --break-lock --no-wait", built.commit);
    stage.run(&line).await.ended(0).says("it is watched there, and not left").says("production serves");
    stage.serves(PRODUCTION, &built);
    assert_eq!(stage.verdicts(&built), ["staging passed", "production passed"]);
}
