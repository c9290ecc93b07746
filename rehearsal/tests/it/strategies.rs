//! Users who are shifted between two fleets, there and back, in a cloud that really runs tasks.

use rehearsal::load::{Load, LoadOptions};
use rehearsal::{RuleKind, Server};
use serde_json::{Value, json};

use crate::faults::{call, eventually, server};

const ECS: &str = "AmazonEC2ContainerServiceV20141113";

async fn update(server: &Server, configuration: Value) {
    let update = json!({
        "cluster": "myapp-staging-cluster", "service": "myapp-api", "forceNewDeployment": true,
        "deploymentConfiguration": configuration,
    });
    call(server, &format!("{ECS}.UpdateService"), &update).await;
}

/// Waits until the newest service deployment has this status, or its stage this name.
async fn until(server: &Server, word: &str) {
    let is_so = || {
        let snapshot = server.cloud.snapshot();
        let last = &snapshot.services[0].service_deployments[0];
        let stage = last.shift.as_ref().and_then(|shift| shift.stage.as_deref());
        last.status == word || (stage == Some(word) && last.status == "IN_PROGRESS")
    };
    eventually(word, is_so).await;
}

fn shares(server: &Server, kind: RuleKind) -> Vec<u32> {
    let rules = server.cloud.listener_rules();
    let rule = rules.iter().find(|rule| rule.kind == kind).expect("a rule");
    rule.forward.iter().map(|(_, share)| *share).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_shifted_there_and_back_and_no_request_of_theirs_fails() {
    let (server, _temporary) = server().await;
    until(&server, "SUCCESSFUL").await;
    let load = |urls: &std::collections::BTreeMap<String, String>| {
        let url = urls.values().next().expect("a service");
        Load::start(LoadOptions::get(url, "/", 100.0)).expect("load")
    };
    let (users, testers) = (load(&server.public_urls), load(&server.test_urls));
    update(
        &server,
        json!({ "strategy": "LINEAR", "linearConfiguration": { "stepPercent": 25, "stepBakeTimeInMinutes": 1 } }),
    )
    .await;
    until(&server, "SUCCESSFUL").await;
    assert_eq!(shares(&server, RuleKind::Production), [0, 1000]);
    assert_eq!(shares(&server, RuleKind::Test), [0, 1000]);

    update(&server, json!({ "strategy": "BLUE_GREEN", "bakeTimeInMinutes": 60 })).await;
    until(&server, "BAKE_TIME").await;
    assert_eq!(shares(&server, RuleKind::Production), [1000, 0]);
    let arn = server.cloud.snapshot().services[0].service_deployments[0].arn.clone();
    call(&server, &format!("{ECS}.StopServiceDeployment"), &json!({ "serviceDeploymentArn": arn })).await;
    until(&server, "ROLLBACK_SUCCESSFUL").await;
    assert_eq!(shares(&server, RuleKind::Production), [0, 1000]);

    for (who, load) in [("users", users), ("testers", testers)] {
        let summary = load.stop().await;
        assert!(summary.total().requests() > 100, "{who}");
        assert_eq!(summary.total().failures(), 0, "{who}: {:?}", summary.failures);
    }
    for counts in server.balancer.counts() {
        assert!(counts.total.requests > 0, "{}", counts.group);
    }
    server.stop().await.expect("its end");
}
