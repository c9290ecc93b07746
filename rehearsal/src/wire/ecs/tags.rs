//! Tags of whatever has an ARN.

use serde_json::{Value, json};

use super::super::json::{Answer, Call, Error};
use super::{invalid, objects, only, required};
use crate::model::State;
use crate::model::ecs::Refusal;

pub(super) fn list(state: &mut State, call: &Call<'_>) -> Answer {
    only(call.input, call.operation, &["resourceArn"])?;
    let tags = tags_of(state, required(call, "resourceArn")?)?;
    Ok(json!({ "tags": tags }))
}

pub(super) fn add(state: &mut State, call: &Call<'_>) -> Answer {
    only(call.input, call.operation, &["resourceArn", "tags"])?;
    let tags = tags_of(state, required(call, "resourceArn")?)?;
    for tag in objects(call, "tags")? {
        tags.retain(|known| known["key"] != tag["key"]);
        tags.push(tag);
    }
    Ok(json!({}))
}

fn tags_of<'a>(state: &'a mut State, arn: &str) -> Result<&'a mut Vec<Value>, Error> {
    let kind = arn.split(':').nth(5).and_then(|resource| resource.split('/').next());
    let missing = |code| Error::from(Refusal::new(code, "The resource was not found."));
    let ecs = &mut state.ecs;
    match kind {
        Some("cluster") => {
            let found = ecs.clusters.iter_mut().find(|cluster| cluster.arn == arn).map(|cluster| &mut cluster.tags);
            found.ok_or_else(|| missing("ClusterNotFoundException"))
        }
        Some("service") => {
            let found = ecs.services.iter_mut().rfind(|service| service.arn == arn).map(|service| &mut service.tags);
            found.ok_or_else(|| missing("ServiceNotFoundException"))
        }
        Some("task") => {
            let found = ecs.tasks.iter_mut().find(|task| task.arn == arn).map(|task| &mut task.tags);
            found.ok_or_else(|| missing("InvalidParameterException"))
        }
        Some("task-definition") => {
            let found = ecs.definitions.find_mut(arn).map(|definition| &mut definition.tags);
            found.ok_or_else(|| missing("ClientException"))
        }
        _ => Err(invalid("Invalid resource ARN.")),
    }
}
