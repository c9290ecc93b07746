//! Metrics: data points by several queries at once, by one metric, and what metrics there are.
//!
//! Periods are the cloud's: at a scale of 60, `Period` 60 is a second here, and timestamps lie a second
//! apart. Math expressions, Metrics Insights and trimmed statistics are refused by name.

mod list;
mod statistics;

use std::collections::BTreeSet;
use std::ops::Range;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) use self::list::list;
pub(super) use self::statistics::statistics;
use super::{required, value_error};
use crate::metrics::metric::{Dimension, Metric, Statistic};
use crate::metrics::read::{Question, Samples};
use crate::model::State;
use crate::wire::json::{Answer, Call, Error, epoch};
use crate::wire::page::page;

/// How many queries a call may have.
const QUERIES: usize = 500;
/// How many data points an answer has at most, when nothing else is asked for.
const POINTS: usize = 100_800;
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Data {
    metric_data_queries: Option<Vec<Query>>,
    start_time: Option<Value>,
    end_time: Option<Value>,
    next_token: Option<String>,
    scan_by: Option<String>,
    max_datapoints: Option<usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Query {
    id: Option<String>,
    metric_stat: Option<MetricStat>,
    expression: Option<String>,
    label: Option<String>,
    return_data: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct MetricStat {
    metric: Option<Named>,
    period: Option<i64>,
    stat: Option<String>,
    unit: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Named {
    namespace: Option<String>,
    metric_name: Option<String>,
    dimensions: Vec<Dimension>,
}

/// What one query asks for.
struct Asked {
    id: String,
    label: String,
    points: Vec<(Timestamp, f64)>,
}

pub(super) fn data(state: &State, call: &Call<'_>) -> Answer {
    let input: Data = call.parse()?;
    let queries = required(input.metric_data_queries, "MetricDataQueries")?;
    if queries.is_empty() || queries.len() > QUERIES {
        return Err(value_error("MetricDataQueries", &format!("1 to {QUERIES} queries")));
    }
    let times = times(input.start_time.as_ref(), input.end_time.as_ref())?;
    let oldest_first = match input.scan_by.as_deref() {
        None | Some("TimestampDescending") => false,
        Some("TimestampAscending") => true,
        Some(_) => return Err(value_error("ScanBy", "TimestampDescending or TimestampAscending")),
    };
    let mut ids = BTreeSet::new();
    let mut all = Vec::new();
    for query in queries {
        let shown = query.return_data != Some(false);
        let mut asked = ask(state, call.now, query, &times)?;
        if !ids.insert(asked.id.clone()) {
            return Err(Error::client("ValidationError", format!("The id {} is used more than once", asked.id)));
        }
        if !oldest_first {
            asked.points.reverse();
        }
        if shown {
            all.push(asked);
        }
    }
    if all.is_empty() {
        return Err(Error::client("ValidationError", "At least one query must return data"));
    }
    let flat: Vec<_> = all
        .iter()
        .enumerate()
        .flat_map(|(number, asked)| asked.points.iter().map(move |(time, value)| (number, *time, *value)))
        .collect();
    let most = input.max_datapoints.unwrap_or(POINTS).clamp(1, POINTS);
    let (points, next) = page(flat, input.next_token.as_deref(), most).map_err(|_| bad_token())?;
    let read_to = points.last().map_or(0, |(number, _, _)| *number);
    let result = |(number, asked): (usize, &Asked)| {
        let mine = || points.iter().filter(|(of, _, _)| *of == number);
        let ends = mine().next_back().map(|(_, time, _)| time) == asked.points.last().map(|(time, _)| time);
        // Whether something of it comes on a later page.
        let cut = next.is_some() && number >= read_to && !ends;
        json!({
            "Id": asked.id,
            "Label": asked.label,
            "Timestamps": mine().map(|(_, time, _)| epoch(*time)).collect::<Vec<_>>(),
            "Values": mine().map(|(_, _, value)| *value).collect::<Vec<_>>(),
            "StatusCode": if cut { "PartialData" } else { "Complete" },
        })
    };
    let results: Vec<_> = all.iter().enumerate().map(result).collect();
    let mut answer = json!({ "MetricDataResults": results, "Messages": [] });
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    Ok(answer)
}

fn ask(state: &State, now: Timestamp, query: Query, times: &Range<Timestamp>) -> Result<Asked, Error> {
    let id = required(query.id, "MetricDataQueries.member.Id")?;
    if !id.starts_with(|first: char| first.is_ascii_lowercase()) {
        return Err(value_error("Id", "a name that begins with a small letter"));
    }
    if let Some(expression) = query.expression {
        return Err(Error::not_implemented("monitoring", &format!("GetMetricData of the expression {expression:?}")));
    }
    let MetricStat { metric, period, stat, unit } = required(query.metric_stat, "MetricDataQueries.member.MetricStat")?;
    let Named { namespace, metric_name, dimensions } = required(metric, "MetricStat.Metric")?;
    let name = required(metric_name, "MetricStat.Metric.MetricName")?;
    let minutes = minutes(required(period, "MetricStat.Period")?)?;
    let stat = required(stat, "MetricStat.Stat")?;
    let statistic = statistic(&stat)?;
    let metric = Metric::find(namespace.as_deref().unwrap_or_default(), &name, &dimensions);
    let found = read(state, now, metric.as_ref(), minutes, times, unit.as_deref());
    let points = found.into_iter().map(|(time, samples)| (time, samples.statistic(statistic))).collect();
    Ok(Asked { id, label: query.label.unwrap_or(name), points })
}

/// The data points; none of a metric that this cloud does not measure, in another unit, or in
/// periods shorter than the minute that load balancers measure by.
fn read(
    state: &State,
    now: Timestamp,
    metric: Option<&Metric>,
    minutes: Option<u32>,
    times: &Range<Timestamp>,
    unit: Option<&str>,
) -> Vec<(Timestamp, Samples)> {
    let Some((metric, minutes)) = metric.zip(minutes) else { return Vec::new() };
    if unit.is_some_and(|unit| unit != metric.measure.unit()) {
        return Vec::new();
    }
    let fault = state.faults.metrics();
    state.account.metrics.read(&Question { metric, minutes, times: times.clone(), now, fault })
}

/// The minutes of a period; none when it is shorter than one.
fn minutes(period: i64) -> Result<Option<u32>, Error> {
    match period {
        1 | 5 | 10 | 20 | 30 => Ok(None),
        60.. if period % 60 == 0 => Ok(Some(u32::try_from(period / 60).unwrap_or(u32::MAX))),
        _ => Err(value_error("Period", &format!("1, 5, 10, 20, 30 or a multiple of 60, not {period}"))),
    }
}

fn statistic(name: &str) -> Result<Statistic, Error> {
    let all = "Sum, Average, SampleCount, Minimum, Maximum or a percentile";
    Statistic::parse(name)
        .ok_or_else(|| Error::not_implemented("monitoring", &format!("the statistic {name:?}, which is none of {all}")))
}

fn times(start: Option<&Value>, end: Option<&Value>) -> Result<Range<Timestamp>, Error> {
    let start = time(required(start, "StartTime")?, "StartTime")?;
    let end = time(required(end, "EndTime")?, "EndTime")?;
    if start >= end {
        let message = "The parameter StartTime must be less than the parameter EndTime.";
        return Err(Error::client("ValidationError", message));
    }
    Ok(start..end)
}

/// A moment as any of the protocols has it: seconds since 1970, or words.
fn time(value: &Value, name: &str) -> Result<Timestamp, Error> {
    let parsed = match value {
        Value::String(text) => text.parse().ok(),
        other => other
            .as_f64()
            .and_then(|seconds| Timestamp::from_duration(jiff::SignedDuration::try_from_secs_f64(seconds).ok()?).ok()),
    };
    parsed.ok_or_else(|| value_error(name, "a moment"))
}

fn bad_token() -> Error {
    Error::client("InvalidNextToken", "The next token specified is invalid.")
}
