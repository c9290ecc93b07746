//! STS, in the query protocol: who calls, and temporary credentials of roles.

use http::StatusCode;
use http::header::AUTHORIZATION;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::json::{Error, epoch};
use super::{Raw, query};
use crate::model::State;
use crate::registry::Digest;
use crate::roles::Caller;

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// Answers a call.
pub(crate) fn serve(state: &mut State, raw: &Raw<'_>) -> http::Response<bytes::Bytes> {
    let input = query::read(raw.request.body());
    let answer = match raw.operation {
        "GetCallerIdentity" => Ok(identity(state, raw)),
        "AssumeRole" => assume(state, raw, &input),
        "AssumeRoleWithWebIdentity" => match text(&input, "WebIdentityToken") {
            Ok(token) if token.split('.').count() == 3 => assume(state, raw, &input),
            Ok(_) => Err(Error::client("InvalidIdentityToken", "The ID Token provided is not a valid JWT.")),
            Err(error) => Err(error),
        },
        other => Err(Error::not_implemented("sts", other)),
    };
    query::response(raw.operation, NAMESPACE, &answer, raw.request_id)
}

/// Who signed the request.
fn caller(state: &State, raw: &Raw<'_>) -> Caller {
    let header = raw.request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let key = header.split("Credential=").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
    state.account.roles.sessions.get(key).cloned().unwrap_or_else(|| Caller {
        id: "AIDAREHEARSAL00000000".to_owned(),
        arn: format!("arn:aws:iam::{}:user/rehearsal", state.identity.account),
    })
}

fn identity(state: &State, raw: &Raw<'_>) -> Value {
    let Caller { id, arn } = caller(state, raw);
    json!({ "UserId": id, "Account": state.identity.account, "Arn": arn })
}

fn assume(state: &mut State, raw: &Raw<'_>, input: &Value) -> Result<Value, Error> {
    let (arn, session) = (text(input, "RoleArn")?, text(input, "RoleSessionName")?);
    let word = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    if !(2..=64).contains(&session.len()) || !session.bytes().all(word) {
        return Err(invalid("roleSessionName", "Member must satisfy regular expression pattern: [\\w+=,.@-]{2,64}"));
    }
    let seconds = input.get("DurationSeconds").map_or(Some(3600), Value::as_i64);
    let seconds = seconds.filter(|seconds| (900..=43200).contains(seconds));
    let seconds = seconds.ok_or_else(|| invalid("durationSeconds", "Member must have value between 900 and 43200"))?;
    let prefix = format!("arn:aws:iam::{}:role", state.identity.account);
    let role = arn.strip_prefix(&prefix).and_then(|path| {
        let name = path.rsplit('/').next()?;
        state
            .account
            .roles
            .roles
            .get(name)
            .filter(|role| path == format!("{}{name}", role.path))
            .map(|role| (name, role))
    });
    let Some((name, role)) = role else {
        let operation = raw.operation;
        let who = match operation {
            "AssumeRole" => format!("User: {} is not", caller(state, raw).arn),
            _ => "Not".to_owned(),
        };
        return Err(Error {
            status: StatusCode::FORBIDDEN,
            code: "AccessDenied",
            message: format!("{who} authorized to perform sts:{operation} on resource: {arn}"),
        });
    };
    let caller = Caller {
        id: format!("{}:{session}", role.id),
        arn: format!("arn:aws:sts::{}:assumed-role/{name}/{session}", state.identity.account),
    };
    let secret = Digest::of(raw.request_id.as_bytes()).hex().to_owned();
    let key = format!("ASIA{}", secret[..16].to_uppercase());
    let answer = json!({
        "Credentials": {
            "AccessKeyId": key,
            "SecretAccessKey": secret[..40],
            "SessionToken": format!("rehearsal-{secret}"),
            "Expiration": epoch(raw.now + SignedDuration::from_secs(seconds)),
        },
        "AssumedRoleUser": { "AssumedRoleId": caller.id, "Arn": caller.arn },
    });
    state.account.roles.sessions.insert(key, caller);
    Ok(answer)
}

fn text<'a>(input: &'a Value, name: &str) -> Result<&'a str, Error> {
    let missing = || invalid(name, "Member must not be null");
    input.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).ok_or_else(missing)
}

fn invalid(name: &str, constraint: &str) -> Error {
    let message = format!("1 validation error detected: Value at '{name}' failed to satisfy constraint: {constraint}");
    Error::client("ValidationError", message)
}
