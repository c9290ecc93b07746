//! Task definitions.

use serde_json::{Value, json};

use super::super::json::{Answer, Call, Error, epoch};
use super::list::answer;
use super::{invalid, only, required, text};
use crate::model::State;
use crate::model::ecs::Refusal;
use crate::model::ecs::definition::Definition;

/// What a definition may consist of; it is kept whole.
const MEMBERS: &[&str] = &[
    "family",
    "taskRoleArn",
    "executionRoleArn",
    "networkMode",
    "containerDefinitions",
    "volumes",
    "placementConstraints",
    "requiresCompatibilities",
    "cpu",
    "memory",
    "tags",
    "pidMode",
    "ipcMode",
    "ephemeralStorage",
    "runtimePlatform",
    "enableFaultInjection",
];

pub(super) fn register(state: &mut State, call: &Call<'_>) -> Answer {
    only(call.input, call.operation, MEMBERS)?;
    let document = call.input.as_object().ok_or_else(|| Error::serialization("the body is not a JSON object"))?;
    let document = document.iter().filter(|(_, value)| !value.is_null());
    let document = document.map(|(name, value)| (name.clone(), value.clone())).collect();
    let account = state.identity.account.clone();
    let definition = state.register_definition(document, call.now)?;
    Ok(json!({ "taskDefinition": describe_one(definition, &account), "tags": definition.tags }))
}

pub(super) fn describe(state: &State, call: &Call<'_>) -> Answer {
    only(call.input, call.operation, &["taskDefinition", "include"])?;
    let named = required(call, "taskDefinition")?;
    let found = state.ecs.definitions.find(named);
    let found = found.ok_or_else(|| Refusal::client("Unable to describe task definition."))?;
    let mut answer = json!({ "taskDefinition": describe_one(found, &state.identity.account) });
    if call.input["include"].as_array().is_some_and(|include| include.iter().any(|what| what == "TAGS")) {
        answer["tags"] = json!(found.tags);
    }
    Ok(answer)
}

pub(super) fn deregister(state: &mut State, call: &Call<'_>) -> Answer {
    only(call.input, call.operation, &["taskDefinition"])?;
    let account = state.identity.account.clone();
    let found = state.ecs.definitions.deregister(required(call, "taskDefinition")?, call.now)?;
    Ok(json!({ "taskDefinition": describe_one(found, &account) }))
}

pub(super) fn list(state: &State, call: &Call<'_>) -> Answer {
    only(call.input, call.operation, &["familyPrefix", "status", "sort", "maxResults", "nextToken"])?;
    let is_active = match text(call, "status")? {
        None | Some("ACTIVE") => true,
        Some("INACTIVE") => false,
        Some(other) => return Err(invalid(format!("Invalid task definition status: {other}"))),
    };
    // A family is meant whole, whatever the parameter's name says.
    let family = text(call, "familyPrefix")?;
    let fits = |one: &&Definition| one.is_active() == is_active && family.is_none_or(|family| one.family == family);
    let mut arns: Vec<Value> = state.ecs.definitions.all().filter(fits).map(|one| json!(one.arn)).collect();
    match text(call, "sort")? {
        None | Some("ASC") => {}
        Some("DESC") => arns.reverse(),
        Some(other) => return Err(invalid(format!("Invalid sort order: {other}"))),
    }
    answer(call, "taskDefinitionArns", arns, 100)
}

fn describe_one(definition: &Definition, account: &str) -> Value {
    let mut answer = Value::Object(definition.document.clone());
    answer["taskDefinitionArn"] = json!(definition.arn);
    answer["revision"] = json!(definition.revision);
    answer["status"] = json!(if definition.is_active() { "ACTIVE" } else { "INACTIVE" });
    answer["registeredAt"] = epoch(definition.registered_at);
    answer["registeredBy"] = json!(format!("arn:aws:iam::{account}:root"));
    answer["compatibilities"] = json!(["EC2", "FARGATE"]);
    answer["requiresAttributes"] = json!([{ "name": "ecs.capability.task-eni" }]);
    if let Some(at) = definition.deregistered_at {
        answer["deregisteredAt"] = epoch(at);
    }
    answer
}
