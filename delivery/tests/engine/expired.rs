//! Credentials that expire in the middle.

use rehearsal::faults::ApiFault;

use crate::cloud::Scene;

#[tokio::test(start_paused = true)]
async fn a_call_with_credentials_that_have_expired_is_tried_again_in_every_protocol() {
    let scene = Scene::new().await;
    scene.alarm("errors", "OK").await;
    scene.break_calls("*", ApiFault::ExpiredToken, 0, 1);
    scene.service().await;
    scene.break_calls("GetCallerIdentity", ApiFault::ExpiredToken, 0, 2);
    scene.clients.sts.get_caller_identity().send().await.expect("an answer");
    scene.break_calls("DescribeAlarms", ApiFault::ExpiredToken, 0, 2);
    scene.clients.alarm_states(&["errors".to_owned()]).await.expect("an answer");
    scene.break_calls("DescribeRepositories", ApiFault::ExpiredToken, 0, 2);
    scene.clients.repository_uri("myapp").await.expect("an answer");
    for (operation, count) in [("GetCallerIdentity", 3), ("DescribeAlarms", 3), ("DescribeRepositories", 3)] {
        assert_eq!(scene.count(operation), count, "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn credentials_that_stay_expired_end_with_ecss_word() {
    let scene = Scene::new().await;
    scene.break_calls("DescribeServices", ApiFault::ExpiredToken, 0, u64::MAX);
    let staging = scene.staging();
    let error = scene.clients.service(&staging.cluster, &staging.service).await.expect_err("they stay expired");
    assert!(format!("{error:#}").contains("ExpiredToken"), "{error:#}");
}
