//! The strategies that shift traffic, as a client asks for them and sees them.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use super::direct::{call, cloud, network, with};
use crate::scenery::Scenery;
use crate::simulation::Simulation;
use crate::{Cloud, CloudOptions, ListenerRuleOptions, RuleKind, Scale, TargetGroupOptions};

fn hook(stages: &[&str]) -> Value {
    json!({ "targetType": "PAUSE", "lifecycleStages": stages })
}

#[test]
fn a_strategy_that_cannot_be_is_refused_with_what_is_wrong() {
    let mut state = cloud();
    let group = |name: &str| TargetGroupOptions { name: name.to_owned(), ..TargetGroupOptions::default() };
    let target_groups = vec![state.put_target_group(&group("a")), state.put_target_group(&group("b"))];
    let rule = ListenerRuleOptions {
        balancer: "a".to_owned(),
        kind: RuleKind::Production,
        target_groups: target_groups.clone(),
    };
    let advanced = json!({
        "alternateTargetGroupArn": target_groups[1], "productionListenerRule": state.put_listener_rule(&rule),
        "roleArn": "arn:aws:iam::123456789012:role/shifts",
    });
    let create = json!({
        "cluster": "c", "serviceName": "other", "taskDefinition": "web", "desiredCount": 1,
        "networkConfiguration": network(),
    });
    let balanced = |advanced: Value| {
        let balancer = json!({
            "targetGroupArn": target_groups[0], "containerName": "app", "containerPort": 80,
            "advancedConfiguration": advanced,
        });
        with(&create, json!({ "loadBalancers": [balancer] }))
    };
    let configured = |configuration: Value| with(&create, json!({ "deploymentConfiguration": configuration }));
    let canary = |canary: Value| configured(json!({ "strategy": "CANARY", "canaryConfiguration": canary }));
    let linear = |linear: Value| configured(json!({ "strategy": "LINEAR", "linearConfiguration": linear }));
    let hooked = |hook: Value| configured(json!({ "strategy": "CANARY", "lifecycleHooks": [hook] }));
    let timeout = |timeout: Value| hooked(with(&hook(&["POST_SCALE_UP"]), json!({ "timeoutConfiguration": timeout })));
    let cases = [
        (configured(json!({ "strategy": "CANARY" })), "loadBalancers"),
        (configured(json!({ "strategy": "SOMETIMES" })), "SOMETIMES"),
        (configured(json!({ "strategy": "BLUE_GREEN" })), "bakeTimeInMinutes is required"),
        (configured(json!({ "strategy": "CANARY", "bakeTimeInMinutes": 1441 })), "from 0 to 1440"),
        (canary(json!({ "canaryPercent": 0 })), "from 0.1 to 100.0"),
        (canary(json!({ "canaryPercent": 100.1 })), "from 0.1 to 100.0"),
        (canary(json!({ "canaryPercent": 5.05 })), "multiple of 0.1"),
        (canary(json!({ "canaryBakeTimeInMinutes": 1441 })), "from 0 to 1440"),
        (linear(json!({ "stepPercent": 2.9 })), "from 3.0 to 100.0"),
        (linear(json!({ "stepBakeTimeInMinutes": -1 })), "stepBakeTimeInMinutes"),
        (configured(json!({ "strategy": "LINEAR", "canaryConfiguration": { "canaryPercent": 5 } })), "is CANARY"),
        (configured(json!({ "linearConfiguration": { "stepPercent": 5 } })), "is LINEAR"),
        (hooked(hook(&["TEST_TRAFFIC_SHIFT"])), "PAUSE hooks cannot be configured at TEST_TRAFFIC_SHIFT"),
        (hooked(hook(&["PRODUCTION_TRAFFIC_SHIFT"])), "PAUSE hooks cannot be configured"),
        (hooked(hook(&["SCALE_UP"])), "Invalid lifecycle stage: SCALE_UP"),
        (hooked(hook(&["SOON"])), "Invalid lifecycle stage: SOON"),
        (hooked(hook(&[])), "lifecycleStages cannot be empty"),
        (hooked(json!({ "targetType": "CALL" })), "CALL"),
        (hooked(with(&hook(&["POST_SCALE_UP"]), json!({ "hookTargetArn": "arn" }))), "hookTargetArn"),
        (timeout(json!({ "timeoutInMinutes": 0 })), "from 1 to 20160"),
        (timeout(json!({ "timeoutInMinutes": 20161 })), "from 1 to 20160"),
        (timeout(json!({ "action": "WAIT" })), "WAIT"),
        (balanced(with(&advanced, json!({ "alternateTargetGroupArn": null }))), "needs alternateTargetGroupArn"),
        (balanced(with(&advanced, json!({ "productionListenerRule": "" }))), "needs productionListenerRule"),
        (balanced(with(&advanced, json!({ "roleArn": null }))), "needs roleArn"),
    ];
    for (input, words) in cases {
        let error = call(&mut state, "CreateService", &input).expect_err("it is refused");
        assert_eq!(error.code, "InvalidParameterException", "{input}: {}", error.message);
        assert!(error.message.contains(words), "{input}: {}", error.message);
    }
}

/// A cloud with the default scenery, whose services are up.
struct Scene {
    cloud: Cloud,
    _simulation: Simulation,
}

impl Scene {
    async fn new() -> Self {
        let scenery = Scenery::default();
        let cloud = Cloud::new(CloudOptions {
            region: scenery.region.clone(),
            account: scenery.account.clone(),
            scale: Scale::REAL,
            seed: 1,
            registry_host: "127.0.0.1:5000".to_owned(),
            start: "2026-11-24T10:00:00Z".parse().expect("a time"),
        });
        let simulation = Simulation::attach(&cloud);
        crate::serve::furnish(&cloud, &scenery).await.expect("a scene");
        tokio::time::sleep(Duration::from_mins(1)).await;
        Self { cloud, _simulation: simulation }
    }

    async fn call(&self, operation: &str, input: Value) -> (u16, Value) {
        let request = Request::post("/")
            .header("authorization", "AWS4-HMAC-SHA256 Credential=rehearsal/x")
            .header("x-amz-target", format!("AmazonEC2ContainerServiceV20141113.{operation}"))
            .body(Bytes::from(input.to_string()))
            .expect("a request");
        let answer = self.cloud.handle(request).await;
        (answer.status().as_u16(), serde_json::from_slice(answer.body()).expect("JSON"))
    }

    async fn ask(&self, operation: &str, input: Value) -> Value {
        let (status, body) = self.call(operation, input).await;
        assert_eq!(status, 200, "{operation}: {body}");
        body
    }

    async fn update(&self, configuration: Value) -> Value {
        let input = json!({
            "cluster": "myapp-cluster", "service": "myapp-api", "forceNewDeployment": true,
            "deploymentConfiguration": configuration,
        });
        self.ask("UpdateService", input).await["service"].clone()
    }

    /// The newest service deployment.
    async fn deployment(&self) -> Value {
        let list = json!({ "cluster": "myapp-cluster", "service": "myapp-api" });
        let brief = self.ask("ListServiceDeployments", list).await["serviceDeployments"][0].clone();
        let arns = json!({ "serviceDeploymentArns": [brief["serviceDeploymentArn"]] });
        self.ask("DescribeServiceDeployments", arns).await["serviceDeployments"][0].clone()
    }

    /// Asks every few seconds until something is so of the newest service deployment.
    async fn until(&self, is_so: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..2000 {
            let last = self.deployment().await;
            if is_so(&last) {
                return last;
            }
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
        panic!("it does not come: {}", self.deployment().await);
    }

    async fn answer(&self, deployment: &Value, action: Option<&str>) -> (u16, Value) {
        let hook = &deployment["lifecycleHookDetails"][0];
        let input = json!({
            "serviceDeploymentArn": deployment["serviceDeploymentArn"], "hookId": hook["hookId"], "action": action,
        });
        self.call("ContinueServiceDeployment", input).await
    }
}

fn awaits(deployment: &Value) -> bool {
    deployment["lifecycleHookDetails"][0]["status"] == "AWAITING_ACTION"
}

fn weights(deployment: &Value) -> [&Value; 4] {
    let (source, target) = (&deployment["sourceServiceRevisions"][0], &deployment["targetServiceRevision"]);
    let (production, test) = ("requestedProductionTrafficWeight", "requestedTestTrafficWeight");
    [&source[production], &source[test], &target[production], &target[test]]
}

#[tokio::test(start_paused = true)]
async fn a_linear_deployment_is_paused_continued_and_seen_at_every_step() {
    let scene = Scene::new().await;
    let configuration = json!({
        "strategy": "LINEAR", "bakeTimeInMinutes": 2,
        "linearConfiguration": { "stepPercent": 33.3, "stepBakeTimeInMinutes": 0 },
        "lifecycleHooks": [{
            "targetType": "PAUSE", "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT", "PRE_PRODUCTION_TRAFFIC_SHIFT"],
            "timeoutConfiguration": { "timeoutInMinutes": 60, "action": "ROLLBACK" },
        }],
    });
    let updated = scene.update(configuration.clone()).await;
    for (member, value) in configuration.as_object().expect("an object") {
        assert_eq!(&updated["deploymentConfiguration"][member], value);
    }
    assert!(updated["loadBalancers"][0]["advancedConfiguration"]["testListenerRule"].is_string(), "{updated}");
    let mut seen = Vec::new();
    loop {
        let last = scene.until(|last| awaits(last) || last["status"] == "SUCCESSFUL").await;
        let stage = last["lifecycleStage"].as_str().expect("a stage").to_owned();
        seen.push(format!("{stage} {}", weights(&last).map(ToString::to_string).join(" ")));
        if last["status"] == "SUCCESSFUL" {
            break;
        }
        let hook = &last["lifecycleHookDetails"][0];
        assert_eq!((&hook["targetType"], &hook["timeoutAction"]), (&json!("PAUSE"), &json!("ROLLBACK")));
        let left = hook["expiresAt"].as_f64().expect("a time") - scene.cloud.now().as_second() as f64;
        assert!((3500.0..=3600.0).contains(&left), "{left}");
        let (status, told) = scene.answer(&last, Some("CONTINUE")).await;
        assert_eq!((status, &told["serviceDeploymentArn"]), (200, &last["serviceDeploymentArn"]));
        let (status, told) = scene.answer(&last, Some("CONTINUE")).await;
        assert_eq!((status, &told["__type"]), (400, &json!("InvalidParameterException")));
    }
    let expected = [
        "POST_TEST_TRAFFIC_SHIFT 100.0 0.0 0.0 100.0",
        "PRE_PRODUCTION_TRAFFIC_SHIFT 100.0 0.0 0.0 100.0",
        "PRE_PRODUCTION_TRAFFIC_SHIFT 66.7 0.0 33.3 100.0",
        "PRE_PRODUCTION_TRAFFIC_SHIFT 33.4 0.0 66.6 100.0",
        "PRE_PRODUCTION_TRAFFIC_SHIFT 0.1 0.0 99.9 100.0",
        "CLEAN_UP 0.0 0.0 100.0 100.0",
    ];
    assert_eq!(seen, expected);
    let done = scene.deployment().await;
    for (revision, count) in [(&done["sourceServiceRevisions"][0], 0), (&done["targetServiceRevision"], 4)] {
        for kind in ["requestedTaskCount", "runningTaskCount"] {
            assert_eq!(revision[kind], count, "{revision}");
        }
    }
    let revision = scene.deployment().await["targetServiceRevision"]["arn"].clone();
    let told = scene.ask("DescribeServiceRevisions", json!({ "serviceRevisionArns": [revision] })).await;
    let resolved = &told["serviceRevisions"][0]["resolvedConfiguration"]["loadBalancers"][0];
    assert!(resolved["targetGroupArn"].as_str().is_some_and(|arn| arn.contains("-alternate/")), "{told}");
    assert!(resolved["productionListenerRule"].is_string(), "{told}");
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_is_answered_with_a_rollback_takes_the_deployment_back() {
    let scene = Scene::new().await;
    scene
        .update(json!({
            "strategy": "CANARY", "canaryConfiguration": { "canaryPercent": 5, "canaryBakeTimeInMinutes": 0 },
            "lifecycleHooks": [hook(&["PRE_PRODUCTION_TRAFFIC_SHIFT"])],
        }))
        .await;
    let first = scene.until(awaits).await;
    scene.answer(&first, None).await;
    let second =
        scene.until(|last| awaits(last) && last["lifecycleHookDetails"] != first["lifecycleHookDetails"]).await;
    assert_eq!(weights(&second), [&json!(95.0), &json!(0.0), &json!(5.0), &json!(100.0)]);
    assert_eq!(second["deploymentCircuitBreaker"]["status"], "DISABLED");
    let view = scene.cloud.snapshot().services[0].service_deployments[0].shift.clone().expect("a shift");
    assert_eq!(
        (view.production_weight, view.test_weight, view.hooks[0].status.as_str()),
        (5.0, Some(100.0), "AWAITING_ACTION")
    );
    assert_eq!(scene.answer(&second, Some("ROLLBACK")).await.0, 200);
    assert_eq!(scene.deployment().await["status"], "ROLLBACK_REQUESTED");
    let back = scene.until(|last| last["status"] == "ROLLBACK_SUCCESSFUL").await;
    assert_eq!(weights(&back), [&json!(100.0), &json!(100.0), &json!(0.0), &json!(0.0)]);
    assert_eq!(back["rollback"]["serviceRevisionArn"], back["sourceServiceRevisions"][0]["arn"]);
    let (status, told) = scene.answer(&back, None).await;
    assert_eq!((status, &told["__type"]), (400, &json!("InvalidParameterException")));
    let nobodys = json!({ "serviceDeploymentArn": "arn:none", "hookId": "x" });
    let (status, told) = scene.call("ContinueServiceDeployment", nobodys).await;
    assert_eq!((status, &told["__type"]), (400, &json!("ServiceDeploymentNotFoundException")));
}

#[tokio::test(start_paused = true)]
async fn a_strategy_changes_by_parts_and_goes_with_a_rolling_update() {
    let scene = Scene::new().await;
    let pause = hook(&["POST_SCALE_UP"]);
    let canary = json!({ "strategy": "CANARY", "bakeTimeInMinutes": 3, "lifecycleHooks": [pause] });
    let told = scene.update(canary).await["deploymentConfiguration"].clone();
    assert_eq!(told["canaryConfiguration"], json!({ "canaryPercent": 5.0, "canaryBakeTimeInMinutes": 10 }));
    let defaults = json!({ "timeoutInMinutes": 1440, "action": "ROLLBACK" });
    assert_eq!(told["lifecycleHooks"], json!([with(&pause, json!({ "timeoutConfiguration": defaults }))]));
    let cases = [
        (json!({ "canaryConfiguration": { "canaryPercent": 0.1 } }), "CANARY", 3, 1),
        (json!({ "strategy": "LINEAR", "lifecycleHooks": [] }), "LINEAR", 3, 0),
        (json!({ "strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0 }), "BLUE_GREEN", 0, 0),
    ];
    for (change, strategy, bake, hooks) in cases {
        let told = scene.update(change).await["deploymentConfiguration"].clone();
        assert_eq!((&told["strategy"], &told["bakeTimeInMinutes"]), (&json!(strategy), &json!(bake)));
        assert_eq!(told["lifecycleHooks"].as_array().map(Vec::len), Some(hooks), "{told}");
        assert_eq!(told["canaryConfiguration"].is_null(), strategy != "CANARY", "{told}");
        assert_eq!(told["linearConfiguration"].is_null(), strategy != "LINEAR", "{told}");
    }
    let told = scene.update(json!({ "strategy": "ROLLING" })).await["deploymentConfiguration"].clone();
    assert_eq!((&told["strategy"], told.get("lifecycleHooks")), (&json!("ROLLING"), None));
    let done = scene.until(|last| last["status"] == "SUCCESSFUL").await;
    assert!(done.get("lifecycleStage").is_none() && weights(&done).iter().all(|weight| weight.is_null()), "{done}");
}
