//! Service revisions.

use serde_json::{Value, json};

use super::super::json::{Answer, Call, epoch};
use super::list::missing;
use super::service_json::{add_workload, cluster_arn};
use super::{balancers, invalid, only, texts};
use crate::model::State;
use crate::model::ecs::service::{Revision, Service};

pub(super) fn describe(state: &State, call: &Call<'_>) -> Answer {
    only(call.input, call.operation, &["serviceRevisionArns"])?;
    let arns = texts(call, "serviceRevisionArns", 20)?;
    if arns.is_empty() {
        return Err(invalid("serviceRevisionArns cannot be empty."));
    }
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for arn in arns {
        let services = state.ecs.services.iter();
        let mut all = services.flat_map(|service| service.revisions.iter().map(move |revision| (service, revision)));
        match all.find(|(_, revision)| revision.arn == arn) {
            Some((service, revision)) => found.push(describe_one(state, service, revision)),
            None => failures.push(missing(arn)),
        }
    }
    Ok(json!({ "serviceRevisions": found, "failures": failures }))
}

fn describe_one(state: &State, service: &Service, revision: &Revision) -> Value {
    let mut image = json!({ "containerName": revision.container, "image": revision.image });
    if let Some(digest) = &revision.digest {
        image["imageDigest"] = json!(digest);
    }
    let mut answer = json!({
        "serviceRevisionArn": revision.arn,
        "serviceArn": service.arn,
        "clusterArn": cluster_arn(state, &service.cluster),
        "taskDefinition": revision.workload.definition,
        "loadBalancers": balancers::write(&revision.workload.balancers),
        "resolvedConfiguration": balancers::resolved(revision),
        "containerImages": [image],
        "guardDutyEnabled": false,
        "createdAt": epoch(revision.created_at),
    });
    add_workload(&mut answer, &revision.workload);
    answer
}
