//! CloudWatch's alarms and metrics, in the three protocols that its clients use: RPC v2 with CBOR (the SDKs), JSON
//! 1.0, and query (older command lines).

mod alarms;
mod metrics;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

use super::json::{Answer, Call, Error};
use super::{Raw, cbor, query};
use crate::model::State;

const NAMESPACE: &str = "http://monitoring.amazonaws.com/doc/2010-08-01/";

/// Answers a call in the JSON protocol.
pub(crate) fn serve(state: &mut State, call: &Call<'_>) -> Answer {
    match call.operation {
        "PutMetricAlarm" => alarms::put(state, call),
        "DescribeAlarms" => alarms::describe(state, call),
        "SetAlarmState" => alarms::set_state(state, call),
        "DeleteAlarms" => alarms::delete(state, call),
        "GetMetricData" => metrics::data(state, call),
        "GetMetricStatistics" => metrics::statistics(state, call),
        "ListMetrics" => metrics::list(state, call),
        other => Err(Error::not_implemented("monitoring", other)),
    }
}

/// Answers a call in the query protocol.
pub(crate) fn serve_query(state: &mut State, raw: &Raw<'_>) -> Response<Bytes> {
    let input = query::read(raw.request.body());
    let answer = serve(state, &Call { operation: raw.operation, input: &input, now: raw.now });
    let answer = answer.map(|value| if value == json!({}) { Value::Null } else { value });
    query::response(raw.operation, NAMESPACE, &answer, raw.request_id)
}

/// Answers a call in the RPC v2 protocol.
pub(crate) fn serve_cbor(state: &mut State, raw: &Raw<'_>) -> Response<Bytes> {
    let body = raw.request.body();
    let input = if body.is_empty() { Ok(json!({})) } else { cbor::read(body) };
    let answer = input
        .map_err(Error::serialization)
        .and_then(|input| serve(state, &Call { operation: raw.operation, input: &input, now: raw.now }));
    cbor_response(&answer, raw.request_id)
}

/// Refuses a call in the RPC v2 protocol.
pub(crate) fn refuse_cbor(error: Error, request_id: &str) -> Response<Bytes> {
    cbor_response(&Err(error), request_id)
}

fn cbor_response(answer: &Answer, request_id: &str) -> Response<Bytes> {
    let (status, body) = match answer {
        Ok(value) => (StatusCode::OK, value.clone()),
        Err(error) => (error.status, json!({ "__type": error.code, "message": error.message })),
    };
    let mut response = Response::new(cbor::write(&body, query::is_time).into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/cbor"));
    headers.insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
    if let Ok(value) = request_id.parse() {
        headers.insert("x-amzn-requestid", value);
    }
    if let Err(error) = answer
        && let Ok(value) = format!("{};Sender", error.code).parse()
    {
        headers.insert("x-amzn-query-error", value);
    }
    response
}

fn required<T>(value: Option<T>, name: &str) -> Result<T, Error> {
    value.ok_or_else(|| Error::client("MissingParameter", format!("The parameter {name} is required.")))
}

fn value_error(name: &str, expected: &str) -> Error {
    Error::client("InvalidParameterValue", format!("The value of the parameter {name} is invalid: expected {expected}"))
}
