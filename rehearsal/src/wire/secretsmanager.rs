//! Secrets Manager, in the JSON protocol.

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::json::{Answer, Call, Error, epoch};
use crate::model::State;
use crate::secrets::{CURRENT, Content, Secret};

/// Answers a call.
pub(crate) fn serve(state: &mut State, call: &Call<'_>) -> Answer {
    match call.operation {
        "CreateSecret" => create(state, call),
        "DescribeSecret" => describe(state, call),
        "GetSecretValue" => get(state, call),
        "PutSecretValue" => put(state, call),
        "DeleteSecret" => delete(state, call),
        other => Err(Error::not_implemented("secretsmanager", other)),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Input {
    name: Option<String>,
    secret_id: Option<String>,
    client_request_token: Option<String>,
    description: Option<String>,
    secret_string: Option<String>,
    secret_binary: Option<String>,
    version_id: Option<String>,
    version_stage: Option<String>,
    version_stages: Option<Vec<String>>,
    recovery_window_in_days: Option<i64>,
    force_delete_without_recovery: Option<bool>,
}

impl Input {
    fn content(&self) -> Result<Option<Content>, Error> {
        match (&self.secret_string, &self.secret_binary) {
            (Some(_), Some(_)) => {
                Err(invalid("You can't specify both a binary secret value and a string secret value."))
            }
            (Some(text), None) => Ok(Some(Content::Text(text.clone()))),
            (None, Some(bytes)) => Ok(Some(Content::Binary(bytes.clone()))),
            (None, None) => Ok(None),
        }
    }

    fn secret<'a>(&self, state: &'a State) -> Result<&'a Secret, Error> {
        let id = required(self.secret_id.as_deref(), "secretId")?;
        state.account.secrets.find(id).ok_or_else(not_found)
    }
}

fn create(state: &mut State, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    let name = required(input.name.as_deref(), "name")?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+=.@-".contains(&byte);
    if name.is_empty() || name.len() > 512 || !name.bytes().all(allowed) {
        let rule =
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!";
        return Err(Error::client("ValidationException", rule));
    }
    let content = input.content()?;
    if let Some(known) = state.account.secrets.find(name).filter(|secret| secret.name == name) {
        if known.deleted_at.is_some() {
            let message =
                "You can't create this secret because a secret with this name is already scheduled for deletion.";
            return Err(Error::client("InvalidRequestException", message));
        }
        let message = format!("The operation failed because the secret {name} already exists.");
        return Err(Error::client("ResourceExistsException", message));
    }
    let suffix = &state.ids.word()[..6];
    let id = input.client_request_token.unwrap_or_else(|| state.ids.uuid());
    let (region, account) = (&state.identity.region, &state.identity.account);
    let mut secret = Secret {
        name: name.to_owned(),
        arn: format!("arn:aws:secretsmanager:{region}:{account}:secret:{name}-{suffix}"),
        description: input.description,
        created_at: call.now,
        deleted_at: None,
        versions: Vec::new(),
    };
    let mut answer = json!({ "ARN": secret.arn, "Name": name });
    if let Some(content) = content {
        secret.put(&id, content, &[CURRENT.to_owned()], call.now).map_err(|_| token_taken(&id))?;
        answer["VersionId"] = json!(id);
    }
    state.account.secrets.insert(secret);
    Ok(answer)
}

fn describe(state: &State, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    let secret = input.secret(state)?;
    let staged = secret.versions.iter().filter(|version| !version.stages.is_empty());
    let stages: Map<String, Value> = staged.map(|version| (version.id.clone(), json!(version.stages))).collect();
    let changed = secret.versions.last().map_or(secret.created_at, |version| version.created_at);
    let mut view = json!({
        "ARN": secret.arn,
        "Name": secret.name,
        "CreatedDate": epoch(secret.created_at),
        "LastChangedDate": epoch(changed),
        "VersionIdsToStages": stages,
    });
    if let Some(description) = &secret.description {
        view["Description"] = json!(description);
    }
    if let Some(deleted) = secret.deleted_at {
        view["DeletedDate"] = epoch(deleted);
    }
    Ok(view)
}

fn get(state: &State, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    let secret = alive(input.secret(state)?)?;
    let (id, stage) = (input.version_id.as_deref(), input.version_stage.as_deref());
    let version = secret.version(id, stage).ok_or_else(|| {
        let which = match (id, stage) {
            (Some(id), _) => format!("VersionId: {id}"),
            (None, stage) => format!("staging label: {}", stage.unwrap_or(CURRENT)),
        };
        let message = format!("Secrets Manager can't find the specified secret value for {which}");
        Error::client("ResourceNotFoundException", message)
    })?;
    let mut answer = json!({
        "ARN": secret.arn,
        "Name": secret.name,
        "VersionId": version.id,
        "VersionStages": version.stages,
        "CreatedDate": epoch(version.created_at),
    });
    match &version.value {
        Content::Text(text) => answer["SecretString"] = json!(text),
        Content::Binary(bytes) => answer["SecretBinary"] = json!(bytes),
    }
    Ok(answer)
}

fn put(state: &mut State, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    let secret_id = required(input.secret_id.as_deref(), "secretId")?;
    let content = input.content()?.ok_or_else(|| invalid("You must provide either SecretString or SecretBinary."))?;
    let id = input.client_request_token.clone().unwrap_or_else(|| state.ids.uuid());
    let secret = state.account.secrets.find_mut(secret_id).ok_or_else(not_found)?;
    alive(secret)?;
    let stages = input.version_stages.unwrap_or_else(|| vec![CURRENT.to_owned()]);
    secret.put(&id, content, &stages, call.now).map_err(|_| token_taken(&id))?;
    Ok(json!({ "ARN": secret.arn, "Name": secret.name, "VersionId": id, "VersionStages": stages }))
}

fn delete(state: &mut State, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    let force = input.force_delete_without_recovery.unwrap_or_default();
    if force && input.recovery_window_in_days.is_some() {
        let message = "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.";
        return Err(invalid(message));
    }
    let days = input.recovery_window_in_days.unwrap_or(30);
    if !(7..=30).contains(&days) {
        return Err(invalid("RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."));
    }
    let id = required(input.secret_id.as_deref(), "secretId")?;
    let secret = state.account.secrets.find_mut(id).ok_or_else(not_found)?;
    alive(secret)?;
    let date = if force { call.now } else { call.now + SignedDuration::from_hours(24 * days) };
    secret.deleted_at = Some(date);
    let (name, arn) = (secret.name.clone(), secret.arn.clone());
    if force {
        state.account.secrets.remove(&name);
    }
    Ok(json!({ "ARN": arn, "Name": name, "DeletionDate": epoch(date) }))
}

fn alive(secret: &Secret) -> Result<&Secret, Error> {
    if secret.deleted_at.is_none() {
        return Ok(secret);
    }
    let message = "You can't perform this operation on the secret because it was marked for deletion.";
    Err(Error::client("InvalidRequestException", message))
}

fn not_found() -> Error {
    Error::client("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

fn token_taken(id: &str) -> Error {
    let message = format!("You can't use ClientRequestToken {id} because that value is already in use for a version.");
    Error::client("ResourceExistsException", message)
}

fn invalid(message: &str) -> Error {
    Error::client("InvalidParameterException", message)
}

fn required<T>(value: Option<T>, name: &str) -> Result<T, Error> {
    value.ok_or_else(|| {
        let message = format!(
            "1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"
        );
        Error::client("ValidationException", message)
    })
}
