//! Alarms that watch a metric of this cloud: they change their state by themselves, minute by minute.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::judge::{Judged, MORE, Missing, judge};
use super::{ALARM, Alarm, Alarms, INSUFFICIENT_DATA, OK};
use crate::metrics::metric::{Dimension, Metric, Statistic};
use crate::metrics::read::{Question, Samples};
use crate::metrics::{Metrics, MetricsFault};

/// What an alarm watches, and what it takes for bad.
struct Watch {
    metric: Metric,
    statistic: Statistic,
    /// How many minutes a period has.
    minutes: u32,
    periods: usize,
    to_alarm: usize,
    comparison: Comparison,
    threshold: f64,
    missing: Missing,
}

#[derive(Clone, Copy, Debug)]
enum Comparison {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Alarms {
    /// When alarms are judged next; none when none of them watches a metric of this cloud.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        self.due
    }

    /// Judges every alarm that watches a metric of this cloud, when it is time to. Alarms that watch
    /// anything else keep the state that somebody set.
    pub(crate) fn evaluate(&mut self, metrics: &Metrics, fault: Option<MetricsFault>, now: Timestamp) {
        if self.due.is_some_and(|due| due > now) {
            return;
        }
        self.due = None;
        for alarm in self.alarms.values_mut() {
            let Some(watch) = Watch::of(&alarm.settings).filter(|watch| metrics.knows(&watch.metric)) else {
                continue;
            };
            self.due = Some(metrics.next_minute(now));
            watch.judge(alarm, metrics, fault, now);
        }
    }
}

impl Watch {
    /// None when it watches what this cloud does not measure: another namespace, an expression, a band.
    fn of(settings: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| settings.get(name).and_then(Value::as_str);
        let number = |name: &str| settings.get(name).and_then(Value::as_f64);
        let count = |name: &str| settings.get(name).and_then(Value::as_u64);
        let dimensions = settings.get("Dimensions").cloned().unwrap_or_else(|| json!([]));
        let dimensions: Vec<Dimension> = serde_json::from_value(dimensions).ok()?;
        let metric = Metric::find(text("Namespace")?, text("MetricName")?, &dimensions)?;
        if text("Unit").is_some_and(|unit| unit != metric.measure.unit()) {
            return None;
        }
        let comparison = match text("ComparisonOperator")? {
            "GreaterThanThreshold" => Comparison::Greater,
            "GreaterThanOrEqualToThreshold" => Comparison::GreaterOrEqual,
            "LessThanThreshold" => Comparison::Less,
            "LessThanOrEqualToThreshold" => Comparison::LessOrEqual,
            _ => return None,
        };
        let periods = usize::try_from(count("EvaluationPeriods")?).ok().filter(|periods| *periods > 0)?;
        let to_alarm = count("DatapointsToAlarm").and_then(|count| usize::try_from(count).ok());
        Some(Self {
            metric,
            statistic: Statistic::parse(text("Statistic").or_else(|| text("ExtendedStatistic"))?)?,
            minutes: u32::try_from(count("Period")? / 60).ok().filter(|minutes| *minutes > 0)?,
            periods,
            to_alarm: to_alarm.unwrap_or(periods).clamp(1, periods),
            comparison,
            threshold: number("Threshold")?,
            missing: match text("TreatMissingData") {
                Some("breaching") => Missing::Breaching,
                Some("notBreaching") => Missing::NotBreaching,
                Some("ignore") => Missing::Ignore,
                _ => Missing::Nothing,
            },
        })
    }

    fn judge(&self, alarm: &mut Alarm, metrics: &Metrics, fault: Option<MetricsFault>, now: Timestamp) {
        let values = self.values(metrics, fault, now);
        let range: Vec<_> = values.iter().map(|value| value.map(|value| self.breaches(value))).collect();
        let state = match judge(&range, self.periods, self.to_alarm, self.missing) {
            Judged::Alarm => ALARM,
            Judged::Ok => OK,
            Judged::Insufficient => INSUFFICIENT_DATA,
            Judged::Stays => return,
        };
        if alarm.state == state {
            return;
        }
        let known: Vec<f64> = values.iter().rev().filter_map(|value| *value).take(self.periods).collect();
        let data = json!({
            "version": "1.0", "queryDate": now.to_string(), "period": self.minutes * 60,
            "recentDatapoints": known, "threshold": self.threshold,
        });
        alarm.turn(state, &self.reason(state, &known), Some(data.to_string()), now);
    }

    /// The values of the periods before this moment, the oldest first; none where nothing can be read.
    fn values(&self, metrics: &Metrics, fault: Option<MetricsFault>, now: Timestamp) -> Vec<Option<f64>> {
        let periods = u32::try_from(self.periods + MORE).unwrap_or(u32::MAX);
        let length = metrics.period(self.minutes);
        let end = metrics.this_minute(now);
        let read = |number: u32| {
            let times = end - length * (number + 1)..end - length * number;
            // Minute by minute: an alarm's periods end now, wherever those of a clock do.
            let question = Question { metric: &self.metric, minutes: 1, times, now, fault };
            let all = metrics.read(&question).into_iter().map(|(_, samples)| samples).reduce(Samples::and);
            all.map(|samples| samples.statistic(self.statistic))
        };
        (0..periods).rev().map(read).collect()
    }

    fn breaches(&self, value: f64) -> bool {
        match self.comparison {
            Comparison::Greater => value > self.threshold,
            Comparison::GreaterOrEqual => value >= self.threshold,
            Comparison::Less => value < self.threshold,
            Comparison::LessOrEqual => value <= self.threshold,
        }
    }

    fn reason(&self, state: &str, known: &[f64]) -> String {
        let (periods, to_alarm, threshold) = (self.periods, self.to_alarm, self.threshold);
        let breaching = known.iter().filter(|value| self.breaches(**value)).count();
        let words = match self.comparison {
            Comparison::Greater => "greater than",
            Comparison::GreaterOrEqual => "greater than or equal to",
            Comparison::Less => "less than",
            Comparison::LessOrEqual => "less than or equal to",
        };
        if state == INSUFFICIENT_DATA {
            return format!("Insufficient Data: {periods} datapoints were unknown.");
        }
        let values = known.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>().join(", ");
        let crossed = if known.is_empty() {
            format!("no datapoints were received for {periods} periods")
        } else {
            format!(
                "{breaching} out of the last {periods} datapoints [{values}] were {words} the threshold ({threshold:?})"
            )
        };
        format!("Threshold Crossed: {crossed} (minimum {to_alarm} for OK -> ALARM transition).")
    }
}
