//! Bad calls get the codes of the documents.

use serde_json::{Value, json};

use super::direct::{REGION, call, cloud, definition, network, with};
use crate::model::State;

/// Each call is refused with its code, and nothing is begun.
fn hold(state: &mut State, cases: &[(&str, Value, &str)]) {
    for (operation, input, expected) in cases {
        let error = call(state, operation, input).expect_err(&format!("{operation} of {input} is refused"));
        assert_eq!(error.code, *expected, "{operation} of {input}: {}", error.message);
    }
    assert_eq!(state.ecs.services[0].history.len(), 1, "nothing was begun");
}

#[test]
fn bad_clusters_and_definitions_get_the_codes_of_the_documents() {
    let mut state = cloud();
    let (client, invalid) = ("ClientException", "InvalidParameterException");
    let container = |changes: Value| {
        let container = with(&json!({ "name": "app", "image": "i" }), changes);
        with(&definition(), json!({ "containerDefinitions": [container] }))
    };
    let cases = [
        ("CreateCluster", json!({ "clusterName": 1 }), "SerializationException"),
        ("ListClusters", json!({ "maxResults": 0 }), invalid),
        ("ListClusters", json!({ "maxResults": "1" }), "SerializationException"),
        ("ListClusters", json!({ "nextToken": "x" }), invalid),
        ("DescribeClusters", json!({ "clusters": "c" }), "SerializationException"),
        ("RegisterTaskDefinition", json!({}), client),
        ("RegisterTaskDefinition", with(&definition(), json!({ "family": "a b" })), client),
        ("RegisterTaskDefinition", with(&definition(), json!({ "containerDefinitions": [] })), client),
        ("RegisterTaskDefinition", with(&definition(), json!({ "networkMode": "bridge" })), client),
        ("RegisterTaskDefinition", with(&definition(), json!({ "cpu": null })), client),
        ("RegisterTaskDefinition", container(json!({ "name": "" })), client),
        ("RegisterTaskDefinition", container(json!({ "image": null })), client),
        ("RegisterTaskDefinition", container(json!({ "essential": false })), client),
        ("RegisterTaskDefinition", container(json!({ "secrets": [{ "name": "A", "valueFrom": "a" }] })), client),
        ("RegisterTaskDefinition", container(json!({ "logConfiguration": { "logDriver": "awslogs" } })), client),
        ("DescribeTaskDefinition", json!({}), invalid),
        ("DescribeTaskDefinition", json!({ "taskDefinition": "web:9" }), client),
        ("DeregisterTaskDefinition", json!({ "taskDefinition": "web" }), invalid),
        ("DeregisterTaskDefinition", json!({ "taskDefinition": "web:9" }), client),
        ("DeregisterTaskDefinition", json!({ "taskDefinition": "other:1" }), client),
        ("ListTaskDefinitions", json!({ "status": "GONE" }), invalid),
        ("ListTaskDefinitions", json!({ "sort": "UP" }), invalid),
    ];
    hold(&mut state, &cases);
}

#[test]
fn bad_services_get_the_codes_of_the_documents() {
    let mut state = cloud();
    let (client, invalid) = ("ClientException", "InvalidParameterException");
    let create = json!({
        "cluster": "c", "serviceName": "other", "taskDefinition": "web", "desiredCount": 1,
        "networkConfiguration": network(),
    });
    let update = json!({ "cluster": "c", "service": "web" });
    let balancer = |port: Value| json!({ "loadBalancers": [{ "targetGroupArn": "a", "containerPort": port }] });
    let configured = |configuration: Value| with(&create, json!({ "deploymentConfiguration": configuration }));
    let alarms = |alarms: Value| configured(json!({ "alarms": alarms }));
    let breaker = |kind: &str| {
        configured(
            json!({ "deploymentCircuitBreaker": { "enable": true, "thresholdConfiguration": { "type": kind } } }),
        )
    };
    let cases = [
        ("CreateService", with(&create, json!({ "cluster": "none" })), "ClusterNotFoundException"),
        ("CreateService", with(&create, json!({ "cluster": null })), "ClusterNotFoundException"),
        ("CreateService", with(&create, json!({ "serviceName": "" })), invalid),
        ("CreateService", with(&create, json!({ "serviceName": "web" })), invalid),
        ("CreateService", with(&create, json!({ "desiredCount": null })), invalid),
        ("CreateService", with(&create, json!({ "desiredCount": -1 })), invalid),
        ("CreateService", with(&create, json!({ "taskDefinition": "web:2" })), client),
        ("CreateService", with(&create, json!({ "taskDefinition": "none" })), client),
        ("CreateService", with(&create, json!({ "networkConfiguration": null })), invalid),
        ("CreateService", with(&create, json!({ "loadBalancers": 1 })), "SerializationException"),
        ("CreateService", with(&create, balancer(json!(null))), invalid),
        ("CreateService", with(&create, balancer(json!(70_000))), invalid),
        ("CreateService", configured(json!({ "minimumHealthyPercent": 100, "maximumPercent": 100 })), invalid),
        ("CreateService", configured(json!({ "minimumHealthyPercent": 90, "maximumPercent": 80 })), invalid),
        ("CreateService", breaker("SOMETIMES"), invalid),
        ("CreateService", alarms(json!({ "enable": true, "alarmNames": [] })), invalid),
        ("UpdateService", with(&update, json!({ "service": "none" })), "ServiceNotFoundException"),
        ("UpdateService", with(&update, json!({ "cluster": "none" })), "ClusterNotFoundException"),
        ("UpdateService", with(&update, json!({ "taskDefinition": "web:2" })), client),
        ("DeleteService", update.clone(), invalid),
        ("DeleteService", json!({ "cluster": "c", "service": "none" }), "ServiceNotFoundException"),
    ];
    hold(&mut state, &cases);
}

#[test]
fn bad_questions_and_tasks_get_the_codes_of_the_documents() {
    let mut state = cloud();
    let (client, invalid) = ("ClientException", "InvalidParameterException");
    let run = json!({ "cluster": "c", "taskDefinition": "web", "networkConfiguration": network() });
    let list = json!({ "cluster": "c", "service": "web" });
    let nobodys = format!("arn:aws:ecs:{REGION}:service-deployment/c/web/none");
    let cases = [
        ("DescribeServices", json!({ "cluster": "c" }), invalid),
        ("DescribeServices", json!({ "cluster": "none", "services": ["web"] }), "ClusterNotFoundException"),
        ("DescribeServices", json!({ "cluster": "c", "services": vec!["web"; 11] }), invalid),
        ("DescribeServices", json!({ "cluster": "c", "services": [1] }), "SerializationException"),
        ("ListServices", json!({ "cluster": "none" }), "ClusterNotFoundException"),
        ("ListServiceDeployments", with(&list, json!({ "service": "none" })), "ServiceNotFoundException"),
        ("ListServiceDeployments", with(&list, json!({ "status": ["GOOD"] })), invalid),
        ("ListServiceDeployments", with(&list, json!({ "createdAt": { "after": "x" } })), "SerializationException"),
        ("DescribeServiceDeployments", json!({}), invalid),
        ("DescribeServiceDeployments", json!({ "serviceDeploymentArns": vec!["a"; 21] }), invalid),
        ("DescribeServiceRevisions", json!({}), invalid),
        ("StopServiceDeployment", json!({ "serviceDeploymentArn": nobodys }), "ServiceDeploymentNotFoundException"),
        ("StopServiceDeployment", json!({ "serviceDeploymentArn": nobodys, "stopType": "NOW" }), invalid),
        ("RunTask", with(&run, json!({ "cluster": "none" })), "ClusterNotFoundException"),
        ("RunTask", with(&run, json!({ "taskDefinition": "web:2" })), client),
        ("RunTask", with(&run, json!({ "count": 11 })), invalid),
        ("RunTask", with(&run, json!({ "startedBy": "a b" })), invalid),
        ("RunTask", with(&run, json!({ "clientToken": "a b" })), invalid),
        ("RunTask", with(&run, json!({ "networkConfiguration": null })), invalid),
        ("StopTask", json!({ "cluster": "c", "task": "none" }), invalid),
        ("ListTasks", json!({ "cluster": "c", "startedBy": "a", "serviceName": "web" }), invalid),
        ("ListTasks", json!({ "cluster": "c", "serviceName": "none" }), "ServiceNotFoundException"),
        ("ListTasks", json!({ "cluster": "c", "desiredStatus": "GONE" }), invalid),
        ("DescribeTasks", json!({ "cluster": "c" }), invalid),
        ("ListTagsForResource", json!({ "resourceArn": "arn" }), invalid),
        ("ListTagsForResource", json!({ "resourceArn": format!("arn:aws:ecs:{REGION}:task/c/x") }), invalid),
        (
            "TagResource",
            json!({ "resourceArn": format!("arn:aws:ecs:{REGION}:cluster/x") }),
            "ClusterNotFoundException",
        ),
        ("TagResource", json!({ "resourceArn": format!("arn:aws:ecs:{REGION}:task-definition/x:1") }), client),
        (
            "TagResource",
            json!({ "resourceArn": format!("arn:aws:ecs:{REGION}:service/c/x") }),
            "ServiceNotFoundException",
        ),
    ];
    hold(&mut state, &cases);
}
