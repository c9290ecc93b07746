//! CloudWatch: what a load balancer counted of a target group, minute by minute.
//!
//! [AWS documents] that `RequestCount` and `HTTPCode_Target_5XX_Count` are reported when they are not
//! zero, and that points come late by minutes. So a point that is missing is not a zero: what it means
//! is for whoever asked to say.
//!
//! [AWS documents]: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat, ScanBy, StatusCode};
use aws_smithy_types::DateTime;
use aws_smithy_types::error::metadata::ProvideErrorMetadata as _;
use jiff::Timestamp;

use super::Clients;
use super::signed::Refusal;

const NAMESPACE: &str = "AWS/ApplicationELB";
/// In seconds.
const PERIOD: i32 = 60;
/// No answer has more pages than this.
const PAGES: usize = 20;

/// What is asked of each target group: the metric and its statistic.
const ASKED: [(&str, &str); 4] = [
    ("RequestCount", "Sum"),
    ("HTTPCode_Target_5XX_Count", "Sum"),
    ("TargetResponseTime", "p50"),
    ("TargetResponseTime", "p95"),
];

/// A minute of a target group, as far as it has been told.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Minute {
    /// The requests that its targets got.
    pub requests: Option<f64>,
    /// Those that its targets answered with 5xx.
    pub errors: Option<f64>,
    /// Half of them took no longer, in seconds.
    pub p50: Option<f64>,
    /// 95 of 100 of them took no longer, in seconds.
    pub p95: Option<f64>,
}

/// The minutes of a target group, by the second at which they begin.
pub type Minutes = BTreeMap<i64, Minute>;

impl Clients {
    /// What this load balancer counted of each of these target groups between two times, both given as
    /// dimensions (`app/NAME/ID` and `targetgroup/NAME/ID`). A [`Refusal`] is in the error when
    /// CloudWatch refused to say.
    pub async fn target_group_minutes(
        &self,
        load_balancer: &str,
        target_groups: &[&str],
        from: Timestamp,
        to: Timestamp,
    ) -> anyhow::Result<Vec<Minutes>> {
        let queries: Vec<MetricDataQuery> = target_groups
            .iter()
            .enumerate()
            .flat_map(|(group, name)| (0..ASKED.len()).map(move |asked| query(group, name, load_balancer, asked)))
            .collect();
        let mut groups = vec![Minutes::new(); target_groups.len()];
        let mut token = None;
        for _ in 0..PAGES {
            let call = self
                .cloudwatch
                .get_metric_data()
                .set_metric_data_queries(Some(queries.clone()))
                .start_time(DateTime::from_secs(from.as_second()))
                .end_time(DateTime::from_secs(to.as_second()))
                .scan_by(ScanBy::TimestampAscending)
                .set_next_token(token.take());
            let answer = call.send().await.map_err(|error| match error.as_service_error() {
                Some(refused) => {
                    let code = refused.code().unwrap_or("an error without a code").to_owned();
                    Refusal { code, message: refused.message().unwrap_or_default().to_owned() }.into()
                }
                None => anyhow::Error::from(error),
            })?;
            for result in answer.metric_data_results() {
                if let Some(status @ (StatusCode::Forbidden | StatusCode::InternalError)) = result.status_code() {
                    let said: Vec<_> = result.messages().iter().filter_map(|message| message.value()).collect();
                    let message =
                        format!("{} for {}: {}", status.as_str(), result.label().unwrap_or("?"), said.join(", "));
                    return Err(Refusal { code: status.as_str().to_owned(), message }.into());
                }
                let Some((group, asked)) = result.id().and_then(meaning) else { continue };
                let Some(minutes) = groups.get_mut(group) else { continue };
                for (at, value) in result.timestamps().iter().zip(result.values()) {
                    let begins = at.secs().div_euclid(i64::from(PERIOD)) * i64::from(PERIOD);
                    set(minutes.entry(begins).or_default(), asked, *value);
                }
            }
            token = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
            if token.is_none() {
                return Ok(groups);
            }
        }
        anyhow::bail!("CloudWatch had more than {PAGES} pages of metrics to tell")
    }
}

/// An id begins with a lower-case letter.
fn query(group: usize, name: &str, load_balancer: &str, asked: usize) -> MetricDataQuery {
    let (metric, statistic) = ASKED[asked];
    let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
    let metric = Metric::builder()
        .namespace(NAMESPACE)
        .metric_name(metric)
        .dimensions(dimension("TargetGroup", name))
        .dimensions(dimension("LoadBalancer", load_balancer))
        .build();
    let statistic = MetricStat::builder().metric(metric).period(PERIOD).stat(statistic).build();
    MetricDataQuery::builder().id(format!("g{group}_{asked}")).metric_stat(statistic).return_data(true).build()
}

/// The target group and what was asked of it, from the id of a query.
fn meaning(id: &str) -> Option<(usize, usize)> {
    let (group, asked) = id.strip_prefix('g')?.split_once('_')?;
    Some((group.parse().ok()?, asked.parse().ok()?))
}

fn set(minute: &mut Minute, asked: usize, value: f64) {
    if !value.is_finite() || value < 0.0 {
        return;
    }
    let field = match asked {
        0 => &mut minute.requests,
        1 => &mut minute.errors,
        2 => &mut minute.p50,
        3 => &mut minute.p95,
        _ => return,
    };
    // Where minutes are shorter than ours, several of their points fall into one of ours.
    *field = Some(field.map_or(value, |known| if asked < 2 { known + value } else { known.max(value) }));
}

/// The dimension `targetgroup/NAME/ID` of a target group, from its ARN.
#[must_use]
pub fn target_group(arn: &str) -> Option<&str> {
    arn.find(":targetgroup/").map(|at| &arn[at + 1..])
}

/// The dimension `app/NAME/ID` of a load balancer, from its ARN or from that of one of its listeners or
/// their rules.
#[must_use]
pub fn load_balancer(arn: &str) -> Option<String> {
    let (_, resource) = arn
        .split_once(":loadbalancer/")
        .or_else(|| arn.split_once(":listener-rule/").or_else(|| arn.split_once(":listener/")))?;
    let parts: Vec<&str> = resource.split('/').take(3).collect();
    (parts.len() == 3).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dimensions_are_the_ends_of_arns() {
        const ELB: &str = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012";
        assert_eq!(
            target_group(&format!("{ELB}:targetgroup/blue/73e2d6bc24d8a067")),
            Some("targetgroup/blue/73e2d6bc24d8a067")
        );
        assert_eq!(target_group("blue"), None);
        for resource in
            ["loadbalancer/app/web/50dc6c", "listener/app/web/50dc6c/f2f7", "listener-rule/app/web/50dc6c/f2f7/9683"]
        {
            assert_eq!(load_balancer(&format!("{ELB}:{resource}")).as_deref(), Some("app/web/50dc6c"), "{resource}");
        }
        assert_eq!(load_balancer(&format!("{ELB}:listener/app")), None);
    }

    #[test]
    fn an_id_says_what_was_asked_of_whom() {
        assert_eq!(meaning("g1_3"), Some((1, 3)));
        for id in ["", "x", "g", "g1", "g_1", "h1_3"] {
            assert_eq!(meaning(id), None, "{id}");
        }
        let mut minute = Minute::default();
        for (asked, value) in [(0, 3.0), (1, f64::NAN), (2, -1.0), (9, 1.0)] {
            set(&mut minute, asked, value);
        }
        assert_eq!(minute, Minute { requests: Some(3.0), ..Minute::default() });
        for (asked, value) in [(0, 4.0), (1, 1.0), (3, 0.2), (3, 0.1)] {
            set(&mut minute, asked, value);
        }
        assert_eq!(minute, Minute { requests: Some(7.0), errors: Some(1.0), p50: None, p95: Some(0.2) });
    }
}
