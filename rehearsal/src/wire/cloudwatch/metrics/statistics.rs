//! `GetMetricStatistics`: the data points of one metric, with several statistics each.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::required;
use super::{minutes, read, statistic, times};
use crate::metrics::metric::{Dimension, Metric, Statistic};
use crate::metrics::read::Samples;
use crate::model::State;
use crate::wire::json::{Answer, Call, Error, epoch};

/// How many data points `GetMetricStatistics` gives at most.
const POINTS: i128 = 1440;
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Input {
    namespace: Option<String>,
    metric_name: Option<String>,
    dimensions: Vec<Dimension>,
    start_time: Option<Value>,
    end_time: Option<Value>,
    period: Option<i64>,
    #[serde(rename = "Statistics")]
    plain: Vec<String>,
    #[serde(rename = "ExtendedStatistics")]
    extended: Vec<String>,
    unit: Option<String>,
}

pub(in super::super) fn statistics(state: &State, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    let name = required(input.metric_name, "MetricName")?;
    let namespace = required(input.namespace, "Namespace")?;
    let times = times(input.start_time.as_ref(), input.end_time.as_ref())?;
    let minutes = minutes(required(input.period, "Period")?)?;
    if input.plain.is_empty() == input.extended.is_empty() {
        let message = "Must specify either Statistics or ExtendedStatistics";
        return Err(Error::client("InvalidParameterCombination", message));
    }
    let length = state.account.metrics.period(minutes.unwrap_or(1)).as_nanos().max(1);
    let asked_for = (times.end.as_nanosecond() - times.start.as_nanosecond()) / i128::try_from(length).unwrap_or(1);
    if asked_for > POINTS {
        let message = format!("You have requested up to {asked_for} datapoints, which exceeds the limit of 1,440.");
        return Err(Error::client("InvalidParameterCombination", message));
    }
    let parsed = |names: &[String]| {
        let each = names.iter().map(|name| Ok((name.clone(), statistic(name)?)));
        each.collect::<Result<Vec<_>, Error>>()
    };
    let (plain, extended) = (parsed(&input.plain)?, parsed(&input.extended)?);
    let metric = Metric::find(&namespace, &name, &input.dimensions);
    let found = read(state, call.now, metric.as_ref(), minutes, &times, input.unit.as_deref());
    let point = |(time, samples): (Timestamp, Samples)| {
        let numbers = |statistics: &[(String, Statistic)]| -> Map<String, Value> {
            statistics.iter().map(|(name, its)| (name.clone(), json!(samples.statistic(*its)))).collect()
        };
        let mut point = numbers(&plain);
        if !extended.is_empty() {
            point.insert("ExtendedStatistics".to_owned(), Value::Object(numbers(&extended)));
        }
        point.insert("Timestamp".to_owned(), epoch(time));
        point.insert("Unit".to_owned(), json!(metric.as_ref().map_or("None", |metric| metric.measure.unit())));
        Value::Object(point)
    };
    Ok(json!({ "Label": name, "Datapoints": found.into_iter().map(point).collect::<Vec<_>>() }))
}
