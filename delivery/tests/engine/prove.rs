//! Proofs, and what is none.

use std::time::Duration;

use delivery::evidence::Judgement;
use delivery::prove::{NotProven, prove};
use delivery::release::Digest;
use rehearsal::faults::ApiFault;
use serde_json::json;

use crate::cloud::{CONTAINER, Scene, crash};

const LIMIT: Duration = Duration::from_mins(2);

async fn look(scene: &Scene, deployment: &str, digest: &Digest) -> Result<usize, NotProven> {
    let proven = prove(&scene.clients, scene.staging(), CONTAINER, deployment, digest, LIMIT, &scene.edge).await;
    match proven {
        Ok(checks) => {
            assert!(checks.iter().all(|check| check.judgement == Judgement::Passed), "{checks:?}");
            Ok(checks.len())
        }
        Err(error) => Err(error.downcast::<NotProven>().expect("it was not proven")),
    }
}

#[tokio::test(start_paused = true)]
async fn what_came_in_is_proven_and_nothing_else_is() {
    let scene = Scene::new().await;
    let (release, other) = (scene.release('b'), scene.release('c'));
    let followed = scene.deploy(&release).await;
    let deployment = followed.deployment.expect("it was found");
    assert_eq!(look(&scene, &deployment, &release.digest).await, Ok(3));
    let why = look(&scene, &deployment, &other.digest).await.expect_err("it is another").to_string();
    assert!(why.starts_with("not proven within 120 s: digest of the service revision: sha256:"), "{why}");
    assert!(why.contains("0 of 2 tasks run with it, 2 without"), "{why}");
    // What was replaced is proven no longer, though its deployment was successful once.
    scene.deploy(&other).await;
    let why = look(&scene, &deployment, &release.digest).await.expect_err("it was replaced").to_string();
    assert!(why.contains("0 of 2 tasks run with it"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_went_back_proves_what_it_went_back_to_and_never_what_it_was_for() {
    let scene = Scene::new().await;
    let (release, bad) = (scene.release('b'), scene.release('c'));
    scene.deploy(&release).await;
    scene.break_tasks(crash(37), None);
    let went_back = scene.deploy(&bad).await.deployment.expect("it was found");
    assert_eq!(look(&scene, &went_back, &release.digest).await, Ok(3));
    let why = look(&scene, &went_back, &bad.digest).await.expect_err("it is not in").to_string();
    assert!(why.contains("digest of the service revision: sha256:"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_proven_of_a_service_that_should_have_no_tasks() {
    let scene = Scene::new().await;
    let release = scene.release('b');
    let deployment = scene.deploy(&release).await.deployment.expect("it was found");
    let update = json!({ "cluster": scene.staging().cluster, "service": scene.staging().service, "desiredCount": 0 });
    scene.ask("UpdateService", update).await;
    let why = look(&scene, &deployment, &release.digest).await.expect_err("nobody serves").to_string();
    assert!(why.contains("0 of 0 tasks run with it"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn a_cloud_that_does_not_answer_proves_nothing_and_that_within_the_limit() {
    for fault in [ApiFault::Hang, ApiFault::ServerError] {
        let scene = Scene::new().await;
        let release = scene.release('b');
        let deployment = scene.deploy(&release).await.deployment.expect("it was found");
        scene.break_calls("*", fault, 0, u64::MAX);
        let since = tokio::time::Instant::now();
        let not = look(&scene, &deployment, &release.digest).await.expect_err("it does not answer");
        assert!(not.checks.iter().all(|check| check.judgement == Judgement::Errored), "{not}");
        assert!(since.elapsed() <= LIMIT, "{:?}", since.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn calls_that_fail_for_a_while_only_delay_a_proof() {
    for operation in ["DescribeServiceDeployments", "DescribeServiceRevisions", "DescribeServices", "ListTasks"] {
        let scene = Scene::new().await;
        let release = scene.release('b');
        let deployment = scene.deploy(&release).await.deployment.expect("it was found");
        scene.break_calls(operation, ApiFault::ServerError, 0, 9);
        assert_eq!(look(&scene, &deployment, &release.digest).await, Ok(3), "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_signal_ends_the_looking() {
    let scene = Scene::new().await;
    let deployment = scene.deploy(&scene.release('b')).await.deployment.expect("it was found");
    scene.stopper.stop();
    let since = tokio::time::Instant::now();
    look(&scene, &deployment, &scene.release('c').digest).await.expect_err("it is another");
    assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
}
