//! Which metrics there are, and which of their statistics can be asked for.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The namespace of load balancers' metrics.
pub(crate) const NAMESPACE: &str = "AWS/ApplicationELB";

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    /// Requests for which a target was chosen.
    Requests,
    /// Answers of targets, of this class.
    Answers(u16),
    /// Answers of the load balancer itself, from this status to that.
    Unanswered(u16, u16),
    /// Connections to targets that could not be made.
    ConnectionErrors,
    /// From a request to a target until the head of its answer, in seconds.
    ResponseTime,
    /// Targets that pass their checks.
    Healthy,
    /// Targets that do not.
    Unhealthy,
}

/// The names of AWS's document, and whether a metric is told by target group too.
pub(crate) const MEASURES: &[(&str, Measure, bool)] = &[
    ("RequestCount", Measure::Requests, true),
    ("HTTPCode_Target_2XX_Count", Measure::Answers(2), true),
    ("HTTPCode_Target_3XX_Count", Measure::Answers(3), true),
    ("HTTPCode_Target_4XX_Count", Measure::Answers(4), true),
    ("HTTPCode_Target_5XX_Count", Measure::Answers(5), true),
    ("HTTPCode_ELB_5XX_Count", Measure::Unanswered(500, 599), false),
    ("HTTPCode_ELB_502_Count", Measure::Unanswered(502, 502), false),
    ("HTTPCode_ELB_503_Count", Measure::Unanswered(503, 503), false),
    ("HTTPCode_ELB_504_Count", Measure::Unanswered(504, 504), false),
    ("TargetConnectionErrorCount", Measure::ConnectionErrors, true),
    ("TargetResponseTime", Measure::ResponseTime, true),
    ("HealthyHostCount", Measure::Healthy, true),
    ("UnHealthyHostCount", Measure::Unhealthy, true),
];

impl Measure {
    /// The unit that its data points have.
    pub(crate) fn unit(self) -> &'static str {
        if self == Self::ResponseTime { "Seconds" } else { "Count" }
    }

    /// Whether it tells of targets and not of requests: told by target group only.
    pub(crate) fn is_of_hosts(self) -> bool {
        matches!(self, Self::Healthy | Self::Unhealthy)
    }
}

/// A dimension, as it is sent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Dimension {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) value: String,
}

/// A metric that this cloud measures. Anything else has no data points, as what nobody ever reported
/// has none in AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Metric {
    pub(crate) measure: Measure,
    pub(crate) load_balancer: String,
    pub(crate) target_group: Option<String>,
}

impl Metric {
    /// The metric of this name with just these dimensions, when this cloud measures it.
    pub(crate) fn find(namespace: &str, name: &str, dimensions: &[Dimension]) -> Option<Self> {
        let (_, measure, by_group) = MEASURES.iter().find(|(known, _, _)| *known == name)?;
        let mut values: BTreeMap<&str, &str> = dimensions.iter().map(|its| (&*its.name, &*its.value)).collect();
        let load_balancer = values.remove("LoadBalancer")?.to_owned();
        let target_group = values.remove("TargetGroup").map(str::to_owned);
        let told = if target_group.is_some() { *by_group } else { !measure.is_of_hosts() };
        let known = namespace == NAMESPACE && told && values.is_empty();
        known.then_some(Self { measure: *measure, load_balancer, target_group })
    }
}

/// A statistic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Statistic {
    Sum,
    Average,
    SampleCount,
    Minimum,
    Maximum,
    /// A percentile, as a share: 0.95 for `p95`.
    Percentile(f64),
}

impl Statistic {
    /// The statistic of this name, `Sum` or `p99.9`; none when this cloud has it not.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "Sum" => Some(Self::Sum),
            "Average" => Some(Self::Average),
            "SampleCount" => Some(Self::SampleCount),
            "Minimum" => Some(Self::Minimum),
            "Maximum" => Some(Self::Maximum),
            _ => {
                let percent: f64 = name.strip_prefix('p')?.parse().ok()?;
                (0.0..=100.0).contains(&percent).then_some(Self::Percentile(percent / 100.0))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_found_by_their_names() {
        let cases = [
            ("Sum", Some(Statistic::Sum)),
            ("Average", Some(Statistic::Average)),
            ("SampleCount", Some(Statistic::SampleCount)),
            ("Minimum", Some(Statistic::Minimum)),
            ("Maximum", Some(Statistic::Maximum)),
            ("p50", Some(Statistic::Percentile(0.5))),
            ("p99.5", Some(Statistic::Percentile(0.995))),
            ("p101", None),
            ("p", None),
            ("sum", None),
            ("tm90", None),
        ];
        for (name, expected) in cases {
            assert_eq!(Statistic::parse(name), expected, "{name}");
        }
    }

    #[test]
    fn a_metric_is_known_with_the_dimensions_that_it_is_reported_with() {
        let (lb, tg) = (("LoadBalancer", "app/web/1"), ("TargetGroup", "targetgroup/web/1"));
        let cases = [
            (NAMESPACE, "RequestCount", vec![lb], true),
            (NAMESPACE, "RequestCount", vec![tg, lb], true),
            (NAMESPACE, "RequestCount", vec![tg], false),
            (NAMESPACE, "RequestCount", vec![], false),
            (NAMESPACE, "RequestCount", vec![lb, tg, ("AvailabilityZone", "a")], false),
            (NAMESPACE, "HTTPCode_ELB_5XX_Count", vec![lb], true),
            (NAMESPACE, "HTTPCode_ELB_5XX_Count", vec![lb, tg], false),
            (NAMESPACE, "HealthyHostCount", vec![lb], false),
            (NAMESPACE, "ConsumedLCUs", vec![lb], false),
            ("AWS/ECS", "RequestCount", vec![lb], false),
        ];
        for (namespace, name, dimensions, expected) in cases {
            let dimensions: Vec<_> = dimensions
                .into_iter()
                .map(|(name, value)| Dimension { name: name.to_owned(), value: value.to_owned() })
                .collect();
            let found = Metric::find(namespace, name, &dimensions);
            assert_eq!(found.is_some(), expected, "{namespace} {name} {dimensions:?}");
        }
    }
}
