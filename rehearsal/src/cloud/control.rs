//! The control plane under `/_rehearsal/`: what no cloud has, faults and a look inside, in JSON.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Cloud;
use crate::faults::{ApiRule, TaskRule};
use crate::metrics::MetricsFault;
use crate::model::targets::TargetGroupOptions;
use crate::network::Network;
use crate::world::TaskFault;

/// A rule for tasks, as it is sent.
#[derive(Debug, Deserialize)]
struct PlantTask {
    tasks: TaskRule,
    fault: TaskFault,
    #[serde(default)]
    times: Option<u64>,
}

pub(super) fn answer(cloud: &Cloud, request: &Request<Bytes>) -> Response<Bytes> {
    let path = request.uri().path().trim_start_matches("/_rehearsal/");
    let outcome = match (request.method(), path) {
        (&Method::GET, "state") => Ok(json!(cloud.snapshot())),
        (&Method::GET, "target-groups") => Ok(json!(cloud.target_groups())),
        (&Method::POST, "target-groups") => {
            parse::<TargetGroupOptions>(request).map(|options| json!({ "arn": cloud.put_target_group(&options) }))
        }
        (&Method::POST, "faults/calls") => parse::<ApiRule>(request).map(|rule| {
            cloud.faults(|faults| faults.add_call(rule));
            json!({})
        }),
        (&Method::POST, "faults/tasks") => parse::<PlantTask>(request).and_then(|planted| {
            planted.fault.check().map_err(|message| (StatusCode::BAD_REQUEST, message))?;
            cloud.faults(|faults| faults.add_task(planted.tasks, planted.fault, planted.times));
            Ok(json!({}))
        }),
        (&Method::POST, "network") => parse::<Network>(request).map(|network| {
            cloud.set_network(network);
            json!({})
        }),
        (&Method::POST, "faults/metrics") => parse::<MetricsFault>(request).map(|fault| {
            cloud.faults(|faults| faults.set_metrics(Some(fault)));
            json!({})
        }),
        (&Method::DELETE, "faults") => {
            cloud.faults(crate::faults::Faults::clear);
            Ok(json!({}))
        }
        (method, path) => Err((StatusCode::NOT_FOUND, format!("the control plane has no {method} {path}"))),
    };
    let (status, body) = match outcome {
        Ok(body) => (StatusCode::OK, body),
        Err((status, message)) => (status, json!({ "message": message })),
    };
    respond(status, &body)
}

fn parse<T: DeserializeOwned>(request: &Request<Bytes>) -> Result<T, (StatusCode, String)> {
    serde_json::from_slice(request.body()).map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))
}

fn respond(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(http::header::CONTENT_TYPE, json);
    response
}
