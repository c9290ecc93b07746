//! Tasks: run, stopped, listed, described.

use serde_json::{Value, json};

use super::super::json::{Answer, Call, Error};
use super::list::{answer, missing};
use super::{invalid, number, objects, only, required, task_json, text, texts};
use crate::model::State;
use crate::model::ecs::task::Task;
use crate::model::ecs::{Refusal, RunWish};

pub(super) fn run(state: &mut State, call: &Call<'_>) -> Answer {
    let known = [
        "cluster",
        "taskDefinition",
        "count",
        "overrides",
        "networkConfiguration",
        "launchType",
        "platformVersion",
        "group",
        "startedBy",
        "tags",
        "clientToken",
        "enableECSManagedTags",
        "enableExecuteCommand",
        "propagateTags",
        "referenceId",
    ];
    only(call.input, call.operation, &known)?;
    let overrides = &call.input["overrides"];
    only(overrides, "overrides", &["containerOverrides"])?;
    for container in overrides["containerOverrides"].as_array().into_iter().flatten() {
        only(
            container,
            "containerOverrides",
            &["name", "command", "environment", "cpu", "memory", "memoryReservation"],
        )?;
    }
    let count = number(call.input, "count")?.unwrap_or(1);
    if !(1..=10).contains(&count) {
        return Err(invalid("Invalid count: it must be between 1 and 10."));
    }
    let started_by = text(call, "startedBy")?;
    if started_by
        .is_some_and(|by| by.len() > 128 || !by.chars().all(|c| c.is_ascii_alphanumeric() || "-_/".contains(c)))
    {
        return Err(invalid("startedBy may have 128 letters, numbers, hyphens, slashes and underscores."));
    }
    let token = text(call, "clientToken")?;
    if token.is_some_and(|token| token.len() > 64 || !token.bytes().all(|byte| (33..=126).contains(&byte))) {
        return Err(invalid("clientToken may have 64 characters in the range of 33-126."));
    }
    let wish = RunWish {
        cluster: text(call, "cluster")?.map(str::to_owned),
        definition: required(call, "taskDefinition")?.to_owned(),
        count: count as usize,
        overrides: overrides.clone(),
        network: call.input["networkConfiguration"].clone(),
        launch_type: text(call, "launchType")?.unwrap_or("FARGATE").to_owned(),
        group: text(call, "group")?.map(str::to_owned),
        started_by: started_by.map(str::to_owned),
        tags: objects(call, "tags")?,
    };
    let arns = state.run_task(wish, token, call.now)?;
    let tasks = state.ecs.tasks.iter().filter(|task| arns.contains(&task.arn));
    let tasks: Vec<Value> = tasks.map(|task| task_json::describe(state, task, true)).collect();
    Ok(json!({ "tasks": tasks, "failures": [] }))
}

pub(super) fn stop(state: &mut State, call: &Call<'_>) -> Answer {
    only(call.input, call.operation, &["cluster", "task", "reason"])?;
    let cluster = state.ecs.cluster(text(call, "cluster")?)?.name.clone();
    let place = state.ecs.find_task(&cluster, required(call, "task")?);
    let place = place.ok_or_else(|| invalid("The referenced task was not found."))?;
    state.stop_by_user(place, text(call, "reason")?, call.now);
    Ok(json!({ "task": task_json::describe(state, &state.ecs.tasks[place], false) }))
}

pub(super) fn list(state: &State, call: &Call<'_>) -> Answer {
    let known =
        ["cluster", "serviceName", "desiredStatus", "family", "startedBy", "launchType", "maxResults", "nextToken"];
    only(call.input, call.operation, &known)?;
    let cluster = &state.ecs.cluster(text(call, "cluster")?)?.name;
    let (by, family) = (text(call, "startedBy")?, text(call, "family")?);
    let service = text(call, "serviceName")?;
    let launch_type = text(call, "launchType")?;
    let others = [service, family, launch_type];
    if by.is_some() && others.iter().any(Option::is_some) {
        return Err(invalid("startedBy must be the only filter."));
    }
    let place = match service {
        None => None,
        Some(name) => Some(
            state
                .ecs
                .find_service(cluster, name)
                .ok_or_else(|| Error::from(Refusal::new("ServiceNotFoundException", "Service not found.")))?,
        ),
    };
    let desired = match text(call, "desiredStatus")? {
        None => "RUNNING",
        Some(word @ ("RUNNING" | "STOPPED" | "PENDING")) => word,
        Some(other) => return Err(invalid(format!("Invalid desired status: {other}"))),
    };
    let family_of = |task: &Task| {
        state.ecs.definitions.find(&task.definition).map(|definition| definition.family.clone()).unwrap_or_default()
    };
    let fits = |task: &&Task| {
        task.cluster == *cluster
            && task.desired_status() == desired
            && place.is_none_or(|place| task.service == Some(place))
            && by.is_none_or(|by| task.started_by.as_deref() == Some(by))
            && family.is_none_or(|family| family_of(task) == family)
            && launch_type.is_none_or(|launch_type| task.launch_type == launch_type)
    };
    let arns = state.ecs.tasks.iter().filter(fits).map(|task| json!(task.arn)).collect();
    answer(call, "taskArns", arns, 100)
}

pub(super) fn describe(state: &State, call: &Call<'_>) -> Answer {
    only(call.input, call.operation, &["cluster", "tasks", "include"])?;
    let cluster = state.ecs.cluster(text(call, "cluster")?)?.name.clone();
    let names = texts(call, "tasks", 100)?;
    if names.is_empty() {
        return Err(invalid("Tasks cannot be empty."));
    }
    let tags = texts(call, "include", 10)?.contains(&"TAGS");
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for name in names {
        match state.ecs.find_task(&cluster, name) {
            Some(place) => found.push(task_json::describe(state, &state.ecs.tasks[place], tags)),
            None if name.starts_with("arn:") => failures.push(missing(name)),
            None => {
                let crate::model::Identity { region, account, .. } = &state.identity;
                failures.push(missing(format!("arn:aws:ecs:{region}:{account}:task/{cluster}/{name}")));
            }
        }
    }
    Ok(json!({ "tasks": found, "failures": failures }))
}
