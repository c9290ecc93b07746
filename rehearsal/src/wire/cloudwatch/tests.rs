//! Metrics, in each of the protocols that clients speak.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::clock::Scale;
use crate::metrics::{MetricsFault, Outcome, Sample};
use crate::model::targets::TargetGroupOptions;
use crate::model::{Identity, State};
use crate::wire::{Incoming, answer, asked, cbor, query};

const BALANCER: &str = "app/web/1";
const GROUP: &str = "targetgroup/web/1";
const BEGIN: i64 = 1_795_000_020;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(BEGIN + seconds).expect("a time")
}

/// A cloud with ten requests in each of five minutes, one of which failed in the last two.
fn cloud() -> State {
    let identity = Identity {
        region: "ap-northeast-1".to_owned(),
        account: "123456789012".to_owned(),
        registry_host: "127.0.0.1:5000".to_owned(),
    };
    let state = State::new(identity, Scale::REAL, 1);
    for minute in 0..5 {
        for number in 0..10 {
            let status = if minute > 2 && number == 0 { StatusCode::BAD_GATEWAY } else { StatusCode::OK };
            let outcome = Outcome::Answered(status, Duration::from_millis(10 + number));
            let sample = Sample { load_balancer: BALANCER.to_owned(), target_group: GROUP.to_owned(), outcome };
            state.account.metrics.record(&sample, at(minute * 60 + 5));
        }
    }
    state
}

#[derive(Clone, Copy, Debug)]
enum Protocol {
    Json,
    Cbor,
}

fn call(state: &mut State, protocol: Protocol, operation: &str, input: &Value, now: Timestamp) -> (u16, Value) {
    let request = Request::builder().method("POST").header("authorization", "AWS4-HMAC-SHA256 Credential=rehearsal/x");
    let request = match protocol {
        Protocol::Json => request
            .uri("/")
            .header("x-amz-target", format!("GraniteServiceVersion20100801.{operation}"))
            .body(Bytes::from(input.to_string())),
        Protocol::Cbor => request
            .uri(format!("/service/GraniteServiceVersion20100801/operation/{operation}"))
            .body(cbor::write(input, query::is_time).into()),
    };
    let (status, body) = send(state, request.expect("a request"), now);
    let body = match protocol {
        Protocol::Json => serde_json::from_slice(&body).expect("JSON"),
        Protocol::Cbor => cbor::read(&body).expect("CBOR"),
    };
    (status, body)
}

fn send(state: &mut State, request: Request<Bytes>, now: Timestamp) -> (u16, Bytes) {
    let asked = asked(&request).expect("an operation");
    let response = answer(state, &asked, &Incoming { request, now, request_id: "id".to_owned() }).0;
    (response.status().as_u16(), response.into_body())
}

fn wanted(id: &str, name: &str, stat: &str) -> Value {
    json!({ "Id": id, "MetricStat": {
        "Metric": { "Namespace": "AWS/ApplicationELB", "MetricName": name, "Dimensions": [
            { "Name": "TargetGroup", "Value": GROUP }, { "Name": "LoadBalancer", "Value": BALANCER },
        ] },
        "Period": 60, "Stat": stat,
    } })
}

fn data(queries: &[Value]) -> Value {
    json!({ "MetricDataQueries": queries, "StartTime": BEGIN, "EndTime": BEGIN + 3600 })
}

#[test]
fn several_queries_are_answered_at_once_the_newest_first() {
    let mut state = cloud();
    let input = data(&[
        wanted("all", "RequestCount", "Sum"),
        wanted("bad", "HTTPCode_Target_5XX_Count", "Sum"),
        wanted("p95", "TargetResponseTime", "p95"),
        wanted("unknown", "ConsumedLCUs", "Sum"),
    ]);
    for protocol in [Protocol::Json, Protocol::Cbor] {
        let (status, body) = call(&mut state, protocol, "GetMetricData", &input, at(3600));
        assert_eq!(status, 200, "{body}");
        let results = body["MetricDataResults"].as_array().expect("results");
        let ids: Vec<_> = results.iter().map(|result| result["Id"].as_str().expect("an id")).collect();
        assert_eq!(ids, ["all", "bad", "p95", "unknown"]);
        assert_eq!(results[0]["Values"], json!([10.0, 10.0, 10.0, 10.0, 10.0]));
        assert_eq!(results[1]["Values"], json!([1.0, 1.0]));
        let seconds = |result: &Value| -> Vec<f64> {
            let times = result["Timestamps"].as_array().expect("times").iter();
            times.map(|time| time.as_f64().expect("a number") - BEGIN as f64).collect()
        };
        assert_eq!(seconds(&results[1]), [240.0, 180.0]);
        let p95 = results[2]["Values"][0].as_f64().expect("a number");
        assert!((0.019..0.0194).contains(&p95), "{p95}");
        assert_eq!((&results[3]["Values"], &results[3]["Label"]), (&json!([]), &json!("ConsumedLCUs")));
        assert!(results.iter().all(|result| result["StatusCode"] == "Complete"), "{body}");
    }
}

#[test]
fn a_long_answer_comes_in_pages_that_say_what_they_cut() {
    let mut state = cloud();
    let mut input = data(&[wanted("a", "RequestCount", "Sum"), wanted("b", "RequestCount", "Average")]);
    input["MaxDatapoints"] = json!(3);
    input["ScanBy"] = json!("TimestampAscending");
    let mut pages = Vec::new();
    loop {
        let (status, body) = call(&mut state, Protocol::Json, "GetMetricData", &input, at(3600));
        assert_eq!(status, 200, "{body}");
        let results = body["MetricDataResults"].as_array().expect("results");
        let part = |result: &Value| {
            let count = result["Values"].as_array().map_or(0, Vec::len);
            format!("{count} {}", result["StatusCode"].as_str().expect("a status"))
        };
        pages.push(results.iter().map(part).collect::<Vec<_>>().join(", "));
        if body["NextToken"].is_null() {
            break;
        }
        input["NextToken"] = body["NextToken"].clone();
    }
    let expected = [
        "3 PartialData, 0 PartialData",
        "2 Complete, 1 PartialData",
        "0 Complete, 3 PartialData",
        "0 Complete, 1 Complete",
    ];
    assert_eq!(pages, expected);
}

#[test]
fn points_that_are_late_or_missing_are_not_there() {
    let mut state = cloud();
    let input = data(&[wanted("all", "RequestCount", "Sum")]);
    let mut count = |now: i64, fault: Option<MetricsFault>| {
        state.faults.set_metrics(fault);
        let (_, body) = call(&mut state, Protocol::Cbor, "GetMetricData", &input, at(now));
        body["MetricDataResults"][0]["Values"].as_array().map(Vec::len)
    };
    assert_eq!(count(180, None), Some(2));
    assert_eq!(count(180, Some(MetricsFault::Late(Duration::from_mins(1)))), Some(1));
    assert_eq!(count(180, Some(MetricsFault::Missing)), Some(0));
}

#[test]
fn what_cannot_be_asked_is_refused_by_name() {
    let mut state = cloud();
    let query = || wanted("a", "RequestCount", "Sum");
    let with = |change: fn(&mut Value)| {
        let mut input = data(&[query()]);
        change(&mut input);
        input
    };
    let cases = [
        (json!({}), "MissingParameter"),
        (data(&[]), "InvalidParameterValue"),
        (with(|input| input["EndTime"] = json!(BEGIN)), "ValidationError"),
        (with(|input| input["StartTime"] = json!("yesterday")), "InvalidParameterValue"),
        (with(|input| input["ScanBy"] = json!("Value")), "InvalidParameterValue"),
        (with(|input| input["NextToken"] = json!("x")), "InvalidNextToken"),
        (with(|input| input["MetricDataQueries"][0]["Id"] = json!("A")), "InvalidParameterValue"),
        (with(|input| input["MetricDataQueries"][0]["ReturnData"] = json!(false)), "ValidationError"),
        (with(|input| input["MetricDataQueries"][0]["MetricStat"]["Period"] = json!(90)), "InvalidParameterValue"),
        (with(|input| input["MetricDataQueries"][0]["MetricStat"]["Stat"] = json!("tm90")), "NotImplementedException"),
        (with(|input| input["MetricDataQueries"][0]["Expression"] = json!("a/b")), "NotImplementedException"),
        (data(&[query(), query()]), "ValidationError"),
    ];
    for (input, code) in cases {
        let (_, body) = call(&mut state, Protocol::Json, "GetMetricData", &input, at(3600));
        assert_eq!(body["__type"], code, "{input}");
    }
    let expression = json!({ "Id": "a", "Expression": "SUM(METRICS())" });
    let (_, body) = call(&mut state, Protocol::Json, "GetMetricData", &data(&[expression]), at(3600));
    assert!(body["message"].as_str().is_some_and(|words| words.contains("SUM(METRICS())")), "{body}");
}

#[test]
fn statistics_of_one_metric_are_told_by_the_query_protocol_too() {
    let mut state = cloud();
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("Action", "GetMetricStatistics"),
            ("Version", "2010-08-01"),
            ("Namespace", "AWS/ApplicationELB"),
            ("MetricName", "TargetResponseTime"),
            ("Dimensions.member.1.Name", "LoadBalancer"),
            ("Dimensions.member.1.Value", BALANCER),
            ("StartTime", &at(0).to_string()),
            ("EndTime", &at(60).to_string()),
            ("Period", "60"),
            ("ExtendedStatistics.member.1", "p50"),
        ])
        .finish();
    let request = Request::post("/").header("authorization", "AWS4-HMAC-SHA256 Credential=rehearsal/x");
    let request = request.body(Bytes::from(form)).expect("a request");
    let (status, body) = send(&mut state, request, at(3600));
    let body = String::from_utf8_lossy(&body).into_owned();
    assert_eq!(status, 200, "{body}");
    let begin = format!("<Timestamp>{:.3}</Timestamp>", at(0));
    let parts = [
        "<Label>TargetResponseTime</Label>",
        "<ExtendedStatistics><entry><key>p50</key><value>0.014",
        "<Unit>Seconds</Unit>",
        begin.as_str(),
    ];
    for part in parts {
        assert!(body.contains(part), "{part} in {body}");
    }
    let input = json!({
        "Namespace": "AWS/ApplicationELB", "MetricName": "RequestCount", "Period": 60,
        "Dimensions": [{ "Name": "LoadBalancer", "Value": BALANCER }], "StartTime": BEGIN, "EndTime": BEGIN + 120,
        "Statistics": ["Sum", "Average"],
    });
    let (_, body) = call(&mut state, Protocol::Cbor, "GetMetricStatistics", &input, at(3600));
    let points = body["Datapoints"].as_array().expect("points");
    assert_eq!((points.len(), &points[0]["Sum"], &points[0]["Average"]), (2, &json!(10.0), &json!(1.0)));
    for (member, value) in [("Statistics", json!([])), ("EndTime", json!(BEGIN + 60 * 1441))] {
        let mut bad = input.clone();
        bad[member] = value;
        let (_, body) = call(&mut state, Protocol::Json, "GetMetricStatistics", &bad, at(3600));
        assert_eq!(body["__type"], "InvalidParameterCombination", "{member}");
    }
}

#[test]
fn metrics_that_have_points_are_listed() {
    let mut state = cloud();
    let mut names = |input: Value| -> Vec<String> {
        let (_, body) = call(&mut state, Protocol::Json, "ListMetrics", &input, at(3600));
        let metrics = body["Metrics"].as_array().expect("metrics").iter();
        metrics.map(|metric| metric["MetricName"].as_str().expect("a name").to_owned()).collect()
    };
    let of_group = json!({ "Dimensions": [{ "Name": "TargetGroup" }] });
    let expected = ["RequestCount", "HTTPCode_Target_2XX_Count", "HTTPCode_Target_5XX_Count", "TargetResponseTime"];
    assert_eq!(names(of_group), expected);
    assert_eq!(names(json!({ "MetricName": "RequestCount" })).len(), 2);
    assert!(names(json!({ "Namespace": "AWS/ECS" })).is_empty());
}

#[test]
fn an_alarm_on_a_metric_of_this_cloud_turns_by_itself_and_others_stay() {
    let mut state = cloud();
    let arn = state.put_target_group(&TargetGroupOptions { name: "web".to_owned(), ..TargetGroupOptions::default() });
    let group = crate::metrics::dimension(&arn).to_owned();
    let balancer = crate::metrics::balancer_of_group(&arn);
    let groups = state.targets.all().to_vec();
    state.account.metrics.record_hosts(&groups, |_| vec![balancer.clone()], at(0));
    let alarm = |name: &str, metric: &str| {
        json!({
            "AlarmName": name, "Namespace": "AWS/ApplicationELB", "MetricName": metric, "Statistic": "Sum",
            "Dimensions": [{ "Name": "TargetGroup", "Value": group }, { "Name": "LoadBalancer", "Value": balancer }],
            "Period": 60, "EvaluationPeriods": 1, "Threshold": 2.0, "TreatMissingData": "notBreaching",
            "ComparisonOperator": "GreaterThanThreshold",
        })
    };
    for (name, metric) in [("errors", "HTTPCode_Target_5XX_Count"), ("other", "ConsumedLCUs")] {
        call(&mut state, Protocol::Json, "PutMetricAlarm", &alarm(name, metric), at(0));
    }
    let set = json!({ "AlarmName": "other", "StateValue": "OK", "StateReason": "a rehearsal" });
    call(&mut state, Protocol::Json, "SetAlarmState", &set, at(0));
    let mut seen = Vec::new();
    for minute in 0..10 {
        if minute == 2 {
            for _ in 0..3 {
                let outcome = Outcome::Answered(StatusCode::INTERNAL_SERVER_ERROR, Duration::from_millis(1));
                let sample = Sample { load_balancer: balancer.clone(), target_group: group.clone(), outcome };
                state.account.metrics.record(&sample, at(minute * 60 + 5));
            }
        }
        state.advance(at(minute * 60 + 30));
        let (_, body) = call(&mut state, Protocol::Json, "DescribeAlarms", &json!({}), at(minute * 60 + 30));
        let states: Vec<_> = body["MetricAlarms"].as_array().expect("alarms").iter().collect();
        let word = |alarm: &Value| alarm["StateValue"].as_str().expect("a state").to_owned();
        assert_eq!(word(states[1]), "OK");
        seen.push(word(states[0]));
        if minute == 4 {
            let reason = states[0]["StateReason"].as_str().expect("a reason");
            assert!(reason.contains("1 out of the last 1 datapoints [3.0] were greater than the threshold (2.0)"));
        }
        if minute == 8 {
            let set = json!({ "AlarmName": "errors", "StateValue": "ALARM", "StateReason": "by hand" });
            call(&mut state, Protocol::Json, "SetAlarmState", &set, at(minute * 60 + 30));
            assert!(state.account.in_alarm("errors"), "what somebody set lasts until it is judged again");
        }
    }
    // The third minute can be read when the fourth is over, and is looked back at for two more.
    let expected = ["OK", "OK", "OK", "OK", "ALARM", "ALARM", "OK", "OK", "OK", "OK"];
    assert_eq!(seen, expected);
}
