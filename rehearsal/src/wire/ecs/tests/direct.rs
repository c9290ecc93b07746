//! A model that is called directly, for tables of calls.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::TargetGroupOptions;
use crate::clock::Scale;
use crate::model::{Identity, State};
use crate::wire::ecs::serve;
use crate::wire::json::{Call, Error};

pub(super) const REGION: &str = "ap-northeast-1:123456789012";

pub(super) fn call(state: &mut State, operation: &str, input: &Value) -> Result<Value, Error> {
    let now = Timestamp::UNIX_EPOCH;
    let answer = serve(state, &Call { operation, input, now });
    state.advance(now);
    answer
}

pub(super) fn network() -> Value {
    json!({ "awsvpcConfiguration": { "subnets": ["subnet-1"] } })
}

pub(super) fn definition() -> Value {
    json!({
        "family": "web", "networkMode": "awsvpc", "cpu": "256", "memory": "512",
        "requiresCompatibilities": ["FARGATE"],
        "containerDefinitions": [{ "name": "app", "image": "127.0.0.1:5000/myapp:v1" }],
    })
}

/// A cloud with a cluster, two revisions of a definition, and a service.
pub(super) fn cloud() -> State {
    let identity = Identity {
        region: "ap-northeast-1".to_owned(),
        account: "123456789012".to_owned(),
        registry_host: "127.0.0.1:5000".to_owned(),
    };
    let mut state = State::new(identity, Scale::REAL, 1);
    state.put_target_group(&TargetGroupOptions::default());
    let service = json!({
        "cluster": "c", "serviceName": "web", "taskDefinition": "web:1", "desiredCount": 1,
        "networkConfiguration": network(),
    });
    let calls = [
        ("CreateCluster", json!({ "clusterName": "c" })),
        ("RegisterTaskDefinition", definition()),
        ("RegisterTaskDefinition", definition()),
        ("DeregisterTaskDefinition", json!({ "taskDefinition": "web:2" })),
        ("CreateService", service),
    ];
    for (operation, input) in calls {
        call(&mut state, operation, &input).expect("the call is answered");
    }
    state
}

/// A good input with something else in it.
pub(super) fn with(base: &Value, changes: Value) -> Value {
    let mut input = base.clone();
    let (Some(members), Value::Object(changes)) = (input.as_object_mut(), changes) else { panic!("no objects") };
    members.extend(changes);
    input
}
