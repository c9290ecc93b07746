//! What is said in calls: kept, given back, listed, or refused by its name.

use serde_json::{Value, json};

use super::direct::{REGION, call, cloud, definition, network, with};

#[test]
fn what_this_cloud_has_not_is_refused_by_its_name() {
    let mut state = cloud();
    let create = json!({
        "cluster": "c", "serviceName": "other", "taskDefinition": "web", "desiredCount": 1,
        "networkConfiguration": network(),
    });
    let configured = |configuration: Value| with(&create, json!({ "deploymentConfiguration": configuration }));
    let cases = [
        ("ExecuteCommand", json!({}), "ExecuteCommand"),
        (
            "CreateService",
            with(&create, json!({ "serviceConnectConfiguration": { "enabled": true } })),
            "serviceConnect",
        ),
        ("CreateService", with(&create, json!({ "schedulingStrategy": "DAEMON" })), "DAEMON"),
        ("CreateService", with(&create, json!({ "deploymentController": { "type": "CODE_DEPLOY" } })), "CODE_DEPLOY"),
        (
            "CreateService",
            configured(json!({ "strategy": "CANARY", "lifecycleHooks": [{ "lifecycleStages": ["POST_SCALE_UP"] }] })),
            "AWS_LAMBDA",
        ),
        (
            "CreateService",
            configured(json!({ "strategy": "LINEAR", "lifecycleHooks": [{ "targetType": "AWS_LAMBDA" }] })),
            "AWS_LAMBDA",
        ),
        ("CreateService", configured(json!({ "bakeTimeInMinutes": 5 })), "bakeTimeInMinutes"),
        ("CreateService", configured(json!({ "lifecycleHooks": [{ "targetType": "PAUSE" }] })), "lifecycleHooks"),
        (
            "UpdateService",
            json!({ "cluster": "c", "service": "web", "volumeConfigurations": [1] }),
            "volumeConfigurations",
        ),
        ("RunTask", json!({ "cluster": "c", "overrides": { "taskRoleArn": "a" } }), "taskRoleArn"),
        ("ListTasks", json!({ "cluster": "c", "containerInstance": "a" }), "containerInstance"),
    ];
    for (operation, input, name) in cases {
        let error = call(&mut state, operation, &input).expect_err("it is refused");
        assert_eq!((error.status.as_u16(), error.code), (501, "NotImplementedException"), "{operation} of {input}");
        assert!(error.message.contains(name), "{}", error.message);
    }
    let silent = configured(json!({
        "strategy": "ROLLING", "lifecycleHooks": [], "bakeTimeInMinutes": 0, "canaryConfiguration": null,
    }));
    call(&mut state, "CreateService", &silent).expect("what says nothing is no matter");
}

#[test]
fn the_deployment_configuration_is_given_back_and_changes_by_parts() {
    let mut state = cloud();
    let mut update = |configuration: Value| {
        let input = json!({ "cluster": "c", "service": "web", "deploymentConfiguration": configuration });
        call(&mut state, "UpdateService", &input).expect("an answer")["service"]["deploymentConfiguration"].clone()
    };
    let told = update(json!({ "maximumPercent": 150 }));
    assert_eq!((&told["maximumPercent"], &told["minimumHealthyPercent"]), (&json!(150), &json!(100)));
    assert_eq!(told["deploymentCircuitBreaker"]["enable"], false);
    for kind in ["COUNT", "UNBOUNDED_PERCENT", "BOUNDED_PERCENT"] {
        let breaker = json!({
            "enable": true, "rollback": true, "thresholdConfiguration": { "type": kind, "value": 7 },
        });
        let told = update(json!({ "deploymentCircuitBreaker": breaker }));
        assert_eq!(told["deploymentCircuitBreaker"]["thresholdConfiguration"], json!({ "type": kind, "value": 7 }));
        assert_eq!(told["maximumPercent"], 150);
    }
    let told = update(json!({ "alarms": { "enable": true, "rollback": true, "alarmNames": ["a"] } }));
    assert_eq!(told["alarms"], json!({ "enable": true, "rollback": true, "alarmNames": ["a"] }));
    assert_eq!(told["deploymentCircuitBreaker"]["resetOnHealthyTask"], true);
    let told = update(json!({ "alarms": { "enable": false, "alarmNames": ["a"] } }));
    assert_eq!(told["alarms"]["enable"], false);
}

#[test]
fn definitions_are_kept_whole_and_listed_in_either_order() {
    let mut state = cloud();
    let whole = with(&definition(), json!({ "family": "api", "runtimePlatform": { "cpuArchitecture": "ARM64" } }));
    let tagged = with(&whole, json!({ "tags": [{ "key": "commit", "value": "1" }], "ipcMode": null }));
    for _ in 0..3 {
        call(&mut state, "RegisterTaskDefinition", &tagged).expect("an answer");
    }
    let input = json!({ "taskDefinition": "api", "include": ["TAGS"] });
    let told = call(&mut state, "DescribeTaskDefinition", &input).expect("an answer");
    let document = &told["taskDefinition"];
    assert_eq!((&document["revision"], &document["status"]), (&json!(3), &json!("ACTIVE")));
    assert_eq!(document["runtimePlatform"], whole["runtimePlatform"]);
    assert_eq!(document["containerDefinitions"][0]["image"], "127.0.0.1:5000/myapp:v1");
    assert_eq!(told["tags"][0]["value"], "1");
    let arn = document["taskDefinitionArn"].as_str().expect("an ARN").to_owned();
    assert_eq!(arn, format!("arn:aws:ecs:{REGION}:task-definition/api:3"));
    call(&mut state, "DeregisterTaskDefinition", &json!({ "taskDefinition": arn })).expect("an answer");
    let mut listed = |input: Value| {
        let told = call(&mut state, "ListTaskDefinitions", &input).expect("an answer");
        let arns = told["taskDefinitionArns"].as_array().expect("a list").clone();
        let names: Vec<_> = arns.iter().filter_map(|arn| arn.as_str()?.rsplit('/').next()).collect();
        names.join(" ")
    };
    assert_eq!(listed(json!({})), "api:1 api:2 web:1");
    assert_eq!(listed(json!({ "familyPrefix": "api", "sort": "DESC" })), "api:2 api:1");
    assert_eq!(listed(json!({ "familyPrefix": "api", "maxResults": 1 })), "api:1");
    assert_eq!(listed(json!({ "status": "INACTIVE" })), "api:3 web:2");
    assert_eq!(listed(json!({ "familyPrefix": "ap" })), "");
    let old = call(&mut state, "DescribeTaskDefinition", &json!({ "taskDefinition": arn })).expect("an answer");
    assert_eq!(old["taskDefinition"]["status"], "INACTIVE");
    assert!(old["taskDefinition"]["deregisteredAt"].is_number() && old.get("tags").is_none());
}

#[test]
fn whatever_has_an_arn_has_tags() {
    let mut state = cloud();
    let task = state.ecs.tasks.first().map(|task| task.arn.clone());
    assert_eq!(task, None, "the deployment is still pending");
    let run = json!({ "cluster": "c", "taskDefinition": "web", "networkConfiguration": network() });
    let told = call(&mut state, "RunTask", &run).expect("an answer");
    let task = told["tasks"][0]["taskArn"].as_str().expect("an ARN").to_owned();
    let resource = |resource: &str| format!("arn:aws:ecs:{REGION}:{resource}");
    for arn in [resource("cluster/c"), resource("service/c/web"), resource("task-definition/web:1"), task.clone()] {
        for value in ["1", "2"] {
            let tags = json!({ "resourceArn": arn, "tags": [{ "key": "a", "value": value }] });
            call(&mut state, "TagResource", &tags).expect("an answer");
        }
        let told = call(&mut state, "ListTagsForResource", &json!({ "resourceArn": arn })).expect("an answer");
        assert_eq!(told["tags"], json!([{ "key": "a", "value": "2" }]), "{arn}");
    }
    for (include, expected) in [(json!(["TAGS"]), 1), (json!([]), 0)] {
        let input = json!({ "cluster": "c", "tasks": [task], "include": include });
        let told = call(&mut state, "DescribeTasks", &input).expect("an answer");
        assert_eq!(told["tasks"][0]["tags"].as_array().map(Vec::len), Some(expected));
    }
}
