//! A service, as `DescribeServices` tells it.

use serde_json::{Value, json};

use super::super::json::epoch;
use super::balancers;
use crate::model::State;
use crate::model::ecs::service::{Deployment, Service, Workload};

/// The ARN that a service of this name would have.
pub(super) fn arn(state: &State, cluster: &str, name: &str) -> String {
    if name.starts_with("arn:") {
        return name.to_owned();
    }
    format!("arn:aws:ecs:{}:{}:service/{cluster}/{name}", state.identity.region, state.identity.account)
}

/// The ARN of a cluster.
pub(super) fn cluster_arn(state: &State, cluster: &str) -> String {
    format!("arn:aws:ecs:{}:{}:cluster/{cluster}", state.identity.region, state.identity.account)
}

/// A service.
pub(super) fn describe(state: &State, place: usize) -> Value {
    let service = &state.ecs.services[place];
    let summaries = service.deployments.iter().map(|one| state.summary(place, one.number, one.desired));
    let (running, pending) =
        summaries.fold((0, 0), |(running, pending), summary| (running + summary.running, pending + summary.pending));
    let mut answer = json!({
        "serviceArn": service.arn,
        "serviceName": service.name,
        "clusterArn": cluster_arn(state, &service.cluster),
        "status": service.status.word(),
        "desiredCount": service.desired,
        "runningCount": running,
        "pendingCount": pending,
        "deploymentConfiguration": service.rules.document,
        "deploymentController": { "type": "ECS" },
        "healthCheckGracePeriodSeconds": service.grace,
        "schedulingStrategy": "REPLICA",
        "createdAt": epoch(service.created_at),
        "createdBy": format!("arn:aws:iam::{}:root", state.identity.account),
        "deployments": service.deployments.iter().map(|one| deployment(state, place, one)).collect::<Vec<_>>(),
        "events": events(service),
        "placementConstraints": [],
        "placementStrategy": [],
        "serviceRegistries": [],
        "enableECSManagedTags": false,
        "enableExecuteCommand": false,
        "propagateTags": "NONE",
        "tags": service.tags,
    });
    if let Some(workload) = service.workload() {
        answer["taskDefinition"] = json!(workload.definition);
        add_workload(&mut answer, workload);
        answer["loadBalancers"] = balancers::write(&workload.balancers);
    }
    if let Some(current) = service.history.iter().rev().find(|deployment| !deployment.status.is_over()) {
        answer["currentServiceDeployment"] = json!(current.arn);
    }
    let revisions = state.summaries(place).into_iter().filter_map(|summary| {
        Some(json!({
            "arn": service.revision(summary.revision)?.arn,
            "requestedTaskCount": summary.requested,
            "runningTaskCount": summary.running,
            "pendingTaskCount": summary.pending,
        }))
    });
    answer["currentServiceRevisions"] = revisions.collect();
    for (name, value) in &service.kept {
        answer[name] = value.clone();
    }
    answer
}

/// What a service, a deployment and a revision say alike.
pub(super) fn add_workload(answer: &mut Value, workload: &Workload) {
    answer["launchType"] = json!(workload.launch_type);
    let latest = workload.platform_version == "LATEST";
    answer["platformVersion"] = json!(if latest { "1.4.0" } else { &workload.platform_version });
    answer["platformFamily"] = json!("Linux");
    if !workload.network.is_null() {
        answer["networkConfiguration"] = workload.network.clone();
    }
}

fn deployment(state: &State, place: usize, deployment: &Deployment) -> Value {
    let service = &state.ecs.services[place];
    let is_primary = service.primary().is_some_and(|primary| primary.number == deployment.number);
    let summary = state.summary(place, deployment.number, deployment.desired);
    let mut answer = json!({
        "id": deployment.id(),
        "status": if is_primary { "PRIMARY" } else { "ACTIVE" },
        "desiredCount": deployment.desired,
        "runningCount": summary.running,
        "pendingCount": summary.pending,
        "failedTasks": deployment.failed,
        "createdAt": epoch(deployment.created_at),
        "updatedAt": epoch(deployment.updated_at),
        "rolloutState": deployment.rollout.word(),
        "rolloutStateReason": deployment.reason,
    });
    if let Some(revision) = service.revision(deployment.number) {
        answer["taskDefinition"] = json!(revision.workload.definition);
        add_workload(&mut answer, &revision.workload);
    }
    answer
}

fn events(service: &Service) -> Value {
    let newest_first = service.events.iter().rev();
    let one = |event: &crate::model::ecs::service::Event| json!({ "id": event.id, "createdAt": epoch(event.at), "message": event.message });
    newest_first.map(one).collect()
}
