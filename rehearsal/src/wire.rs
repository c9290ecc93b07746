//! AWS's protocols on one origin: who is asked, in which protocol, and what a fault makes of it.

mod cbor;
mod cloudwatch;
mod ecr;
mod ecs;
mod iam;
pub(crate) mod json;
mod logs;
mod page;
mod query;
mod secretsmanager;
mod ssm;
mod sts;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use jiff::Timestamp;

use crate::model::State;

/// Answers calls of one service in the JSON protocol.
pub(crate) type Serve = fn(&mut State, &json::Call<'_>) -> json::Answer;

/// Answers requests in any other protocol; `None` when the operation is not known.
pub(crate) type ServeRaw = fn(&mut State, &Raw<'_>) -> Response<Bytes>;

/// A request that is not in the JSON protocol.
#[derive(Debug)]
pub(crate) struct Raw<'a> {
    /// The operation, as the protocol names it: `Action=` of a form, the end of an RPC path.
    pub(crate) operation: &'a str,
    /// The request.
    pub(crate) request: &'a Request<Bytes>,
    /// When it was made.
    pub(crate) now: Timestamp,
    /// What the answer is known by.
    pub(crate) request_id: &'a str,
}

/// Services of the JSON protocol: the prefix of `X-Amz-Target`, the short name, who answers.
const JSON: &[(&str, &str, Serve)] = &[
    ("AmazonEC2ContainerRegistry_V20150921", "ecr", ecr::serve),
    ("AmazonEC2ContainerServiceV20141113", "ecs", ecs::serve),
    ("AmazonSSM", "ssm", ssm::serve),
    ("secretsmanager", "secretsmanager", secretsmanager::serve),
    ("Logs_20140328", "logs", logs::serve),
    ("GraniteServiceVersion20100801", "monitoring", cloudwatch::serve),
];

/// Services of the query protocol: the `Version` of the form, the short name, who answers.
const QUERY: &[(&str, &str, ServeRaw)] = &[
    ("2011-06-15", "sts", sts::serve),
    ("2010-05-08", "iam", iam::serve),
    ("2010-08-01", "monitoring", cloudwatch::serve_query),
];

/// Services of the RPC v2 CBOR protocol: the name in `/service/NAME/operation/OPERATION`, the short
/// name, who answers.
const RPC: &[(&str, &str, ServeRaw)] = &[("GraniteServiceVersion20100801", "monitoring", cloudwatch::serve_cbor)];

/// Answers under `/v2/`, the distribution protocol of the registry; the operation is empty there.
const REGISTRY: Option<ServeRaw> = Some(|state, raw| state.account.registry.distribute(raw.request, raw.now));

/// A request with all that its answer depends on.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) request: Request<Bytes>,
    pub(crate) now: Timestamp,
    pub(crate) request_id: String,
}

/// What a request asks for, found by its form alone.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// `ecs`, `ecr`, `registry` and so on.
    pub(crate) service: &'static str,
    /// `UpdateService` for one; for the registry the method.
    pub(crate) operation: String,
    answer: Who,
}

#[derive(Clone, Copy, Debug)]
enum Who {
    Json(Serve),
    Raw(ServeRaw),
}

/// Finds who answers a request, or refuses it.
pub(crate) fn asked(request: &Request<Bytes>) -> Result<Asked, json::Error> {
    let path = request.uri().path();
    if is_of_registry(path) {
        let serve = REGISTRY.ok_or_else(|| json::Error::not_implemented("registry", path))?;
        return Ok(Asked { service: "registry", operation: request.method().to_string(), answer: Who::Raw(serve) });
    }
    // The one call that brings another proof of who calls: a token of an identity provider.
    let by_token = request.body().windows(32).any(|part| part == b"Action=AssumeRoleWithWebIdentity");
    if !by_token && !is_signed(request) {
        return Err(json::Error {
            status: StatusCode::FORBIDDEN,
            code: "MissingAuthenticationTokenException",
            message: "Missing Authentication Token".to_owned(),
        });
    }
    if let Some(rest) = path.strip_prefix("/service/") {
        let (name, operation) = rest.split_once("/operation/").unwrap_or((rest, ""));
        return find(RPC, name, operation, Who::Raw);
    }
    if let Some(target) = header(request, "x-amz-target") {
        let (name, operation) = target.rsplit_once('.').unwrap_or((target, ""));
        return find(JSON, name, operation, Who::Json);
    }
    let form: Vec<_> = url::form_urlencoded::parse(request.body()).into_owned().collect();
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
    find(QUERY, field("Version"), field("Action"), Who::Raw)
}

fn is_of_registry(path: &str) -> bool {
    path == "/v2" || path.starts_with("/v2/")
}

fn find<T: Copy>(
    table: &[(&str, &'static str, T)],
    name: &str,
    operation: &str,
    who: fn(T) -> Who,
) -> Result<Asked, json::Error> {
    match table.iter().find(|(prefix, _, _)| *prefix == name) {
        Some((_, service, serve)) => Ok(Asked { service, operation: operation.to_owned(), answer: who(*serve) }),
        None => Err(json::Error::not_implemented(name, operation)),
    }
}

/// Answers a request.
pub(crate) fn answer(state: &mut State, asked: &Asked, incoming: &Incoming) -> (Response<Bytes>, String) {
    let Incoming { request, now, request_id } = incoming;
    let operation = asked.operation.as_str();
    match asked.answer {
        Who::Raw(serve) => {
            let response = serve(state, &Raw { operation, request, now: *now, request_id });
            let outcome = if response.status().is_success() { "ok".to_owned() } else { response.status().to_string() };
            (response, outcome)
        }
        Who::Json(serve) => {
            let answer = parse_body(request.body())
                .and_then(|input| serve(state, &json::Call { operation, input: &input, now: *now }));
            let outcome = answer.as_ref().map_or_else(|error| error.code, |_| "ok").to_owned();
            (json::response(&answer, request_id, content_type(request)), outcome)
        }
    }
}

/// Refuses a request in the protocol that it came in.
pub(crate) fn refuse(request: &Request<Bytes>, error: json::Error, request_id: &str) -> Response<Bytes> {
    if is_of_registry(request.uri().path()) {
        return crate::registry::refuse(&error);
    }
    if request.uri().path().starts_with("/service/") {
        return cloudwatch::refuse_cbor(error, request_id);
    }
    if header(request, "x-amz-target").is_some() || !request.body().starts_with(b"Action=") {
        return json::response(&Err(error), request_id, content_type(request));
    }
    let fault = if error.status.is_server_error() { "Receiver" } else { "Sender" };
    let body = format!(
        "<ErrorResponse><Error><Type>{fault}</Type><Code>{}</Code><Message>{}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>",
        error.code.trim_end_matches("Exception"),
        error.message.replace('&', "&amp;").replace('<', "&lt;"),
    );
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = error.status;
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("text/xml"));
    response
}

fn parse_body(body: &Bytes) -> Result<serde_json::Value, json::Error> {
    if body.is_empty() {
        return Ok(serde_json::json!({}));
    }
    serde_json::from_slice(body).map_err(|error| json::Error::serialization(&error.to_string()))
}

fn header<'a>(request: &'a Request<Bytes>, name: &str) -> Option<&'a str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}

fn content_type(request: &Request<Bytes>) -> &str {
    header(request, "content-type")
        .filter(|value| value.starts_with("application/x-amz-json-"))
        .unwrap_or("application/x-amz-json-1.1")
}

/// A signature is there, in the header or in the query; whether it is right is not asked.
fn is_signed(request: &Request<Bytes>) -> bool {
    header(request, "authorization").is_some_and(|value| value.starts_with("AWS4-"))
        || request.uri().query().is_some_and(|query| query.contains("X-Amz-Signature="))
}
