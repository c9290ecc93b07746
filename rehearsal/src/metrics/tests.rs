//! What is recorded, and when and how it can be read.

use std::net::SocketAddr;
use std::ops::Range;

use super::metric::{Dimension, Metric, NAMESPACE, Statistic};
use super::read::Question;
use super::*;
use crate::model::targets::{HealthCheck, Target};

const BALANCER: &str = "app/web/1";
const GROUP: &str = "targetgroup/web/1";

fn at(seconds: f64) -> Timestamp {
    let begin: Timestamp = "2026-11-24T10:00:00Z".parse().expect("a time");
    begin + Duration::from_secs_f64(seconds)
}

fn sample(outcome: Outcome) -> Sample {
    Sample { load_balancer: BALANCER.to_owned(), target_group: GROUP.to_owned(), outcome }
}

fn answered(status: u16, millis: u64) -> Sample {
    sample(Outcome::Answered(StatusCode::from_u16(status).expect("a status"), Duration::from_millis(millis)))
}

fn metric(name: &str, by_group: bool) -> Metric {
    let dimension = |name: &str, value: &str| Dimension { name: name.to_owned(), value: value.to_owned() };
    let mut dimensions = vec![dimension("LoadBalancer", BALANCER)];
    dimensions.extend(by_group.then(|| dimension("TargetGroup", GROUP)));
    Metric::find(NAMESPACE, name, &dimensions).expect("a metric")
}

/// The data points, as seconds since the start and their values.
fn read(
    metrics: &Metrics,
    metric: &Metric,
    statistic: Statistic,
    minutes: u32,
    times: Range<f64>,
    now: f64,
    fault: Option<MetricsFault>,
) -> Vec<(f64, f64)> {
    let question = Question { metric, minutes, times: at(times.start)..at(times.end), now: at(now), fault };
    let since = |time: Timestamp| time.duration_since(at(0.0)).as_secs_f64();
    let points = metrics.read(&question).into_iter();
    points.map(|(time, samples)| (since(time), samples.statistic(statistic))).collect()
}

fn sums(metrics: &Metrics, name: &str, by_group: bool) -> Vec<(f64, f64)> {
    read(metrics, &metric(name, by_group), Statistic::Sum, 1, 0.0..3600.0, 7200.0, None)
}

#[test]
fn requests_are_counted_by_minute_and_by_what_came_of_them() {
    let metrics = Metrics::new(Scale::REAL);
    let unanswered = |status, connection| sample(Outcome::Unanswered { status, connection });
    let events = [
        (1.0, answered(200, 10)),
        (59.9, answered(302, 10)),
        (60.0, answered(404, 10)),
        (61.0, answered(500, 10)),
        (62.0, answered(503, 10)),
        (200.0, unanswered(StatusCode::BAD_GATEWAY, true)),
        (201.0, unanswered(StatusCode::GATEWAY_TIMEOUT, false)),
        (202.0, sample(Outcome::Rejected(StatusCode::SERVICE_UNAVAILABLE))),
    ];
    for (seconds, sample) in events {
        metrics.record(&sample, at(seconds));
    }
    let cases: [(&str, &[(f64, f64)]); 9] = [
        ("RequestCount", &[(0.0, 2.0), (60.0, 3.0), (180.0, 2.0)]),
        ("HTTPCode_Target_2XX_Count", &[(0.0, 1.0)]),
        ("HTTPCode_Target_3XX_Count", &[(0.0, 1.0)]),
        ("HTTPCode_Target_4XX_Count", &[(60.0, 1.0)]),
        ("HTTPCode_Target_5XX_Count", &[(60.0, 2.0)]),
        ("HTTPCode_ELB_5XX_Count", &[(180.0, 3.0)]),
        ("HTTPCode_ELB_502_Count", &[(180.0, 1.0)]),
        ("HTTPCode_ELB_503_Count", &[(180.0, 1.0)]),
        ("TargetConnectionErrorCount", &[(180.0, 1.0)]),
    ];
    for (name, expected) in cases {
        assert_eq!(sums(&metrics, name, false), expected, "{name}");
        if !name.starts_with("HTTPCode_ELB") {
            assert_eq!(sums(&metrics, name, true), expected, "{name} of the group");
        }
    }
}

#[test]
fn a_load_balancer_has_what_all_its_groups_have() {
    let metrics = Metrics::new(Scale::REAL);
    for _ in 0..3 {
        metrics.record(&answered(200, 10), at(1.0));
    }
    let other = Sample { target_group: "targetgroup/other/2".to_owned(), ..answered(200, 30) };
    metrics.record(&other, at(2.0));
    let elsewhere = Sample { load_balancer: "app/elsewhere/3".to_owned(), ..answered(200, 30) };
    metrics.record(&elsewhere, at(2.0));
    assert_eq!(sums(&metrics, "RequestCount", false), [(0.0, 4.0)]);
    assert_eq!(sums(&metrics, "RequestCount", true), [(0.0, 3.0)]);
}

#[test]
fn times_have_every_statistic() {
    let metrics = Metrics::new(Scale::REAL);
    for millis in 1..=100 {
        metrics.record(&answered(200, millis), at(1.0));
    }
    let cases = [
        (Statistic::Sum, 5.05),
        (Statistic::Average, 0.0505),
        (Statistic::SampleCount, 100.0),
        (Statistic::Minimum, 0.001),
        (Statistic::Maximum, 0.1),
        (Statistic::Percentile(0.5), 0.05),
        (Statistic::Percentile(0.95), 0.095),
    ];
    for (statistic, expected) in cases {
        let points = read(&metrics, &metric("TargetResponseTime", true), statistic, 1, 0.0..60.0, 600.0, None);
        let [(_, seen)] = points[..] else { panic!("{points:?}") };
        assert!((expected - 1e-9..=expected * 1.016).contains(&seen), "{statistic:?}: {seen}");
    }
    let count = read(&metrics, &metric("RequestCount", true), Statistic::Average, 1, 0.0..60.0, 600.0, None);
    assert_eq!(count, [(0.0, 1.0)]);
}

#[test]
fn longer_periods_begin_at_multiples_of_their_length() {
    let metrics = Metrics::new(Scale::REAL);
    for minute in 0..12 {
        metrics.record(&answered(200, 10), at(f64::from(minute) * 60.0 + 1.0));
    }
    let of = |times: Range<f64>| read(&metrics, &metric("RequestCount", true), Statistic::Sum, 5, times, 7200.0, None);
    assert_eq!(of(0.0..3600.0), [(0.0, 5.0), (300.0, 5.0), (600.0, 2.0)]);
    assert_eq!(of(301.0..600.0), [(300.0, 5.0)], "a start is rounded down, an end is not among it");
    assert_eq!(of(301.0..601.0), [(300.0, 5.0), (600.0, 2.0)]);
}

#[test]
fn a_minute_can_be_read_a_minute_after_its_end_or_later_when_that_was_planted() {
    let metrics = Metrics::new(Scale::REAL);
    metrics.record(&answered(200, 10), at(30.0));
    let metric = metric("RequestCount", true);
    let late = Some(MetricsFault::Late(Duration::from_secs(90)));
    let cases = [
        (60.0, None, 0),
        (119.9, None, 0),
        (120.0, None, 1),
        (209.9, late, 0),
        (210.0, late, 1),
        (3600.0, Some(MetricsFault::Missing), 0),
    ];
    for (now, fault, expected) in cases {
        let points = read(&metrics, &metric, Statistic::Sum, 1, 0.0..3600.0, now, fault);
        assert_eq!(points.len(), expected, "{now} {fault:?}");
    }
}

#[test]
fn minutes_are_those_of_the_clouds_scale() {
    let metrics = Metrics::new(Scale::new(60.0).expect("a scale"));
    for tenth in 0..30 {
        metrics.record(&answered(200, 10), at(f64::from(tenth) / 10.0));
    }
    let points = read(&metrics, &metric("RequestCount", true), Statistic::Sum, 1, 0.0..60.0, 4.0, None);
    assert_eq!(points, [(0.0, 10.0), (1.0, 10.0), (2.0, 10.0)]);
    let not_yet = read(&metrics, &metric("RequestCount", true), Statistic::Sum, 1, 0.0..60.0, 3.5, None);
    assert_eq!(not_yet.len(), 2);
    let times = read(&metrics, &metric("TargetResponseTime", true), Statistic::Maximum, 1, 0.0..1.0, 4.0, None);
    assert_eq!(times, [(0.0, 0.01)]);
}

#[test]
fn hosts_are_told_while_any_is_registered() {
    use TargetState::{Draining, Healthy, Initial, Unhealthy};

    let metrics = Metrics::new(Scale::REAL);
    let target = |number: u8, state| Target {
        task: number.to_string(),
        address: SocketAddr::from(([10, 0, 0, number], 80)),
        weight: 1,
        state,
    };
    let set = |seconds: f64, states: &[TargetState]| {
        let group = TargetGroup {
            name: "web".to_owned(),
            arn: format!("arn:aws:elasticloadbalancing:r:1:{GROUP}"),
            health_check: HealthCheck {
                path: "/".to_owned(),
                interval: Duration::from_secs(5),
                timeout: Duration::from_secs(2),
                healthy_threshold: 2,
                unhealthy_threshold: 2,
            },
            deregistration_delay: Duration::ZERO,
            targets: (1..).zip(states).map(|(number, state)| target(number, *state)).collect(),
        };
        metrics.record_hosts(&[group], |_| vec![BALANCER.to_owned()], at(seconds));
    };
    set(60.0, &[Initial, Initial]);
    set(90.0, &[Healthy, Healthy]);
    set(190.0, &[Healthy, Unhealthy]);
    set(250.0, &[Draining, Draining]);
    let of = |name: &str, statistic| read(&metrics, &metric(name, true), statistic, 1, 0.0..3600.0, 7200.0, None);
    assert_eq!(of("HealthyHostCount", Statistic::Minimum), [(60.0, 0.0), (120.0, 2.0), (180.0, 1.0), (240.0, 1.0)]);
    assert_eq!(of("HealthyHostCount", Statistic::Maximum), [(60.0, 2.0), (120.0, 2.0), (180.0, 2.0), (240.0, 1.0)]);
    assert_eq!(of("UnHealthyHostCount", Statistic::Maximum), [(60.0, 0.0), (120.0, 0.0), (180.0, 1.0), (240.0, 1.0)]);
    assert!(metrics.knows(&metric("RequestCount", true)) && metrics.knows(&metric("RequestCount", false)));
    let stranger = Metric { load_balancer: "app/stranger/1".to_owned(), ..metric("RequestCount", true) };
    assert!(!metrics.knows(&stranger));
}

#[test]
fn load_balancers_are_named_by_their_rules_or_their_groups() {
    let rule =
        "arn:aws:elasticloadbalancing:r:1:listener-rule/app/my-lb/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6c";
    assert_eq!(balancer_of_rule(rule), "app/my-lb/50dc6c495c0c9188");
    assert_eq!(balancer_of_group("arn:aws:elasticloadbalancing:r:1:targetgroup/web/6d0ecf83"), "app/web/6d0ecf83");
}
