//! CloudWatch, as much of it as a watch asks: `GetMetricData` of the two target groups.

use crate::cbor::Cbor;
use crate::releases::World;

/// A minute of a target group, the engine's own requests in it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Minute {
    pub(crate) requests: u64,
    pub(crate) errors: u64,
}

/// How CloudWatch is today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Metrics {
    /// It tells each minute as soon as it is over.
    Tell,
    /// It tells each minute so many seconds after it is over.
    Late(i64),
    /// It answers and tells nothing.
    Missing,
    /// It tells only so many of the first minutes.
    Only(usize),
    /// It never answers.
    Hang,
    /// It refuses.
    Refuse,
    /// It answers with an inner error for every metric.
    Break,
}

const METRICS: [(&str, &str); 4] = [
    ("0", "RequestCount"),
    ("1", "HTTPCode_Target_5XX_Count"),
    ("2", "TargetResponseTime"),
    ("3", "TargetResponseTime"),
];

impl Metrics {
    /// The status and the body of an answer to a request for metrics.
    pub(crate) fn answer(self, request: &[u8], world: &World) -> (u16, Vec<u8>) {
        if self == Self::Refuse {
            let text = |text: &str| Cbor::Text(text.to_owned());
            let refusal = vec![("__type", text("AccessDeniedException")), ("message", text("not authorized"))];
            return (400, Cbor::Map(refusal).bytes());
        }
        let asked = String::from_utf8_lossy(request);
        let mut results = Vec::new();
        for (group, name) in [(0, "targetgroup/green/1"), (1, "targetgroup/blue/2")] {
            if asked.contains(name) {
                results.extend(METRICS.iter().map(|(number, metric)| self.result(group, number, metric, world)));
            }
        }
        (200, Cbor::Map(vec![("MetricDataResults", Cbor::List(results))]).bytes())
    }

    fn result(self, group: usize, number: &str, metric: &str, world: &World) -> Cbor {
        let mut points = if metric == "TargetResponseTime" { Vec::new() } else { counted(world, group == 0, number) };
        let late = match self {
            Self::Late(seconds) => seconds,
            _ => 0,
        };
        points.retain(|(begins, value)| begins + 60 + late <= world.now() && *value > 0.0);
        match self {
            Self::Missing | Self::Break => points.clear(),
            Self::Only(most) => points.truncate(most),
            _ => {}
        }
        let status = if self == Self::Break { "InternalError" } else { "Complete" };
        Cbor::Map(vec![
            ("Id", Cbor::Text(format!("g{group}_{number}"))),
            ("Label", Cbor::Text(metric.to_owned())),
            ("StatusCode", Cbor::Text(status.to_owned())),
            ("Timestamps", Cbor::List(points.iter().map(|(begins, _)| Cbor::Time(*begins)).collect())),
            ("Values", Cbor::List(points.iter().map(|(_, value)| Cbor::Float(*value)).collect())),
        ])
    }
}

/// The engine's own requests and those of users, minute by minute. There are no zeros: what did not
/// happen is not told.
fn counted(world: &World, is_candidate: bool, number: &str) -> Vec<(i64, f64)> {
    let share = if is_candidate { world.weight } else { 1.0 - world.weight };
    let first = world.counted.keys().map(|(minute, _)| *minute).min().unwrap_or_else(|| world.now());
    let minutes = (first.div_euclid(60) * 60..world.now()).step_by(60);
    minutes
        .map(|minute| {
            let own = world.counted.get(&(minute, is_candidate)).copied().unwrap_or_default();
            let users = (world.users * share).round();
            let failed = if is_candidate { (users * world.users_fail as f64 / 1000.0).round() } else { 0.0 };
            let value = if number == "0" { own.requests as f64 + users } else { own.errors as f64 + failed };
            (minute, value)
        })
        .collect()
}
