//! The alarms that ECS is given: on the errors and the response time of either target group, and on the
//! errors of the load balancer itself, over periods of a minute, which is as fine as a load balancer
//! measures.

use serde_json::{Value, json};

use crate::stage::{PRODUCTION, Stage};

/// Over this the p95 of a minute is bad, in seconds: a fifth more than that of the release that serves,
/// which is 26 ms.
const SLOW: f64 = 0.026 * 1.2;

/// When alarms ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setup {
    /// At the first error, or the first bad minute: nothing on these metrics could ring sooner, and nobody whose
    /// service makes an error now and then could live with it.
    AtOnce,
    /// At two minutes in a row with errors over this share of a minute's requests, in percent, or with slow
    /// answers.
    AtAShare { percent: u32 },
}

/// Puts them, where a target group gets so many requests in a minute; their names.
pub(crate) async fn put(stage: &Stage, setup: Setup, a_minute: u32) -> Vec<String> {
    let (datapoints, errors) = match setup {
        Setup::AtOnce => (1, 0),
        Setup::AtAShare { percent } => (2, a_minute * percent / 100),
    };
    let snapshot = stage.cloud.snapshot();
    let groups = snapshot.target_groups.iter().filter(|group| group.name.starts_with(PRODUCTION));
    let rule = snapshot.listener_rules.iter().find(|rule| rule.arn.contains(&format!("/{PRODUCTION}-")));
    let rule = rule.expect("a rule of production");
    let path = rule.arn.rsplit(':').next().and_then(|path| path.strip_prefix("listener-rule/")).expect("its path");
    let balancer = path.split('/').take(3).collect::<Vec<_>>().join("/");
    let mut alarms = vec![alarm("balancer-errors", "HTTPCode_ELB_5XX_Count", &balancer, None)];
    for (number, group) in groups.enumerate() {
        let group = group.arn.rsplit(':').next();
        alarms.push(alarm(&format!("errors-{number}"), "HTTPCode_Target_5XX_Count", &balancer, group));
        alarms.push(alarm(&format!("slow-{number}"), "TargetResponseTime", &balancer, group));
    }
    let mut names = Vec::new();
    for mut alarm in alarms {
        alarm["EvaluationPeriods"] = json!(datapoints);
        alarm["DatapointsToAlarm"] = json!(datapoints);
        if alarm["Statistic"] == "Sum" {
            alarm["Threshold"] = json!(errors);
        }
        stage.ask("GraniteServiceVersion20100801.PutMetricAlarm", &alarm).await;
        names.push(alarm["AlarmName"].as_str().expect("a name").to_owned());
    }
    names
}

fn alarm(name: &str, metric: &str, balancer: &str, group: Option<&str>) -> Value {
    let mut dimensions = vec![json!({ "Name": "LoadBalancer", "Value": balancer })];
    dimensions.extend(group.map(|group| json!({ "Name": "TargetGroup", "Value": group })));
    let mut alarm = json!({
        "AlarmName": name, "Namespace": "AWS/ApplicationELB", "MetricName": metric, "Dimensions": dimensions,
        "Period": 60, "TreatMissingData": "notBreaching", "ComparisonOperator": "GreaterThanThreshold",
    });
    if metric == "TargetResponseTime" {
        alarm["ExtendedStatistic"] = json!("p95");
        alarm["Threshold"] = json!(SLOW);
    } else {
        alarm["Statistic"] = json!("Sum");
    }
    alarm
}
