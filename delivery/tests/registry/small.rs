//! The calls that are signed by hand.

use rehearsal::faults::ApiFault;
use serde_json::json;

use crate::cloud::Scene;

#[tokio::test(start_paused = true)]
async fn a_parameter_is_found_by_its_name_and_its_value_is_never_asked_for() {
    let scene = Scene::new();
    for name in ["/myapp/token", "plain"] {
        let parameter = json!({ "Name": name, "Type": "String", "Value": "hunter2" });
        scene.ask("AmazonSSM.PutParameter", parameter).await;
    }
    scene.fault("DescribeParameters", ApiFault::Throttle, 0, 1);
    let names = ["/myapp/token", "plain", "/myapp/other"].map(str::to_owned);
    let found = scene.clients.parameters_that_exist(&names).await.expect("an answer");
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["/myapp/token", "plain"]);
    assert_eq!(scene.count("GetParameter") + scene.count("GetParameters"), 0);
}

#[tokio::test(start_paused = true)]
async fn the_last_lines_of_a_log_are_read_and_a_stream_that_is_not_there_has_none() {
    let scene = Scene::new();
    scene.ask("Logs_20140328.CreateLogGroup", json!({ "logGroupName": "/ecs/myapp" })).await;
    let stream = json!({ "logGroupName": "/ecs/myapp", "logStreamName": "app/app/1" });
    scene.ask("Logs_20140328.CreateLogStream", stream).await;
    let at = crate::cloud::start().as_millisecond();
    let events: Vec<_> =
        (0..5).map(|line| json!({ "timestamp": at + line, "message": format!("line {line}") })).collect();
    let put = json!({ "logGroupName": "/ecs/myapp", "logStreamName": "app/app/1", "logEvents": events });
    scene.ask("Logs_20140328.PutLogEvents", put).await;
    scene.fault("GetLogEvents", ApiFault::LostAnswer, 0, 1);
    let lines = scene.clients.log_tail("/ecs/myapp", "app/app/1", 2).await.expect("an answer");
    assert_eq!(lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["line 3", "line 4"]);
    for (group, stream) in [("/ecs/myapp", "app/app/2"), ("/ecs/other", "app/app/1")] {
        assert_eq!(scene.clients.log_tail(group, stream, 2).await.expect("an answer"), []);
    }
}

#[tokio::test(start_paused = true)]
async fn a_role_that_does_not_exist_is_told_from_one_that_nobody_may_ask_for() {
    let scene = Scene::new();
    assert!(!scene.clients.role_exists("arn:aws:iam::123456789012:role/path/nobody").await.expect("an answer"));
    scene.fault("GetRole", ApiFault::Throttle, 0, u64::MAX);
    let error = scene.clients.role_exists("arn:aws:iam::123456789012:role/path/nobody").await;
    assert!(format!("{:#}", error.expect_err("nobody knows")).contains("Throttling"));
}
