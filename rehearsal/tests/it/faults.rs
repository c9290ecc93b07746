//! Faults of tasks in a cloud that really runs them: played by the load balancer and by what runs
//! processes, seen by ECS and by CloudWatch.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rehearsal::faults::TaskRule;
use rehearsal::load::{Load, LoadOptions};
use rehearsal::scenery::Scenery;
use rehearsal::serve::RuntimeKind;
use rehearsal::world::{TaskFault, When};
use rehearsal::{Scale, Server, ServerOptions};
use serde_json::{Value, json};

/// How long anything here may take.
const LIMIT: Duration = Duration::from_secs(40);

/// Staging alone, with two tasks.
pub(crate) async fn server() -> (Server, tempfile::TempDir) {
    let temporary = tempfile::tempdir().expect("folder");
    let mut scenery = Scenery::default();
    scenery.services.truncate(1);
    let options = ServerOptions {
        port: 0,
        scale: Scale::new(60.0).expect("a scale"),
        seed: 1,
        runtime: RuntimeKind::Process,
        scenery,
        program: PathBuf::from(env!("CARGO_BIN_EXE_rehearsal")),
        temporary: temporary.path().to_owned(),
    };
    let server = Server::start(options).await.expect("a server");
    eventually("its first tasks are healthy", || server.cloud.snapshot().services[0].healthy == 2).await;
    (server, temporary)
}

pub(crate) async fn eventually(what: &str, condition: impl Fn() -> bool) {
    let since = Instant::now();
    while !condition() {
        assert!(since.elapsed() < LIMIT, "it did not come true: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(crate) async fn call(server: &Server, target: &str, input: &Value) -> Value {
    let request = http::Request::post("/")
        .header("authorization", "AWS4-HMAC-SHA256 Credential=rehearsal/x")
        .header("x-amz-target", target)
        .body(Bytes::from(input.to_string()))
        .expect("a request");
    let answer = server.cloud.handle(request).await;
    assert!(answer.status().is_success(), "{target}: {:?}", answer.body());
    serde_json::from_slice(answer.body()).expect("JSON")
}

/// Rolls the service out anew, with this fault, and asks for it all the while.
async fn roll_out(server: &Server, fault: TaskFault) -> Load {
    server.cloud.faults(|faults| faults.add_task(TaskRule::NextDeployment("myapp-api".to_owned()), fault, None));
    let update = json!({ "cluster": "myapp-staging-cluster", "service": "myapp-api", "forceNewDeployment": true });
    call(server, "AmazonEC2ContainerServiceV20141113.UpdateService", &update).await;
    let url = server.public_urls.values().next().expect("a service");
    Load::start(LoadOptions::get(url, "/", 100.0)).expect("load")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_leaks_is_killed_after_its_last_request_and_ecs_knows_how() {
    let (server, _temporary) = server().await;
    let load = roll_out(&server, TaskFault::Leak { requests: 20, code: 137 }).await;
    eventually("a task is gone", || server.cloud.snapshot().tasks.iter().any(|task| task.exit_code == Some(137))).await;
    load.stop().await;
    server.stop().await.expect("its end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_fails_with_all_the_traffic_turns_an_alarm_on_its_load_balancer() {
    let (server, _temporary) = server().await;
    let arn = &server.cloud.snapshot().listener_rules[0].arn;
    let path = arn.split_once(":listener-rule/").expect("a rule").1;
    let balancer = path.split('/').take(3).collect::<Vec<_>>().join("/");
    let alarm = json!({
        "AlarmName": "errors", "Namespace": "AWS/ApplicationELB", "MetricName": "HTTPCode_Target_5XX_Count",
        "Dimensions": [{ "Name": "LoadBalancer", "Value": balancer }], "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 1, "Threshold": 5.0, "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    });
    call(&server, "GraniteServiceVersion20100801.PutMetricAlarm", &alarm).await;
    let late = TaskFault::Errors { rate: 0.5 }.only(When::InProduction(Duration::from_millis(500)));
    let load = roll_out(&server, late).await;
    let since = Instant::now();
    loop {
        let found = call(&server, "GraniteServiceVersion20100801.DescribeAlarms", &json!({})).await;
        let alarm = &found["MetricAlarms"][0];
        if alarm["StateValue"] == "ALARM" {
            break;
        }
        assert!(since.elapsed() < LIMIT, "{alarm}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let summary = load.stop().await;
    assert!(summary.total().failures() > 5, "{:?}", summary.total());
    server.stop().await.expect("its end");
}
