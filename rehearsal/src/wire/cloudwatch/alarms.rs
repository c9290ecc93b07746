//! Alarms: put, described, set to a state, deleted.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{required, value_error};
use crate::alarms::Alarm;
use crate::model::{Identity, State};
use crate::wire::json::{Answer, Call, Error, epoch};
use crate::wire::page::page;

/// What an alarm is made of and is told again.
const SETTINGS: &[&str] = &[
    "ActionsEnabled",
    "AlarmActions",
    "AlarmDescription",
    "ComparisonOperator",
    "DatapointsToAlarm",
    "Dimensions",
    "EvaluateLowSampleCountPercentile",
    "EvaluationPeriods",
    "ExtendedStatistic",
    "InsufficientDataActions",
    "MetricName",
    "Metrics",
    "Namespace",
    "OKActions",
    "Period",
    "Statistic",
    "Threshold",
    "ThresholdMetricId",
    "TreatMissingData",
    "Unit",
];
const COMPARISONS: &[&str] = &[
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "GreaterThanUpperThreshold",
    "LessThanLowerOrGreaterThanUpperThreshold",
    "LessThanLowerThreshold",
    "LessThanOrEqualToThreshold",
    "LessThanThreshold",
];
const STATES: &[&str] = &["OK", "ALARM", "INSUFFICIENT_DATA"];

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Input {
    alarm_name: Option<String>,
    alarm_names: Option<Vec<String>>,
    alarm_name_prefix: Option<String>,
    alarm_types: Option<Vec<String>>,
    comparison_operator: Option<String>,
    evaluation_periods: Option<i64>,
    period: Option<i64>,
    threshold: Option<f64>,
    metric_name: Option<String>,
    namespace: Option<String>,
    metrics: Option<Vec<Value>>,
    action_prefix: Option<String>,
    state_value: Option<String>,
    state_reason: Option<String>,
    state_reason_data: Option<String>,
    max_records: Option<i64>,
    next_token: Option<String>,
}

pub(super) fn put(state: &mut State, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    let name = required(input.alarm_name.as_deref(), "AlarmName")?;
    let comparison = required(input.comparison_operator.as_deref(), "ComparisonOperator")?;
    if !COMPARISONS.contains(&comparison) {
        return Err(value_error("ComparisonOperator", &COMPARISONS.join(", ")));
    }
    if required(input.evaluation_periods, "EvaluationPeriods")? < 1 {
        return Err(value_error("EvaluationPeriods", "a number from 1"));
    }
    if let Some(period) =
        input.period.filter(|period| ![10, 20, 30].contains(period) && (*period < 60 || period % 60 != 0))
    {
        return Err(value_error("Period", &format!("10, 20, 30 or a multiple of 60, not {period}")));
    }
    match (&input.metrics, &input.metric_name) {
        (Some(_), Some(_)) => {
            let message = "MetricName must not be specified if Metrics is specified";
            return Err(Error::client("InvalidParameterCombination", message));
        }
        (None, _) => {
            required(input.metric_name.as_ref(), "MetricName")?;
            required(input.namespace.as_ref(), "Namespace")?;
            required(input.period, "Period")?;
            required(input.threshold, "Threshold")?;
        }
        (Some(_), None) => {}
    }
    let known = |name: &&str| Some(((*name).to_owned(), call.input.get(*name)?.clone()));
    let mut settings: Map<String, Value> = SETTINGS.iter().filter_map(known).collect();
    settings.entry("ActionsEnabled").or_insert(Value::Bool(true));
    state.account.alarms.put(name, settings, call.now);
    Ok(json!({}))
}

pub(super) fn describe(state: &State, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    if let Some(wanted) = input.state_value.as_deref().filter(|wanted| !STATES.contains(wanted)) {
        return Err(value_error("StateValue", &format!("{}, not {wanted}", STATES.join(", "))));
    }
    if input.alarm_names.is_some() && input.alarm_name_prefix.is_some() {
        let message = "AlarmNamePrefix and AlarmNames are mutually exclusive";
        return Err(Error::client("InvalidParameterCombination", message));
    }
    let most = match input.max_records {
        None => 50,
        Some(most) => usize::try_from(most)
            .ok()
            .filter(|most| (1..=100).contains(most))
            .ok_or_else(|| value_error("MaxRecords", "a number between 1 and 100"))?,
    };
    let metric_alarms = input.alarm_types.as_ref().is_none_or(|types| types.iter().any(|kind| kind == "MetricAlarm"));
    let acts = |alarm: &Alarm, prefix: &str| {
        let lists = ["AlarmActions", "OKActions", "InsufficientDataActions"].map(|list| alarm.settings.get(list));
        let mut actions = lists.into_iter().flatten().filter_map(Value::as_array).flatten().filter_map(Value::as_str);
        actions.any(|action| action.starts_with(prefix))
    };
    let fits = |name: &str, alarm: &Alarm| {
        metric_alarms
            && input.alarm_names.as_ref().is_none_or(|names| names.iter().any(|wanted| wanted == name))
            && input.alarm_name_prefix.as_ref().is_none_or(|prefix| name.starts_with(prefix))
            && input.state_value.as_ref().is_none_or(|wanted| *wanted == alarm.state)
            && input.action_prefix.as_ref().is_none_or(|prefix| acts(alarm, prefix))
    };
    let found = state.account.alarms.all().filter(|(name, alarm)| fits(name, alarm));
    let views = found.map(|(name, alarm)| view(&state.identity, name, alarm)).collect();
    let (alarms, next) = page(views, input.next_token.as_deref(), most)
        .map_err(|_| Error::client("InvalidNextToken", "The next token specified is invalid."))?;
    let mut answer = json!({ "MetricAlarms": alarms, "CompositeAlarms": [] });
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    Ok(answer)
}

pub(super) fn set_state(state: &mut State, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    let name = required(input.alarm_name.as_deref(), "AlarmName")?;
    let value = required(input.state_value.as_deref(), "StateValue")?;
    let reason = required(input.state_reason.as_deref(), "StateReason")?;
    if !STATES.contains(&value) {
        return Err(value_error("StateValue", &STATES.join(", ")));
    }
    if input.state_reason_data.as_deref().is_some_and(|data| serde_json::from_str::<Value>(data).is_err()) {
        return Err(Error::client("InvalidFormat", "StateReasonData is not JSON"));
    }
    if state.account.alarms.set_state(name, value, reason, input.state_reason_data, call.now) {
        Ok(json!({}))
    } else {
        Err(not_found(name))
    }
}

pub(super) fn delete(state: &mut State, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    let names = required(input.alarm_names, "AlarmNames")?;
    if let Some(unknown) = names.iter().find(|name| state.account.alarms.get(name).is_none()) {
        return Err(not_found(unknown));
    }
    for name in names {
        state.account.alarms.remove(&name);
    }
    Ok(json!({}))
}

fn view(identity: &Identity, name: &str, alarm: &Alarm) -> Value {
    let mut view = alarm.settings.clone();
    let arn = format!("arn:aws:cloudwatch:{}:{}:alarm:{name}", identity.region, identity.account);
    let mut add = |key: &str, value: Value| view.insert(key.to_owned(), value);
    add("AlarmName", json!(name));
    add("AlarmArn", json!(arn));
    add("AlarmConfigurationUpdatedTimestamp", epoch(alarm.configured_at));
    add("StateValue", json!(alarm.state));
    add("StateReason", json!(alarm.reason));
    add("StateUpdatedTimestamp", epoch(alarm.updated_at));
    add("StateTransitionedTimestamp", epoch(alarm.changed_at));
    if let Some(data) = &alarm.reason_data {
        add("StateReasonData", json!(data));
    }
    Value::Object(view)
}

fn not_found(name: &str) -> Error {
    Error { status: StatusCode::NOT_FOUND, code: "ResourceNotFound", message: format!("Unknown alarm: {name}") }
}
