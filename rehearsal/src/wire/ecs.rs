//! The Elastic Container Service's API, in the JSON protocol.
//!
//! What AWS knows and this cloud does not is refused by its name: a parameter that is passed over
//! silently would make a rehearsal of something else.

mod balancers;
mod clusters;
mod definitions;
mod deployments;
mod list;
mod revisions;
mod rules;
mod service_json;
mod services;
mod strategy;
mod tags;
mod task_json;
mod tasks;
#[cfg(test)]
mod tests;

use http::StatusCode;
use serde_json::Value;

use super::json::{Answer, Call, Error};
use crate::model::State;
use crate::model::ecs::Refusal;

/// Answers a call.
pub(crate) fn serve(state: &mut State, call: &Call<'_>) -> Answer {
    match call.operation {
        "CreateCluster" => clusters::create(state, call),
        "DescribeClusters" => clusters::describe(state, call),
        "ListClusters" => clusters::list(state, call),
        "RegisterTaskDefinition" => definitions::register(state, call),
        "DescribeTaskDefinition" => definitions::describe(state, call),
        "ListTaskDefinitions" => definitions::list(state, call),
        "DeregisterTaskDefinition" => definitions::deregister(state, call),
        "CreateService" => services::create(state, call),
        "UpdateService" => services::update(state, call),
        "DeleteService" => services::delete(state, call),
        "DescribeServices" => services::describe(state, call),
        "ListServices" => services::list(state, call),
        "ListServiceDeployments" => deployments::list(state, call),
        "DescribeServiceDeployments" => deployments::describe(state, call),
        "ContinueServiceDeployment" => deployments::go_on(state, call),
        "StopServiceDeployment" => deployments::stop(state, call),
        "DescribeServiceRevisions" => revisions::describe(state, call),
        "RunTask" => tasks::run(state, call),
        "StopTask" => tasks::stop(state, call),
        "ListTasks" => tasks::list(state, call),
        "DescribeTasks" => tasks::describe(state, call),
        "ListTagsForResource" => tags::list(state, call),
        "TagResource" => tags::add(state, call),
        other => Err(Error::not_implemented("ecs", other)),
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let Refusal { code, message } = refusal;
        let status =
            if code == "NotImplementedException" { StatusCode::NOT_IMPLEMENTED } else { StatusCode::BAD_REQUEST };
        Self { status, code, message }
    }
}

fn invalid(message: impl Into<String>) -> Error {
    Refusal::invalid(message).into()
}

/// Refuses members that this cloud does not know, unless they say nothing.
fn only(value: &Value, of: &str, known: &[&str]) -> Result<(), Error> {
    let members = value.as_object().into_iter().flatten();
    match members.into_iter().find(|(name, value)| !known.contains(&name.as_str()) && !is_nothing(value)) {
        None => Ok(()),
        Some((name, _)) => Err(Error::not_implemented("ecs", &format!("{of} with {name}"))),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(is_set) => !is_set,
        Value::Array(list) => list.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Number(_) => false,
    }
}

/// A text that a call has to have.
fn required<'a>(call: &'a Call<'_>, member: &str) -> Result<&'a str, Error> {
    text(call, member)?.ok_or_else(|| invalid(format!("{member} cannot be null or empty.")))
}

/// A text that a call may have; an empty one is none.
fn text<'a>(call: &'a Call<'_>, member: &str) -> Result<Option<&'a str>, Error> {
    match &call.input[member] {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
        _ => Err(Error::serialization(&format!("{member} is not a text"))),
    }
}

/// A whole number that a call may have.
fn number(value: &Value, member: &str) -> Result<Option<u32>, Error> {
    match &value[member] {
        Value::Null => Ok(None),
        Value::Number(number) => {
            let number = number.as_u64().and_then(|number| u32::try_from(number).ok());
            number.map(Some).ok_or_else(|| invalid(format!("{member} is not a number that it can be.")))
        }
        _ => Err(Error::serialization(&format!("{member} is not a number"))),
    }
}

/// The texts of a list, of which there may be so many.
fn texts<'a>(call: &'a Call<'_>, member: &str, most: usize) -> Result<Vec<&'a str>, Error> {
    let list = match &call.input[member] {
        Value::Null => return Ok(Vec::new()),
        Value::Array(list) => list,
        _ => return Err(Error::serialization(&format!("{member} is not a list"))),
    };
    if list.len() > most {
        return Err(invalid(format!("{member} may have {most} members at most.")));
    }
    let text = |item: &'a Value| item.as_str().ok_or_else(|| Error::serialization(&format!("{member} holds no texts")));
    list.iter().map(text).collect()
}

/// The objects of a list that a call may have.
fn objects(call: &Call<'_>, member: &str) -> Result<Vec<Value>, Error> {
    match &call.input[member] {
        Value::Null => Ok(Vec::new()),
        Value::Array(list) => Ok(list.clone()),
        _ => Err(Error::serialization(&format!("{member} is not a list"))),
    }
}
