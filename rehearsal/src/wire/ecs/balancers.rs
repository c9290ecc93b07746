//! `loadBalancers`: read and given back.

use serde_json::{Value, json};

use super::super::json::{Call, Error};
use super::{invalid, number, objects, only};
use crate::model::ecs::service::{Advanced, LoadBalancer, Revision};

/// Reads what a call says.
pub(super) fn read(call: &Call<'_>) -> Result<Vec<LoadBalancer>, Error> {
    let mut balancers = Vec::new();
    for said in objects(call, "loadBalancers")? {
        let known = ["targetGroupArn", "containerName", "containerPort", "advancedConfiguration"];
        only(&said, "loadBalancers", &known)?;
        let text = |member: &str| said[member].as_str().unwrap_or_default().to_owned();
        let port = number(&said, "containerPort")?.and_then(|port| u16::try_from(port).ok());
        let port = port.ok_or_else(|| invalid("loadBalancers needs a containerPort."))?;
        let advanced = match &said["advancedConfiguration"] {
            Value::Null => None,
            said => Some(read_advanced(said)?),
        };
        let (target_group, container) = (text("targetGroupArn"), text("containerName"));
        balancers.push(LoadBalancer { target_group, container, port, advanced });
    }
    Ok(balancers)
}

fn read_advanced(said: &Value) -> Result<Advanced, Error> {
    let known = ["alternateTargetGroupArn", "productionListenerRule", "testListenerRule", "roleArn"];
    only(said, "advancedConfiguration", &known)?;
    let text = |member: &str| said[member].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let required = |member: &str| text(member).ok_or_else(|| invalid(format!("advancedConfiguration needs {member}.")));
    Ok(Advanced {
        alternate: required("alternateTargetGroupArn")?,
        production_rule: required("productionListenerRule")?,
        test_rule: text("testListenerRule"),
        role: required("roleArn")?,
    })
}

/// As they are given back.
pub(super) fn write(balancers: &[LoadBalancer]) -> Value {
    balancers.iter().map(write_one).collect()
}

fn write_one(balancer: &LoadBalancer) -> Value {
    let mut answer = json!({
        "targetGroupArn": balancer.target_group,
        "containerName": balancer.container,
        "containerPort": balancer.port,
    });
    if let Some(Advanced { alternate, production_rule, test_rule, role }) = &balancer.advanced {
        answer["advancedConfiguration"] = json!({
            "alternateTargetGroupArn": alternate,
            "productionListenerRule": production_rule,
            "roleArn": role,
        });
        if let Some(rule) = test_rule {
            answer["advancedConfiguration"]["testListenerRule"] = json!(rule);
        }
    }
    answer
}

/// The target groups that a revision's tasks are in, and the rules that lead there.
pub(super) fn resolved(revision: &Revision) -> Value {
    let one = |(group, balancer): (&String, &LoadBalancer)| {
        let mut answer = json!({ "targetGroupArn": group });
        if let Some(advanced) = &balancer.advanced {
            answer["productionListenerRule"] = json!(advanced.production_rule);
        }
        answer
    };
    let balancers = revision.groups.iter().zip(&revision.workload.balancers).map(one);
    json!({ "loadBalancers": balancers.collect::<Vec<_>>() })
}
