//! A task, as `DescribeTasks` tells it.

use serde_json::{Value, json};

use super::super::json::epoch;
use super::service_json::cluster_arn;
use crate::model::State;
use crate::model::ecs::health;
use crate::model::ecs::task::{Phase, Task};

/// A task, with its tags on request.
pub(super) fn describe(state: &State, task: &Task, tags: bool) -> Value {
    let definition = state.ecs.definitions.find(&task.definition);
    let of_definition = |member: &str| definition.and_then(|definition| definition.text(member));
    let mut answer = json!({
        "taskArn": task.arn,
        "clusterArn": cluster_arn(state, &task.cluster),
        "taskDefinitionArn": task.definition,
        "group": task.group,
        "lastStatus": task.phase.word(),
        "desiredStatus": task.desired_status(),
        "healthStatus": health(task),
        "launchType": task.launch_type,
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "cpu": of_definition("cpu"),
        "memory": of_definition("memory"),
        "availabilityZone": format!("{}a", state.identity.region),
        "overrides": task.overrides,
        "attachments": [],
        "attributes": [],
        "connectivity": if task.started_at.is_some() { "CONNECTED" } else { "DISCONNECTED" },
        "enableExecuteCommand": false,
        "version": task.version,
        "containers": [container(state, task)],
        "tags": if tags { json!(task.tags) } else { json!([]) },
    });
    let texts = [
        ("startedBy", task.started_by.as_deref()),
        ("stopCode", task.stop.as_ref().map(|stop| stop.code.word())),
        ("stoppedReason", task.stop.as_ref().map(|stop| stop.reason.as_str())),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            answer[name] = json!(text);
        }
    }
    let times = [
        ("createdAt", Some(task.created_at)),
        ("startedAt", task.started_at),
        ("stoppingAt", task.stopping_at),
        ("executionStoppedAt", task.execution_stopped_at),
        ("stoppedAt", task.stopped_at),
    ];
    for (name, time) in times {
        if let Some(time) = time {
            answer[name] = epoch(time);
        }
    }
    answer
}

fn container(state: &State, task: &Task) -> Value {
    let arn = format!(
        "arn:aws:ecs:{}:{}:container/{}/{}/{}",
        state.identity.region,
        state.identity.account,
        task.cluster,
        task.id(),
        task.container
    );
    let status = match task.phase {
        Phase::Provisioning | Phase::Pending => "PENDING",
        Phase::Activating | Phase::Running | Phase::Deactivating | Phase::Stopping => "RUNNING",
        Phase::Deprovisioning | Phase::Stopped => "STOPPED",
    };
    let mut answer = json!({
        "containerArn": arn,
        "taskArn": task.arn,
        "name": task.container,
        "image": task.image,
        "runtimeId": format!("{}-0", task.id()),
        "lastStatus": status,
        "healthStatus": health(task),
        "networkBindings": [],
        "networkInterfaces": [],
        "cpu": "0",
    });
    if let Some(digest) = &task.digest {
        answer["imageDigest"] = json!(digest);
    }
    if let Some(code) = task.exit_code {
        answer["exitCode"] = json!(code);
    }
    if let Some(reason) = &task.container_reason {
        answer["reason"] = json!(reason);
    }
    answer
}
