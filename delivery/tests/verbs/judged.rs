//! What cannot be judged, what others do meanwhile, and what is judged after it came in.

use std::time::Duration;

use delivery::exit;
use rehearsal::faults::ApiFault;
use rehearsal::world::{TaskFault, When};
use serde_json::json;

use crate::deploy::{promoted, staged};
use crate::progressive::{STRATEGIES, promote, stage};
use crate::stage::{PRODUCTION, SERVICE, STAGING, Stage};

const ECS: &str = "AmazonEC2ContainerServiceV20141113";
/// Too few probes to judge by.
const FEW: &str = "probe_rate = 1\nprobes_before_users = 20";

#[tokio::test(start_paused = true)]
async fn too_few_requests_roll_production_back_and_are_no_verdict_about_the_release() {
    let (stage, before) = stage(STRATEGIES[1]).await;
    let strategy = STRATEGIES[1];
    let url = crate::progressive::TEST_URL;
    stage.set_production(&format!("{strategy}\n{url}\n[environments.production.watch]\n{FEW}"));
    let built = staged(&stage, "two").await;
    promote(&stage, &built).await.ended(exit::ROLLED_BACK).says("there was not enough to judge it by");
    stage.serves(PRODUCTION, &before);
    assert_eq!(stage.verdicts(&built), ["staging passed", "production inconclusive"]);
}

#[tokio::test(start_paused = true)]
async fn too_few_requests_refuse_staging_which_goes_back_too() {
    let stage = Stage::new().await;
    let before = staged(&stage, "one").await;
    let steps = "steps = [{ percent = 50, watch = \"10s\" }]";
    let lines = format!("strategy = \"canary\"\n{steps}\ntest_url = \"https://test.staging.example\"");
    stage.set_staging(&format!("{lines}\n[environments.staging.watch]\n{FEW}"));
    let built = stage.build("two");
    let ran = stage.run("deploy-staging").await;
    ran.ended(exit::COULD_NOT_TELL).says("it was taken back, and the old release serves");
    stage.serves(STAGING, &before);
    assert_eq!(stage.verdicts(&built), ["staging inconclusive"]);
}

#[tokio::test(start_paused = true)]
async fn metrics_that_answer_with_errors_are_no_pass_and_no_crash() {
    let strategy = "strategy = \"canary\"\nsteps = [{ percent = 50, watch = \"10m\" }]";
    let (stage, before) = stage(strategy).await;
    let built = staged(&stage, "two").await;
    stage.fault("GetMetricData", ApiFault::ServerError, 0, 100_000);
    let ran = promote(&stage, &built).await;
    ran.ended(exit::COULD_NOT_TELL).says("this is no verdict about the release, it could not be judged");
    stage.serves(PRODUCTION, &before);
    assert_eq!(stage.verdicts(&built), ["staging passed", "production errored"]);
}

#[tokio::test(start_paused = true)]
async fn a_signal_at_a_step_takes_it_back() {
    let (stage, before) = stage(STRATEGIES[1]).await;
    let built = staged(&stage, "two").await;
    let line = format!("promote --image-tag {}", built.commit);
    let ran = stage.run_until(&line, |stage| stage.share().is_some_and(|(share, waits)| waits && share >= 5.0)).await;
    ran.ended(exit::ROLLED_BACK).says("a signal asked to stop");
    stage.serves(PRODUCTION, &before);
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_somebody_else_ends_takes_it_back() {
    let (stage, before) = stage(STRATEGIES[1]).await;
    let built = staged(&stage, "two").await;
    let somebody = async {
        stage.until_paused_at(5.0).await;
        let deployment = stage.service(PRODUCTION).service_deployments.remove(0);
        let hook = deployment.shift.expect("it shifts").hooks.pop().expect("a pause");
        let body = json!({ "serviceDeploymentArn": deployment.arn, "hookId": hook.id, "action": "CONTINUE" });
        stage.ask(&format!("{ECS}.ContinueServiceDeployment"), &body).await;
    };
    let (ran, ()) = tokio::join!(promote(&stage, &built), somebody);
    ran.ended(exit::COULD_NOT_TELL).says("somebody else told ECS to go on before the release was judged");
    stage.serves(PRODUCTION, &before);
}

#[tokio::test(start_paused = true)]
async fn what_somebody_deploys_over_it_at_a_step_is_theirs() {
    let (stage, _) = stage(STRATEGIES[1]).await;
    let built = staged(&stage, "two").await;
    let definition = stage.service(PRODUCTION).task_definition;
    let somebody = async {
        stage.until_paused_at(5.0).await;
        let update = json!({ "cluster": PRODUCTION, "service": SERVICE, "taskDefinition": definition });
        stage.ask(&format!("{ECS}.UpdateService"), &update).await;
    };
    let (ran, ()) = tokio::join!(promote(&stage, &built), somebody);
    assert!([exit::ROLLED_BACK, exit::ROLLBACK_FAILED].contains(&ran.code), "{}", ran.err);
    assert!(!stage.verdicts(&built).contains(&"production passed".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn rollback_brings_the_last_good_release_back_at_once_when_nothing_is_in_flight() {
    let (stage, before) = stage(STRATEGIES[1]).await;
    let built = staged(&stage, "two").await;
    promote(&stage, &built).await.ended(0);
    let began = tokio::time::Instant::now();
    stage.run("rollback --environment production").await.ended(0).says("serves").says(&before.commit[..12]);
    assert!(began.elapsed() < Duration::from_mins(3), "{:?}", began.elapsed());
    stage.serves(PRODUCTION, &before);
    // And forward again, by the ladder.
    promote(&stage, &built).await.ended(0).says("50 % of the traffic");
    stage.serves(PRODUCTION, &built);
}

#[tokio::test(start_paused = true)]
async fn with_rolling_a_release_may_be_watched_afterwards_and_is_brought_back_when_it_grows_worse() {
    let stage = Stage::new().await;
    let before = promoted(&stage, "one").await;
    stage.set_production("bake = \"2m\"");
    let good = staged(&stage, "two").await;
    promote(&stage, &good).await.ended(0).says("rolling, then watched for 2 min");
    stage.serves(PRODUCTION, &good);
    let bad = staged(&stage, "three").await;
    let fault = Box::new(TaskFault::Errors { rate: 0.5 });
    stage.next_tasks(TaskFault::Only { when: When::Age(Duration::from_mins(2)), fault });
    promote(&stage, &bad).await.ended(exit::ROLLED_BACK).says("(after, failed)");
    stage.serves(PRODUCTION, &good);
    assert_ne!(before, good);
    assert_eq!(stage.verdicts(&bad), ["staging passed", "production failed"]);
}

#[tokio::test(start_paused = true)]
async fn with_rolling_an_alarm_that_rings_while_it_is_watched_afterwards_brings_the_old_one_back() {
    let stage = Stage::new().await;
    let before = promoted(&stage, "one").await;
    stage.set_production("bake = \"10m\"");
    let built = staged(&stage, "two").await;
    let ring = async {
        let is_in = || {
            let newest = stage.service(PRODUCTION).service_deployments.remove(0);
            newest.digest.as_ref() == Some(&built.digest) && newest.status == "SUCCESSFUL"
        };
        while !is_in() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        tokio::time::sleep(Duration::from_mins(2)).await;
        stage.ring("ALARM").await;
    };
    let (ran, ()) = tokio::join!(promote(&stage, &built), ring);
    ran.ended(exit::ROLLED_BACK).says("alarm: errors rings (after, failed)");
    stage.serves(PRODUCTION, &before);
    assert_eq!(stage.verdicts(&built), ["staging passed", "production failed"]);
}

#[tokio::test(start_paused = true)]
async fn what_has_no_stage_to_be_left_at_is_not_left() {
    let stage = Stage::new().await;
    let built = staged(&stage, "one").await;
    let line = format!("promote --image-tag {} --no-wait", built.commit);
    stage.run(&line).await.ended(exit::USAGE).says("the strategy is \"rolling\"");
    stage.set_production(&format!("{}\n{}", "strategy = \"canary\"", crate::progressive::TEST_URL));
    stage.run(&line).await.ended(exit::USAGE).says("there is no bake to leave it to");
}

#[tokio::test(start_paused = true)]
async fn what_bakes_to_its_end_with_nobody_watching_is_watched_by_the_next_run_before_it_is_called_good() {
    let (stage, before) = stage(STRATEGIES[0]).await;
    let (good, bad) = (staged(&stage, "two").await, staged(&stage, "three").await);
    for (built, ends) in [(&good, exit::DONE), (&bad, exit::ROLLED_BACK)] {
        if ends != exit::DONE {
            let fault = Box::new(TaskFault::Errors { rate: 0.5 });
            stage.next_tasks(TaskFault::Only { when: When::Age(Duration::from_mins(5)), fault });
        }
        let line = format!("promote --image-tag {}", built.commit);
        stage.run(&format!("{line} --no-wait")).await.ended(exit::DONE).says("NOT verified yet");
        tokio::time::sleep(Duration::from_mins(10)).await;
        assert_eq!(stage.service(PRODUCTION).service_deployments[0].status, "SUCCESSFUL");
        stage.run(&line).await.ended(ends);
    }
    assert_eq!(stage.verdicts(&good), ["staging passed", "production passed"]);
    assert!(stage.verdicts(&bad).contains(&"production failed".to_owned()));
    assert_ne!(before, good);
    stage.serves(PRODUCTION, &good);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_falls_behind_and_a_cache_that_never_hits_take_it_back_and_others_do_not() {
    for (lag, hit_rate, ends) in
        [(0.5, 0.8, None), (40.0, 0.8, Some("the worker lags")), (0.5, 0.0, Some("the cache hits"))]
    {
        let (stage, before) = stage(STRATEGIES[1]).await;
        let built = staged(&stage, "two").await;
        stage.app.tell_figures(&before.commit, 0.2, 0.9);
        stage.app.tell_figures(&built.commit, lag, hit_rate);
        let ran = promote(&stage, &built).await;
        match ends {
            None => {
                ran.ended(exit::DONE).says("passed: the worker lags").says("passed: the cache hits");
                stage.serves(PRODUCTION, &built);
            }
            Some(words) => {
                ran.ended(exit::ROLLED_BACK).says(&format!("rolled back: figures: {words}"));
                stage.serves(PRODUCTION, &before);
            }
        }
    }
}
