//! IAM's roles, in the query protocol: whether those of a task definition are there.

use http::StatusCode;
use serde_json::{Value, json};

use super::json::{Error, epoch};
use super::{Raw, query};
use crate::model::State;
use crate::roles::Role;

const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

/// Answers a call.
pub(crate) fn serve(state: &mut State, raw: &Raw<'_>) -> http::Response<bytes::Bytes> {
    let input = query::read(raw.request.body());
    let answer = match raw.operation {
        "CreateRole" => create(state, raw, &input),
        "GetRole" => get(state, &input),
        "DeleteRole" => delete(state, &input),
        other => Err(Error::not_implemented("iam", other)),
    };
    query::response(raw.operation, NAMESPACE, &answer, raw.request_id)
}

fn create(state: &mut State, raw: &Raw<'_>, input: &Value) -> Result<Value, Error> {
    let name = name(input)?;
    let trust = input.get("AssumeRolePolicyDocument").and_then(Value::as_str);
    let trust = trust.ok_or_else(|| invalid("assumeRolePolicyDocument", "Member must not be null"))?;
    if serde_json::from_str::<Value>(trust).is_err() {
        return Err(Error::client("MalformedPolicyDocument", "This policy contains invalid Json"));
    }
    let path = input.get("Path").and_then(Value::as_str).unwrap_or("/");
    if !path.starts_with('/') || !path.ends_with('/') {
        return Err(invalid("path", "The specified value for path is invalid. It must begin and end with /"));
    }
    if state.account.roles.roles.contains_key(name) {
        return Err(Error {
            status: StatusCode::CONFLICT,
            code: "EntityAlreadyExists",
            message: format!("Role with name {name} already exists."),
        });
    }
    let role = Role {
        id: format!("AROA{}", state.ids.hex()[..17].to_uppercase()),
        path: path.to_owned(),
        trust: trust.to_owned(),
        created_at: raw.now,
    };
    let view = view(state, name, &role);
    state.account.roles.roles.insert(name.to_owned(), role);
    Ok(json!({ "Role": view }))
}

fn get(state: &State, input: &Value) -> Result<Value, Error> {
    let name = name(input)?;
    let role = state.account.roles.roles.get(name).ok_or_else(|| no_role(name))?;
    let mut view = view(state, name, role);
    view["MaxSessionDuration"] = json!(3600);
    Ok(json!({ "Role": view }))
}

fn delete(state: &mut State, input: &Value) -> Result<Value, Error> {
    let name = name(input)?;
    state.account.roles.roles.remove(name).map(|_| Value::Null).ok_or_else(|| no_role(name))
}

fn view(state: &State, name: &str, role: &Role) -> Value {
    let trust: String = url::form_urlencoded::byte_serialize(role.trust.as_bytes()).collect();
    json!({
        "Path": role.path,
        "RoleName": name,
        "RoleId": role.id,
        "Arn": format!("arn:aws:iam::{}:role{}{name}", state.identity.account, role.path),
        "CreateDate": epoch(role.created_at),
        "AssumeRolePolicyDocument": trust.replace('+', "%20"),
    })
}

fn name(input: &Value) -> Result<&str, Error> {
    let name = input.get("RoleName").and_then(Value::as_str).unwrap_or_default();
    let word = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    if name.is_empty() || name.len() > 64 || !name.bytes().all(word) {
        return Err(invalid("roleName", "Member must satisfy regular expression pattern: [\\w+=,.@-]{1,64}"));
    }
    Ok(name)
}

fn no_role(name: &str) -> Error {
    Error {
        status: StatusCode::NOT_FOUND,
        code: "NoSuchEntity",
        message: format!("The role with name {name} cannot be found."),
    }
}

fn invalid(name: &str, constraint: &str) -> Error {
    let message = format!("1 validation error detected: Value at '{name}' failed to satisfy constraint: {constraint}");
    Error::client("ValidationError", message)
}
