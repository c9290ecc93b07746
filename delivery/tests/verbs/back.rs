//! rollback: to the last good release, to a named one, out of a deployment in flight.

use std::time::Duration;

use delivery::edge::Stop;
use rehearsal::faults::ApiFault;
use serde_json::json;

use crate::deploy::{promoted, staged};
use crate::stage::{PRODUCTION, STAGING, Stage};

const ROLLBACK: &str = "rollback --environment production";

#[tokio::test(start_paused = true)]
async fn it_goes_to_the_last_good_release_and_migrates_nothing() {
    let stage = Stage::new().await;
    let good = promoted(&stage, "one").await;
    let bad = promoted(&stage, "two").await;
    let (deployments, migrations) =
        (stage.service(PRODUCTION).service_deployments.len(), stage.migrations(PRODUCTION).len());
    stage.run(&format!("{ROLLBACK} --dry-run")).await.ended(0).says(&good.commit[..12]).says("no migration");
    stage.run("plan rollback --environment production").await.ended(0).says(&good.commit[..12]);
    assert_eq!(stage.service(PRODUCTION).service_deployments.len(), deployments);
    stage.serves(PRODUCTION, &bad);

    stage.run(ROLLBACK).await.ended(0).says("serves").says(&good.commit[..12]);
    stage.serves(PRODUCTION, &good);
    assert_eq!(stage.tag("production-latest").as_deref(), Some(good.digest.as_str()));
    assert_eq!(stage.service(PRODUCTION).service_deployments[0].status, "SUCCESSFUL");
    assert_eq!(stage.migrations(PRODUCTION).len(), migrations);
    assert!(!stage.is_locked("production"));
}

#[tokio::test(start_paused = true)]
async fn it_goes_where_it_is_told_and_says_why_not() {
    let stage = Stage::new().await;
    let one = promoted(&stage, "one").await;
    promoted(&stage, "two").await;
    let three = promoted(&stage, "three").await;
    let never = staged(&stage, "four").await;
    for (to, why) in [
        (three.commit.as_str(), "serves already"),
        (never.commit.as_str(), "never came in there"),
        ("0123456789abcdef0123456789abcdef01234567", "has no image of 0123456789ab"),
    ] {
        stage.run(&format!("{ROLLBACK} --to {to}")).await.ended(10).says(why);
    }
    stage.run(&format!("{ROLLBACK} --to {}", one.commit)).await.ended(0);
    stage.serves(PRODUCTION, &one);
}

#[tokio::test(start_paused = true)]
async fn the_environment_variables_of_a_workflow_do_as_well() {
    let mut stage = Stage::new().await;
    let one = promoted(&stage, "one").await;
    promoted(&stage, "two").await;
    let set = [
        ("DEPLOY_ENVIRONMENT", "production"),
        ("ROLLBACK_TO", ""),
        ("GITHUB_REPOSITORY", "a/b"),
        ("GITHUB_RUN_ID", "7"),
    ];
    stage.variables = set.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    stage.run("rollback").await.ended(0);
    stage.serves(PRODUCTION, &one);
}

#[tokio::test(start_paused = true)]
async fn a_first_release_has_nothing_to_go_back_to() {
    let stage = Stage::new().await;
    stage.run("rollback --environment staging").await.ended(10).says("nothing to go back to");
    assert!(!stage.is_locked("staging"));
}

#[tokio::test(start_paused = true)]
async fn before_the_first_release_there_was_an_image_of_no_commit() {
    let stage = Stage::new().await;
    staged(&stage, "one").await;
    stage.run("rollback --environment staging").await.ended(0).says("nobody knows its commit");
    assert_eq!(stage.app.commit(STAGING).as_deref(), Some("placeholder"));
}

#[tokio::test(start_paused = true)]
async fn what_is_in_flight_is_aborted() {
    let stage = Stage::new().await;
    let good = promoted(&stage, "one").await;
    let built = staged(&stage, "two").await;
    let promote = format!("promote --image-tag {}", built.commit);
    let in_flight = |stage: &Stage| {
        let service = stage.service(PRODUCTION);
        service.service_deployments[0].status == "IN_PROGRESS" && service.deployments.len() > 1
    };
    let (_stopper, stop) = Stop::pair();
    let operator = async {
        while !in_flight(&stage) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        stage.run(&format!("{ROLLBACK} --dry-run")).await.ended(0).says("would be aborted");
        stage.run(ROLLBACK).await.ended(10).says("holds the lock");
        stage.run(&format!("{ROLLBACK} --break-lock")).await
    };
    let (deployer, operator) = tokio::join!(stage.start(&promote, stop), operator);
    operator.ended(0).says("was aborted");
    assert_eq!(stage.tag("production-latest").as_deref(), Some(good.digest.as_str()));
    assert!([21, 22].contains(&deployer.code), "{}", deployer.err);
    stage.serves(PRODUCTION, &good);
    assert!(!stage.is_locked("production"));
}

#[tokio::test(start_paused = true)]
async fn a_definition_that_was_deregistered_is_registered_again() {
    let stage = Stage::new().await;
    let one = promoted(&stage, "one").await;
    let definition = stage.service(PRODUCTION).task_definition;
    promoted(&stage, "two").await;
    let gone = json!({ "taskDefinition": definition });
    stage.ask("AmazonEC2ContainerServiceV20141113.DeregisterTaskDefinition", &gone).await;
    stage.run(ROLLBACK).await.ended(0).says("again, as");
    stage.serves(PRODUCTION, &one);
    assert_ne!(stage.service(PRODUCTION).task_definition, definition);
}

#[tokio::test(start_paused = true)]
async fn an_image_that_is_gone_cannot_be_gone_back_to() {
    let stage = Stage::new().await;
    let one = promoted(&stage, "one").await;
    let two = promoted(&stage, "two").await;
    let gone = json!({ "repositoryName": "myapp", "imageIds": [{ "imageDigest": one.digest }] });
    stage.ask("AmazonEC2ContainerRegistry_V20150921.BatchDeleteImage", &gone).await;
    stage.run(ROLLBACK).await.ended(10).says(&one.digest);
    stage.serves(PRODUCTION, &two);
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_fails_calls_for_someone() {
    let stage = Stage::new().await;
    let one = promoted(&stage, "one").await;
    let two = promoted(&stage, "two").await;
    stage.next_tasks(rehearsal::world::TaskFault::Crash { after: Duration::from_secs(1), code: 9 });
    stage.run(ROLLBACK).await.ended(22).says("page someone").says("what was to go serves");
    stage.cloud.faults(rehearsal::faults::Faults::clear);
    stage.serves(PRODUCTION, &two);

    stage.app.break_commit(&one.commit, "no schema");
    stage.run(ROLLBACK).await.ended(22).says("is not well").says("no schema");
    stage.serves(PRODUCTION, &one);
    assert!(!stage.is_locked("production"));
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_ecs_does_not_take_leaves_what_serves() {
    let stage = Stage::new().await;
    promoted(&stage, "one").await;
    let two = promoted(&stage, "two").await;
    stage.fault("UpdateService", ApiFault::ServerError, 0, u64::MAX);
    stage.run(ROLLBACK).await.ended(20);
    stage.serves(PRODUCTION, &two);
    assert!(!stage.is_locked("production"));
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_still_rings_does_not_stand_in_the_way_back() {
    let stage = Stage::new().await;
    let good = promoted(&stage, "one").await;
    promoted(&stage, "two").await;
    stage.ring("ALARM").await;
    stage.run(ROLLBACK).await.ended(0);
    stage.serves(PRODUCTION, &good);
}
