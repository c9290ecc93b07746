//! Services.

use serde_json::{Map, Value, json};

use super::super::json::{Answer, Call, Error};
use super::list::{answer, missing};
use super::{balancers, invalid, number, objects, only, required, rules, service_json, text, texts};
use crate::model::State;
use crate::model::ecs::service::{Status, Workload};
use crate::model::ecs::{Change, ServiceWish};

/// What is kept and given back, and changes nothing here.
const KEPT: &[&str] = &["enableExecuteCommand", "enableECSManagedTags", "propagateTags", "availabilityZoneRebalancing"];

/// What a call that makes or changes a service may say.
const MEMBERS: &[&str] = &[
    "cluster",
    "desiredCount",
    "taskDefinition",
    "deploymentConfiguration",
    "networkConfiguration",
    "loadBalancers",
    "platformVersion",
    "healthCheckGracePeriodSeconds",
    "enableExecuteCommand",
    "enableECSManagedTags",
    "propagateTags",
    "availabilityZoneRebalancing",
];

pub(super) fn create(state: &mut State, call: &Call<'_>) -> Answer {
    let more = ["serviceName", "launchType", "clientToken", "tags", "schedulingStrategy", "deploymentController"];
    only(call.input, call.operation, &[MEMBERS, &more].concat())?;
    let strategy = text(call, "schedulingStrategy")?.unwrap_or("REPLICA");
    if strategy != "REPLICA" {
        return Err(Error::not_implemented("ecs", &format!("CreateService with schedulingStrategy {strategy}")));
    }
    if let Some(controller) = call.input["deploymentController"]["type"].as_str().filter(|kind| *kind != "ECS") {
        return Err(Error::not_implemented("ecs", &format!("CreateService with deploymentController {controller}")));
    }
    let name = required(call, "serviceName")?;
    let definition = required(call, "taskDefinition")?.to_owned();
    let desired = number(call.input, "desiredCount")?;
    let desired = desired.ok_or_else(|| invalid("Invalid desiredCount: null. It must be a non-negative number."))?;
    let workload = Workload {
        definition,
        balancers: balancers::read(call)?,
        network: call.input["networkConfiguration"].clone(),
        launch_type: text(call, "launchType")?.unwrap_or("FARGATE").to_owned(),
        platform_version: text(call, "platformVersion")?.unwrap_or("LATEST").to_owned(),
    };
    let wish = ServiceWish {
        cluster: text(call, "cluster")?.map(str::to_owned),
        name: name.to_owned(),
        desired,
        rules: rules::read(&call.input["deploymentConfiguration"], None)?,
        grace: number(call.input, "healthCheckGracePeriodSeconds")?.unwrap_or_default().into(),
        workload,
        kept: kept(call),
        tags: objects(call, "tags")?,
    };
    let place = state.create_service(wish, call.now)?;
    Ok(json!({ "service": service_json::describe(state, place) }))
}

pub(super) fn update(state: &mut State, call: &Call<'_>) -> Answer {
    only(call.input, call.operation, &[MEMBERS, &["service", "forceNewDeployment"]].concat())?;
    let place = state.ecs.active_service(text(call, "cluster")?, required(call, "service")?)?;
    let service = &state.ecs.services[place];
    let mut workload = service.workload().cloned();
    if let Some(workload) = &mut workload {
        if let Some(definition) = text(call, "taskDefinition")? {
            definition.clone_into(&mut workload.definition);
        }
        if !call.input["loadBalancers"].is_null() {
            workload.balancers = balancers::read(call)?;
        }
        if !call.input["networkConfiguration"].is_null() {
            workload.network = call.input["networkConfiguration"].clone();
        }
        if let Some(version) = text(call, "platformVersion")? {
            version.clone_into(&mut workload.platform_version);
        }
    }
    let said = ["taskDefinition", "loadBalancers", "networkConfiguration", "platformVersion"];
    let force = call.input["forceNewDeployment"] == true;
    // A definition that became INACTIVE meanwhile is in nobody's way who asks for other things.
    let workload = workload.filter(|_| force || said.iter().any(|member| !call.input[member].is_null()));
    let rules = match &call.input["deploymentConfiguration"] {
        Value::Null => None,
        said => Some(rules::read(said, Some(&service.rules))?),
    };
    let change = Change {
        desired: number(call.input, "desiredCount")?,
        rules,
        grace: number(call.input, "healthCheckGracePeriodSeconds")?.map(u64::from),
        workload,
        force,
        kept: kept(call),
    };
    state.update_service(place, change, call.now)?;
    Ok(json!({ "service": service_json::describe(state, place) }))
}

pub(super) fn delete(state: &mut State, call: &Call<'_>) -> Answer {
    only(call.input, call.operation, &["cluster", "service", "force"])?;
    let place = state.ecs.active_service(text(call, "cluster")?, required(call, "service")?)?;
    state.delete_service(place, call.input["force"] == true, call.now)?;
    Ok(json!({ "service": service_json::describe(state, place) }))
}

pub(super) fn describe(state: &State, call: &Call<'_>) -> Answer {
    only(call.input, call.operation, &["cluster", "services", "include"])?;
    let cluster = state.ecs.cluster(text(call, "cluster")?)?.name.clone();
    let names = texts(call, "services", 10)?;
    if names.is_empty() {
        return Err(invalid("Services cannot be empty."));
    }
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for name in names {
        match state.ecs.find_service(&cluster, name) {
            Some(place) => found.push(service_json::describe(state, place)),
            None => failures.push(missing(service_json::arn(state, &cluster, name))),
        }
    }
    Ok(json!({ "services": found, "failures": failures }))
}

pub(super) fn list(state: &State, call: &Call<'_>) -> Answer {
    only(call.input, call.operation, &["cluster", "launchType", "schedulingStrategy", "maxResults", "nextToken"])?;
    let cluster = &state.ecs.cluster(text(call, "cluster")?)?.name;
    let services = state.ecs.services.iter();
    let services = services.filter(|service| service.cluster == *cluster && service.status == Status::Active);
    answer(call, "serviceArns", services.map(|service| json!(service.arn)).collect(), 10)
}

fn kept(call: &Call<'_>) -> Map<String, Value> {
    let said = KEPT.iter().filter(|member| !call.input[**member].is_null());
    said.map(|member| ((*member).to_owned(), call.input[*member].clone())).collect()
}
