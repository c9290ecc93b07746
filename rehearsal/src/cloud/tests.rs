//! The cloud as a whole: faults of calls, and the control plane.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::*;
use crate::faults::ApiRule;
use crate::metrics::MetricsFault;

fn cloud() -> Cloud {
    Cloud::new(CloudOptions {
        region: "ap-northeast-1".to_owned(),
        account: "123456789012".to_owned(),
        scale: Scale::REAL,
        seed: 1,
        registry_host: "127.0.0.1:5000".to_owned(),
        start: "2026-11-24T10:00:00Z".parse().expect("a time"),
    })
}

fn list_clusters() -> Request<Bytes> {
    Request::post("/")
        .header("authorization", "AWS4-HMAC-SHA256 Credential=rehearsal/x")
        .header("x-amz-target", "AmazonEC2ContainerServiceV20141113.ListClusters")
        .body(Bytes::new())
        .expect("a request")
}

async fn control(cloud: &Cloud, method: Method, path: &str, body: &Value) -> (u16, Value) {
    let request = Request::builder().method(method).uri(format!("/_rehearsal/{path}"));
    let request = request.body(Bytes::from(body.to_string())).expect("a request");
    let answer = cloud.handle(request).await;
    (answer.status().as_u16(), serde_json::from_slice(answer.body()).expect("JSON"))
}

#[tokio::test(start_paused = true)]
async fn a_call_that_a_fault_meets_is_refused_lost_or_hangs() {
    let cloud = cloud();
    let refused = [
        (ApiFault::Throttle, 400, "ThrottlingException"),
        (ApiFault::ExpiredToken, 400, "ExpiredTokenException"),
        (ApiFault::ServerError, 500, "InternalServerError"),
    ];
    for (fault, status, code) in refused {
        cloud.faults(|faults| faults.add_call(ApiRule::times("ListClusters", fault, 1)));
        let answer = cloud.handle(list_clusters()).await;
        let body: Value = serde_json::from_slice(answer.body()).expect("JSON");
        assert_eq!((answer.status().as_u16(), body["__type"].as_str()), (status, Some(code)), "{fault:?}");
    }
    cloud.faults(|faults| faults.add_call(ApiRule::times("ListClusters", ApiFault::LostAnswer, 2)));
    assert_eq!(cloud.answer(list_clusters()).await.expect_err("no answer"), ConnectionLost);
    let long = Duration::from_hours(1);
    assert!(tokio::time::timeout(long, cloud.handle(list_clusters())).await.is_err(), "a lost answer never comes");
    cloud.faults(|faults| faults.add_call(ApiRule::times("ListClusters", ApiFault::Hang, 1)));
    assert!(tokio::time::timeout(long, cloud.answer(list_clusters())).await.is_err(), "a call that hangs never ends");
    assert!(cloud.handle(list_clusters()).await.status().is_success());
    let outcomes: Vec<_> = cloud.snapshot().calls.into_iter().map(|call| call.outcome).collect();
    let expected = [
        "ThrottlingException",
        "ExpiredTokenException",
        "InternalServerError",
        "ok, answer lost",
        "ok, answer lost",
        "hang",
        "ok",
    ];
    assert_eq!(outcomes, expected);
}

#[tokio::test(start_paused = true)]
async fn the_control_plane_plants_faults_makes_groups_and_looks_inside() {
    let cloud = cloud();
    let (status, made) = control(&cloud, Method::POST, "target-groups", &json!({ "name": "web" })).await;
    assert_eq!(status, 200);
    let (_, again) = control(&cloud, Method::POST, "target-groups", &json!({ "name": "web", "interval": 9 })).await;
    assert_eq!(made["arn"], again["arn"]);
    let (_, groups) = control(&cloud, Method::GET, "target-groups", &json!(null)).await;
    assert_eq!((&groups[0]["name"], groups.as_array().map(Vec::len)), (&json!("web"), Some(1)));
    let rule = json!({ "operation": "*", "fault": "throttle" });
    assert_eq!(control(&cloud, Method::POST, "faults/calls", &rule).await, (200, json!({})));
    let planted = json!({ "tasks": "one-off", "fault": { "crash": { "after": 0.5, "code": 3 } }, "times": 1 });
    assert_eq!(control(&cloud, Method::POST, "faults/tasks", &planted).await, (200, json!({})));
    assert_eq!(cloud.handle(list_clusters()).await.status(), 400);
    assert_eq!(control(&cloud, Method::DELETE, "faults", &json!(null)).await, (200, json!({})));
    assert_eq!(cloud.handle(list_clusters()).await.status(), 200);
    let (_, state) = control(&cloud, Method::GET, "state", &json!(null)).await;
    assert_eq!(state["calls"].as_array().map(Vec::len), Some(2));
    assert_eq!(control(&cloud, Method::POST, "faults/calls", &json!({ "fault": "flood" })).await.0, 400);
    let composed = json!({ "all": [
        { "only": { "when": { "path": "/l/" }, "fault": { "worsening": { "over": 60, "fault": { "errors": { "rate": 0.5 } } } } } },
        { "only": { "when": { "in-production": 30 }, "fault": { "leak": { "requests": 100, "code": 137 } } } },
        { "slower": { "factor": 1.5 } },
    ] });
    let planted = json!({ "tasks": { "next-deployment": "myapp-api" }, "fault": composed });
    assert_eq!(control(&cloud, Method::POST, "faults/tasks", &planted).await, (200, json!({})));
    assert_eq!(control(&cloud, Method::POST, "network", &json!({ "base": 0.02 })).await, (200, json!({})));
    assert_eq!(cloud.network().map(|network| network.base), Some(Duration::from_millis(20)));
    for fault in [json!("missing"), json!({ "late": 1.5 })] {
        assert_eq!(control(&cloud, Method::POST, "faults/metrics", &fault).await, (200, json!({})), "{fault}");
    }
    let late = cloud.faults(|faults| faults.metrics());
    assert_eq!(late, Some(MetricsFault::Late(Duration::from_millis(1500))));
    let beyond = json!({ "tasks": "one-off", "fault": { "errors": { "rate": 5 } } });
    let (status, refusal) = control(&cloud, Method::POST, "faults/tasks", &beyond).await;
    assert_eq!((status, &refusal["message"]), (400, &json!("a rate of errors is from 0.0 to 1.0, not 5")));
    assert_eq!(control(&cloud, Method::PUT, "state", &json!({})).await.0, 404);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_nobody_serves_is_refused_and_noted() {
    let cloud = cloud();
    let unsigned = Request::post("/").body(Bytes::new()).expect("a request");
    assert_eq!(cloud.handle(unsigned).await.status(), 403);
    assert_eq!(cloud.snapshot().calls[0].outcome, "MissingAuthenticationTokenException");
    cloud.set_registry_host("127.0.0.1:6000");
    assert_eq!(cloud.registry().host(), "127.0.0.1:6000");
    assert!(cloud.targets("none").is_empty());
}
