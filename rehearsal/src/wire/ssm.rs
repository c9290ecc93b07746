//! The Parameter Store's part of Systems Manager, in the JSON protocol.

use serde::Deserialize;
use serde_json::{Value, json};

use super::json::{Answer, Call, Error, epoch};
use super::page::page;
use crate::model::{Identity, State};
use crate::parameters::{Found, Kind, Missing, Parameter};
use crate::registry::Digest;

/// Answers a call.
pub(crate) fn serve(state: &mut State, call: &Call<'_>) -> Answer {
    match call.operation {
        "PutParameter" => put(state, call),
        "GetParameter" => get(state, call),
        "GetParameters" => get_many(state, call),
        "DescribeParameters" => describe(state, call),
        "DeleteParameter" => delete(state, call),
        other => Err(Error::not_implemented("ssm", other)),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Input {
    name: Option<String>,
    names: Option<Vec<String>>,
    value: Option<String>,
    r#type: Option<String>,
    description: Option<String>,
    overwrite: Option<bool>,
    with_decryption: Option<bool>,
    parameter_filters: Option<Vec<Filter>>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    key: String,
    option: Option<String>,
    #[serde(default)]
    values: Vec<String>,
}

fn put(state: &mut State, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    let name = required(input.name.as_deref(), "name")?;
    let value = required(input.value.as_deref(), "value")?;
    if !is_name(name) {
        let rule = "Parameter name must be a fully qualified name: letters, digits and .-_ , with / before each part of a path";
        return Err(Error::client("ValidationException", rule));
    }
    if value.is_empty() || value.len() > 8192 {
        return Err(invalid("value", "Member must have length between 1 and 8192"));
    }
    let kind = match &input.r#type {
        None => None,
        Some(word) => Some(Kind::of(word).ok_or_else(|| {
            invalid("type", "Member must satisfy enum value set: [SecureString, StringList, String]")
        })?),
    };
    let overwrite = input.overwrite.unwrap_or_default();
    if kind.is_none() && state.account.parameters.find(name).is_err() {
        let message = "A parameter type is required when you create a parameter.";
        return Err(Error::client("ValidationException", message));
    }
    let parameters = &mut state.account.parameters;
    match parameters.put(name, kind, input.description, value, overwrite, call.now) {
        Some(version) => Ok(json!({ "Version": version, "Tier": "Standard" })),
        None => {
            let message = "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.";
            Err(Error::client("ParameterAlreadyExists", message))
        }
    }
}

fn get(state: &State, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    let name = required(input.name.as_deref(), "name")?;
    match state.account.parameters.find(name) {
        Ok(found) => {
            Ok(json!({ "Parameter": view(&state.identity, &found, input.with_decryption.unwrap_or_default()) }))
        }
        Err(Missing::Parameter) => Err(Error::client("ParameterNotFound", format!("Parameter {name} not found."))),
        Err(Missing::Version) => {
            let message =
                format!("Systems Manager could not find version of {name}. Verify the version and try again.");
            Err(Error::client("ParameterVersionNotFound", message))
        }
    }
}

fn get_many(state: &State, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    let names = required(input.names.as_ref(), "names")?;
    if !(1..=10).contains(&names.len()) {
        return Err(invalid("names", "Member must have length between 1 and 10"));
    }
    let (mut parameters, mut unknown): (Vec<Value>, Vec<&String>) = Default::default();
    for name in names {
        match state.account.parameters.find(name) {
            Ok(found) => parameters.push(view(&state.identity, &found, input.with_decryption.unwrap_or_default())),
            Err(_) => unknown.push(name),
        }
    }
    Ok(json!({ "Parameters": parameters, "InvalidParameters": unknown }))
}

fn describe(state: &State, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    let filters = input.parameter_filters.unwrap_or_default();
    let most = match input.max_results {
        None => 10,
        Some(most) => usize::try_from(most)
            .ok()
            .filter(|most| (1..=50).contains(most))
            .ok_or_else(|| invalid("maxResults", "Member must have value between 1 and 50"))?,
    };
    let mut found = Vec::new();
    'parameters: for (name, parameter) in state.account.parameters.all() {
        for filter in &filters {
            if !filter.lets_through(name, parameter)? {
                continue 'parameters;
            }
        }
        let mut view = json!({
            "Name": name,
            "ARN": arn(&state.identity, name),
            "Type": parameter.kind.word(),
            "LastModifiedUser": format!("arn:aws:iam::{}:user/rehearsal", state.identity.account),
            "Version": parameter.versions.len(),
            "Tier": "Standard",
            "Policies": [],
            "DataType": "text",
        });
        if let Some(version) = parameter.versions.last() {
            view["LastModifiedDate"] = epoch(version.at);
        }
        if let Some(description) = &parameter.description {
            view["Description"] = json!(description);
        }
        found.push(view);
    }
    let (page, next) = page(found, input.next_token.as_deref(), most)
        .map_err(|_| Error::client("InvalidNextToken", "The specified token isn't valid."))?;
    let mut answer = json!({ "Parameters": page });
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    Ok(answer)
}

fn delete(state: &mut State, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    let name = required(input.name.as_deref(), "name")?;
    if state.account.parameters.remove(name) {
        Ok(json!({}))
    } else {
        Err(Error::client("ParameterNotFound", format!("Parameter {name} not found.")))
    }
}

impl Filter {
    fn lets_through(&self, name: &str, parameter: &Parameter) -> Result<bool, Error> {
        let text = match self.key.as_str() {
            "Name" => name,
            "Type" => parameter.kind.word(),
            other => {
                let message = format!("the rehearsal cloud does not implement the filter key {other}");
                return Err(Error::client("InvalidFilterKey", message));
            }
        };
        let test: fn(&str, &str) -> bool = match self.option.as_deref() {
            None | Some("Equals") => |text, value| text == value,
            Some("BeginsWith") => |text, value| text.starts_with(value),
            Some("Contains") => |text, value| text.contains(value),
            Some(other) => {
                return Err(Error::client("InvalidFilterOption", format!("The filter option {other} is not valid.")));
            }
        };
        Ok(self.values.iter().any(|value| test(text, value)))
    }
}

fn view(identity: &Identity, found: &Found<'_>, decrypted: bool) -> Value {
    let secret = found.parameter.kind == Kind::SecureString && !decrypted;
    // Never the value: what an encrypted one looks like is not for anybody to read.
    let value = &found.version.value;
    let value = if secret { Digest::of(value.as_bytes()).hex().to_owned() } else { value.clone() };
    let mut view = json!({
        "Name": found.name,
        "Type": found.parameter.kind.word(),
        "Value": value,
        "Version": found.number,
        "LastModifiedDate": epoch(found.version.at),
        "ARN": arn(identity, found.name),
        "DataType": "text",
    });
    if let Some(selector) = found.selector {
        view["Selector"] = json!(selector);
    }
    view
}

fn arn(identity: &Identity, name: &str) -> String {
    format!("arn:aws:ssm:{}:{}:parameter/{}", identity.region, identity.account, name.trim_start_matches('/'))
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_/".contains(&byte);
    let path = !name.contains('/') || name.starts_with('/');
    let reserved = ["aws", "ssm"].iter().any(|word| name.trim_start_matches('/').to_lowercase().starts_with(word));
    !name.is_empty() && name.len() <= 1011 && name.bytes().all(allowed) && path && !reserved
}

fn required<T>(value: Option<T>, name: &str) -> Result<T, Error> {
    value.ok_or_else(|| invalid(name, "Member must not be null"))
}

fn invalid(name: &str, constraint: &str) -> Error {
    let message = format!("1 validation error detected: Value at '{name}' failed to satisfy constraint: {constraint}");
    Error::client("ValidationException", message)
}
