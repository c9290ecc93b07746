//! Clusters.

use serde_json::{Value, json};

use super::super::json::{Answer, Call};
use super::list::{answer, missing};
use super::{objects, only, text, texts};
use crate::model::State;
use crate::model::ecs::Cluster;
use crate::model::ecs::service::Status;
use crate::model::ecs::task::Phase;

pub(super) fn create(state: &mut State, call: &Call<'_>) -> Answer {
    only(call.input, call.operation, &["clusterName", "tags", "settings", "configuration", "capacityProviders"])?;
    let name = text(call, "clusterName")?.unwrap_or("default");
    let name = state.create_cluster(name, objects(call, "tags")?).name.clone();
    let cluster = state.ecs.cluster(Some(&name))?;
    Ok(json!({ "cluster": describe_one(state, cluster) }))
}

pub(super) fn describe(state: &State, call: &Call<'_>) -> Answer {
    only(call.input, call.operation, &["clusters", "include"])?;
    let mut names = texts(call, "clusters", 100)?;
    if names.is_empty() {
        names.push("default");
    }
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for name in names {
        match state.ecs.cluster(Some(name)) {
            Ok(cluster) => found.push(describe_one(state, cluster)),
            Err(_) => failures.push(missing(name)),
        }
    }
    Ok(json!({ "clusters": found, "failures": failures }))
}

pub(super) fn list(state: &State, call: &Call<'_>) -> Answer {
    only(call.input, call.operation, &["maxResults", "nextToken"])?;
    let arns = state.ecs.clusters.iter().map(|cluster| json!(cluster.arn)).collect();
    answer(call, "clusterArns", arns, 100)
}

fn describe_one(state: &State, cluster: &Cluster) -> Value {
    let tasks = |first: Phase, last: Phase| {
        let within = |phase| first <= phase && phase <= last;
        state.ecs.tasks.iter().filter(|task| task.cluster == cluster.name && within(task.phase)).count()
    };
    let is_active = |status| status == Status::Active;
    let services = state
        .ecs
        .services
        .iter()
        .filter(|service| service.cluster == cluster.name && is_active(service.status))
        .count();
    json!({
        "clusterArn": cluster.arn,
        "clusterName": cluster.name,
        "status": "ACTIVE",
        "registeredContainerInstancesCount": 0,
        "runningTasksCount": tasks(Phase::Running, Phase::Running),
        "pendingTasksCount": tasks(Phase::Provisioning, Phase::Activating),
        "activeServicesCount": services,
        "statistics": [],
        "settings": [],
        "capacityProviders": [],
        "defaultCapacityProviderStrategy": [],
        "tags": cluster.tags,
    })
}
