//! `ListMetrics`: the metrics that there are data points of.

use serde::Deserialize;
use serde_json::json;

use super::bad_token;
use crate::metrics::metric::{Metric, NAMESPACE};
use crate::model::State;
use crate::wire::json::{Answer, Call};
use crate::wire::page::page;

/// How many metrics a page of a list has.
const METRICS: usize = 500;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Input {
    namespace: Option<String>,
    metric_name: Option<String>,
    dimensions: Vec<Filter>,
    next_token: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Filter {
    name: String,
    value: Option<String>,
}

pub(in super::super) fn list(state: &State, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    let dimensions = |metric: &Metric| {
        let group = metric.target_group.iter().map(|group| ("TargetGroup", group.clone()));
        group.chain([("LoadBalancer", metric.load_balancer.clone())]).collect::<Vec<_>>()
    };
    let fits = |name: &str, metric: &Metric| {
        let has = |filter: &Filter| {
            let mut its = dimensions(metric).into_iter();
            its.any(|(name, value)| name == filter.name && filter.value.as_ref().is_none_or(|wanted| *wanted == value))
        };
        input.namespace.as_deref().is_none_or(|wanted| wanted == NAMESPACE)
            && input.metric_name.as_deref().is_none_or(|wanted| wanted == name)
            && input.dimensions.iter().all(has)
    };
    let found = state.account.metrics.list().into_iter().filter(|(name, metric)| fits(name, metric));
    let views = found.map(|(name, metric)| {
        let dimensions: Vec<_> =
            dimensions(&metric).into_iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect();
        json!({ "Namespace": NAMESPACE, "MetricName": name, "Dimensions": dimensions })
    });
    let (metrics, next) = page(views.collect(), input.next_token.as_deref(), METRICS).map_err(|_| bad_token())?;
    let mut answer = json!({ "Metrics": metrics });
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    Ok(answer)
}
