//! The small services: bad calls get AWS's codes, in the protocol that they came in.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Incoming, answer, asked, cbor, json as protocol, query, refuse};
use crate::clock::Scale;
use crate::model::{Identity, State};

const ALARMS: &str = "/service/GraniteServiceVersion20100801/operation";

fn cloud() -> State {
    let identity = Identity {
        region: "ap-northeast-1".to_owned(),
        account: "123456789012".to_owned(),
        registry_host: "127.0.0.1:5000".to_owned(),
    };
    State::new(identity, Scale::REAL, 1)
}

fn send(state: &mut State, path: &str, target: Option<&str>, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut request = Request::post(path).header("authorization", "AWS4-HMAC-SHA256 Credential=rehearsal/x");
    if let Some(target) = target {
        request = request.header("x-amz-target", target);
    }
    let request = request.body(body.into()).expect("a request");
    let request_id = "id".to_owned();
    match asked(&request) {
        Ok(asked) => answer(state, &asked, &Incoming { request, now: Timestamp::UNIX_EPOCH, request_id }).0,
        Err(error) => refuse(&request, error, &request_id),
    }
}

fn code(response: &Response<Bytes>) -> String {
    let body: Value = serde_json::from_slice(response.body()).expect("JSON");
    body["__type"].as_str().unwrap_or("ok").to_owned()
}

#[test]
fn bad_calls_of_the_json_protocol_get_the_codes_of_the_documents() {
    let mut state = cloud();
    let good = [
        ("AmazonSSM.PutParameter", json!({ "Name": "/a", "Value": "x", "Type": "String" })),
        ("secretsmanager.CreateSecret", json!({ "Name": "s", "SecretString": "x" })),
        ("Logs_20140328.CreateLogGroup", json!({ "logGroupName": "g" })),
        ("Logs_20140328.CreateLogStream", json!({ "logGroupName": "g", "logStreamName": "s" })),
    ];
    for (target, input) in good {
        assert_eq!(code(&send(&mut state, "/", Some(target), input.to_string())), "ok", "{target}");
    }
    let cases = [
        ("AmazonSSM.PutParameter", "{", "SerializationException"),
        ("AmazonSSM.PutParameter", r#"{"Name":1}"#, "SerializationException"),
        ("AmazonSSM.PutParameter", r#"{"Value":"x"}"#, "ValidationException"),
        ("AmazonSSM.PutParameter", r#"{"Name":"a/b","Value":"x","Type":"String"}"#, "ValidationException"),
        ("AmazonSSM.PutParameter", r#"{"Name":"/b","Value":"x"}"#, "ValidationException"),
        ("AmazonSSM.PutParameter", r#"{"Name":"/b","Value":"x","Type":"Text"}"#, "ValidationException"),
        ("AmazonSSM.PutParameter", r#"{"Name":"/a","Value":"y"}"#, "ParameterAlreadyExists"),
        ("AmazonSSM.GetParameter", r#"{"Name":"/b"}"#, "ParameterNotFound"),
        ("AmazonSSM.GetParameter", r#"{"Name":"/a:2"}"#, "ParameterVersionNotFound"),
        ("AmazonSSM.GetParameters", r#"{"Names":[]}"#, "ValidationException"),
        ("AmazonSSM.DescribeParameters", r#"{"MaxResults":0}"#, "ValidationException"),
        ("AmazonSSM.DescribeParameters", r#"{"NextToken":"x"}"#, "InvalidNextToken"),
        ("AmazonSSM.DescribeParameters", r#"{"ParameterFilters":[{"Key":"Tier"}]}"#, "InvalidFilterKey"),
        ("AmazonSSM.DeleteParameter", r#"{"Name":"/b"}"#, "ParameterNotFound"),
        ("AmazonSSM.StartSession", "{}", "NotImplementedException"),
        ("secretsmanager.CreateSecret", r#"{"Name":["s"]}"#, "SerializationException"),
        ("secretsmanager.CreateSecret", r#"{"Name":"a b"}"#, "ValidationException"),
        ("secretsmanager.CreateSecret", r#"{"Name":"s"}"#, "ResourceExistsException"),
        ("secretsmanager.DescribeSecret", "{}", "ValidationException"),
        ("secretsmanager.DescribeSecret", r#"{"SecretId":"t"}"#, "ResourceNotFoundException"),
        ("secretsmanager.GetSecretValue", r#"{"SecretId":"s","VersionStage":"X"}"#, "ResourceNotFoundException"),
        ("secretsmanager.PutSecretValue", r#"{"SecretId":"s"}"#, "InvalidParameterException"),
        ("secretsmanager.DeleteSecret", r#"{"SecretId":"s","RecoveryWindowInDays":1}"#, "InvalidParameterException"),
        ("secretsmanager.RotateSecret", "{}", "NotImplementedException"),
        ("Logs_20140328.CreateLogGroup", r#"{"logGroupName":7}"#, "SerializationException"),
        ("Logs_20140328.CreateLogGroup", r#"{"logGroupName":"a b"}"#, "InvalidParameterException"),
        ("Logs_20140328.CreateLogGroup", r#"{"logGroupName":"g"}"#, "ResourceAlreadyExistsException"),
        ("Logs_20140328.GetLogEvents", r#"{"logGroupName":"h","logStreamName":"s"}"#, "ResourceNotFoundException"),
        ("Logs_20140328.GetLogEvents", r#"{"logGroupName":"g","logStreamName":"t"}"#, "ResourceNotFoundException"),
        ("Logs_20140328.GetLogEvents", r#"{"logGroupName":"g"}"#, "InvalidParameterException"),
        (
            "Logs_20140328.GetLogEvents",
            r#"{"logGroupName":"g","logStreamName":"s","nextToken":"f"}"#,
            "InvalidParameterException",
        ),
        ("Logs_20140328.DescribeLogStreams", r#"{"logGroupName":"h"}"#, "ResourceNotFoundException"),
        ("Logs_20140328.FilterLogEvents", r#"{"logGroupName":"g","limit":0}"#, "InvalidParameterException"),
        ("Logs_20140328.StartQuery", "{}", "NotImplementedException"),
        ("GraniteServiceVersion20100801.PutMetricAlarm", r#"{"AlarmName":"a"}"#, "MissingParameter"),
        ("GraniteServiceVersion20100801.SetAlarmState", r#"{"AlarmName":1}"#, "SerializationException"),
        ("GraniteServiceVersion20100801.DescribeAlarms", r#"{"StateValue":"BAD"}"#, "InvalidParameterValue"),
        ("GraniteServiceVersion20100801.DescribeAlarms", r#"{"NextToken":"x"}"#, "InvalidNextToken"),
        ("GraniteServiceVersion20100801.PutDashboard", "{}", "NotImplementedException"),
    ];
    for (target, body, expected) in cases {
        assert_eq!(code(&send(&mut state, "/", Some(target), body)), expected, "{target} {body}");
    }
}

#[test]
fn bad_calls_of_the_query_protocol_get_the_codes_of_the_documents() {
    let mut state = cloud();
    let cases = [
        ("Action=GetCallerIdentity&Version=2011-06-15", 200, "<Account>123456789012</Account>"),
        ("Action=AssumeRole&Version=2011-06-15", 400, "<Code>ValidationError</Code>"),
        (
            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn:aws:iam::123456789012:role/r&RoleSessionName=ci",
            403,
            "<Code>AccessDenied</Code>",
        ),
        (
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&WebIdentityToken=x",
            400,
            "<Code>InvalidIdentityToken</Code>",
        ),
        ("Action=GetRole&Version=2010-05-08&RoleName=r", 404, "<Code>NoSuchEntity</Code>"),
        ("Action=GetRole&Version=2010-05-08", 400, "<Code>ValidationError</Code>"),
        (
            "Action=CreateRole&Version=2010-05-08&RoleName=r&AssumeRolePolicyDocument=x",
            400,
            "<Code>MalformedPolicyDocument</Code>",
        ),
        ("Action=ListUsers&Version=2010-05-08", 501, "iam:ListUsers"),
        ("Action=DescribeAlarms&Version=2010-08-01", 200, "<MetricAlarms></MetricAlarms>"),
        ("Action=DescribeAlarms&Version=2010-08-01&MaxRecords=x", 400, "<Code>SerializationException</Code>"),
    ];
    for (form, status, expected) in cases {
        let response = send(&mut state, "/", None, form);
        assert_eq!(response.status(), status, "{form}");
        let body = String::from_utf8_lossy(response.body()).into_owned();
        assert!(body.contains(expected), "{form}: {body}");
    }
}

#[test]
fn an_alarm_is_put_set_and_described_in_cbor() {
    let mut state = cloud();
    let mut call = |operation: &str, input: &Value| {
        let body = cbor::write(input, query::is_time);
        let response = send(&mut state, &format!("{ALARMS}/{operation}"), None, body);
        (response.status().as_u16(), cbor::read(response.body()).expect("CBOR"))
    };
    let alarm = json!({
        "AlarmName": "errors", "MetricName": "5xx", "Namespace": "app", "Period": 60, "Threshold": 1.5,
        "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold",
    });
    assert_eq!(call("PutMetricAlarm", &alarm), (200, json!({})));
    let set = json!({ "AlarmName": "errors", "StateValue": "ALARM", "StateReason": "a rehearsal" });
    assert_eq!(call("SetAlarmState", &set), (200, json!({})));
    let (status, found) = call("DescribeAlarms", &json!({ "StateValue": "ALARM" }));
    let first = &found["MetricAlarms"][0];
    assert_eq!((status, &first["AlarmName"], &first["Threshold"]), (200, &json!("errors"), &json!(1.5)));
    let unknown = json!({ "AlarmName": "other", "StateValue": "OK", "StateReason": "x" });
    let (status, error) = call("SetAlarmState", &unknown);
    assert_eq!((status, &error["__type"]), (404, &json!("ResourceNotFound")));
    assert!(state.account.in_alarm("errors") && !state.account.in_alarm("other"));
    let garbage = send(&mut state, &format!("{ALARMS}/DescribeAlarms"), None, Bytes::from_static(&[0x61]));
    assert_eq!(garbage.status(), 400);
}

#[test]
fn a_stream_is_read_forwards_and_backwards_by_its_tokens() {
    let mut state = cloud();
    for line in ["a", "b", "c", "d", "e"] {
        state.account.logs.write("g", "s", Timestamp::UNIX_EPOCH, line);
    }
    let mut read = |token: Option<&Value>, from_head: bool| {
        let mut input = json!({ "logGroupName": "g", "logStreamName": "s", "limit": 2, "startFromHead": from_head });
        if let Some(token) = token {
            input["nextToken"] = token.clone();
        }
        let response = send(&mut state, "/", Some("Logs_20140328.GetLogEvents"), input.to_string());
        let body: Value = serde_json::from_slice(response.body()).expect("JSON");
        let lines = body["events"].as_array().expect("events").iter();
        let lines: String = lines.map(|event| event["message"].as_str().expect("text").to_owned()).collect();
        (lines, body["nextForwardToken"].clone(), body["nextBackwardToken"].clone())
    };
    let (lines, forward, _) = read(None, true);
    assert_eq!(lines, "ab");
    let (lines, forward, _) = read(Some(&forward), true);
    assert_eq!(lines, "cd");
    let (lines, forward, _) = read(Some(&forward), true);
    assert_eq!(lines, "e");
    let (lines, again, _) = read(Some(&forward), true);
    assert_eq!((lines.as_str(), again), ("", forward), "at the end the token stays");
    let (lines, _, backward) = read(None, false);
    assert_eq!(lines, "de");
    assert_eq!(read(Some(&backward), false).0, "bc");
}

#[test]
fn what_is_refused_from_outside_is_said_in_the_protocol_that_was_spoken() {
    let throttled = protocol::Error::client("ThrottlingException", "Rate exceeded");
    let expired = protocol::Error::client("ExpiredTokenException", "expired");
    let broken = protocol::Error { status: StatusCode::INTERNAL_SERVER_ERROR, ..throttled.clone() };
    let broken = protocol::Error { code: "InternalServerError", ..broken };
    let cases = [
        ("/v2/myapp/manifests/a", &throttled, 429, "TOOMANYREQUESTS"),
        ("/v2/myapp/manifests/a", &expired, 403, "token has expired"),
        ("/v2/", &broken, 500, "UNKNOWN"),
        ("/", &throttled, 400, "ThrottlingException"),
    ];
    let request = Request::post(format!("{ALARMS}/DescribeAlarms")).body(Bytes::new()).expect("a request");
    let body = cbor::read(refuse(&request, throttled.clone(), "id").body()).expect("CBOR");
    assert_eq!(body, json!({ "__type": "ThrottlingException", "message": "Rate exceeded" }));
    for (path, error, status, words) in cases {
        let request = Request::post(path).header("x-amz-target", "x.y").body(Bytes::new()).expect("a request");
        let response = refuse(&request, error.clone(), "id");
        let body = String::from_utf8_lossy(response.body()).into_owned();
        assert_eq!(response.status().as_u16(), status, "{path} {body}");
        assert!(body.contains(words), "{path} {body}");
    }
}
