//! AWS's query protocol: a form comes in, XML goes out.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::json::Error;

/// Members that are numbers; a form has only text.
const NUMBERS: &[&str] = &[
    "DatapointsToAlarm",
    "DurationSeconds",
    "EvaluationPeriods",
    "MaxDatapoints",
    "MaxRecords",
    "Period",
    "Threshold",
];
/// Members that are true or false.
const TRUTHS: &[&str] = &["ActionsEnabled", "ReturnData"];

/// The members of a form: `A.member.1.B=x` is `{"A": [{"B": "x"}]}`.
pub(crate) fn read(body: &[u8]) -> Value {
    let mut root = Value::Object(Map::new());
    for (path, text) in url::form_urlencoded::parse(body) {
        if path != "Action" && path != "Version" {
            let steps: Vec<_> = path.split('.').filter(|step| *step != "member").collect();
            insert(&mut root, &steps, &text);
        }
    }
    lists(root)
}

fn insert(place: &mut Value, steps: &[&str], text: &str) {
    match (place, steps) {
        (Value::Object(members), [last]) => {
            members.insert((*last).to_owned(), scalar(last, text));
        }
        (Value::Object(members), [step, rest @ ..]) => {
            let next = members.entry((*step).to_owned()).or_insert_with(|| Value::Object(Map::new()));
            insert(next, rest, text);
        }
        _ => {}
    }
}

fn scalar(name: &str, text: &str) -> Value {
    let number = NUMBERS.contains(&name).then(|| text.parse::<serde_json::Number>().ok()).flatten();
    let truth = TRUTHS.contains(&name).then(|| text.parse::<bool>().ok()).flatten();
    number.map(Value::Number).or(truth.map(Value::Bool)).unwrap_or_else(|| Value::String(text.to_owned()))
}

/// Objects whose keys are all numbers become lists.
fn lists(value: Value) -> Value {
    let Value::Object(members) = value else { return value };
    let mut numbered: Vec<(u32, Value)> =
        members.iter().filter_map(|(key, value)| Some((key.parse().ok()?, value.clone()))).collect();
    if !members.is_empty() && numbered.len() == members.len() {
        numbered.sort_by_key(|(number, _)| *number);
        return Value::Array(numbered.into_iter().map(|(_, value)| lists(value)).collect());
    }
    Value::Object(members.into_iter().map(|(key, value)| (key, lists(value))).collect())
}

/// The answer of an operation. Timestamps are in seconds since 1970 in `answer`.
pub(crate) fn response(
    operation: &str,
    namespace: &str,
    answer: &Result<Value, Error>,
    request_id: &str,
) -> Response<Bytes> {
    let (status, body) = match answer {
        Ok(value) => {
            let metadata = format!("<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>");
            let result = match value {
                Value::Null => String::new(),
                _ => format!("<{operation}Result>{}</{operation}Result>", xml("", value)),
            };
            let body = format!("<{operation}Response xmlns=\"{namespace}\">{result}{metadata}</{operation}Response>");
            (StatusCode::OK, body)
        }
        Err(error) => {
            let side = if error.status.is_server_error() { "Receiver" } else { "Sender" };
            let body = format!(
                "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{side}</Type><Code>{}</Code><Message>{}</Message></Error>\
                 <RequestId>{request_id}</RequestId></ErrorResponse>",
                error.code,
                escaped(&error.message)
            );
            (error.status, body)
        }
    };
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    if let Ok(value) = request_id.parse() {
        response.headers_mut().insert("x-amzn-requestid", value);
    }
    response
}

fn xml(name: &str, value: &Value) -> String {
    match value {
        Value::Object(members) if name == "ExtendedStatistics" => members
            .iter()
            .map(|(key, value)| format!("<entry><key>{key}</key><value>{}</value></entry>", xml("", value)))
            .collect::<Vec<_>>()
            .concat(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| format!("<{name}>{}</{name}>", xml(name, value)))
            .collect::<Vec<_>>()
            .concat(),
        Value::Array(items) => {
            // `Timestamps` are moments as `Timestamp` is.
            let name = name.strip_suffix('s').filter(|name| is_time(name)).unwrap_or_default();
            items.iter().map(|item| format!("<member>{}</member>", xml(name, item))).collect::<Vec<_>>().concat()
        }
        Value::Number(number) if is_time(name) => number
            .as_f64()
            .and_then(|seconds| Timestamp::from_duration(jiff::SignedDuration::try_from_secs_f64(seconds).ok()?).ok())
            .map(|time| format!("{time:.3}"))
            .unwrap_or_default(),
        Value::String(text) => escaped(text),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Whether the member of this name is a moment.
pub(crate) fn is_time(name: &str) -> bool {
    name.ends_with("Timestamp") || name.ends_with("Date") || name == "Expiration"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_form_is_read_as_the_structure_that_it_stands_for() {
        let form = "Action=PutMetricAlarm&Version=2010-08-01&AlarmName=a%20b&Period=60&Threshold=0.5&ActionsEnabled=true\
                    &Dimensions.member.2.Name=two&Dimensions.member.1.Name=one&Dimensions.member.1.Value=1";
        let expected = json!({
            "AlarmName": "a b", "Period": 60, "Threshold": 0.5, "ActionsEnabled": true,
            "Dimensions": [{ "Name": "one", "Value": "1" }, { "Name": "two" }],
        });
        assert_eq!(read(form.as_bytes()), expected);
        assert_eq!(read(b""), json!({}));
        assert_eq!(read(b"A=1&A.B=2"), json!({ "A": "1" }), "what contradicts itself keeps what came first");
    }

    #[test]
    fn an_answer_is_xml_with_lists_of_members_and_times_in_words() {
        let answer = Ok(json!({ "Names": ["a", "<b>"], "StateUpdatedTimestamp": 1.5, "Count": 2 }));
        let body = response("Describe", "urn:x", &answer, "id").into_body();
        let expected = "<DescribeResponse xmlns=\"urn:x\"><DescribeResult><Count>2</Count>\
             <Names><member>a</member><member>&lt;b&gt;</member></Names>\
             <StateUpdatedTimestamp>1970-01-01T00:00:01.500Z</StateUpdatedTimestamp></DescribeResult>\
             <ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></DescribeResponse>";
        assert_eq!(body, expected);
    }
}
