//! A blue/green deployment by the AWS CLI: paused, looked at, continued, and another taken back.

use serde_json::{Value, json};

use crate::deployments::{CLUSTER, SERVICE};
use crate::served::Served;

impl Served {
    /// Deploys the definition that serves, with another level of logs, as blue/green with a pause
    /// before users come.
    fn update_blue_green(&self, level: &str) {
        let definition = self.register(|container| {
            let environment = container["environment"].as_array_mut().expect("variables");
            environment.retain(|variable| variable["name"] != "LOG");
            environment.push(json!({ "name": "LOG", "value": level }));
        });
        let configuration = json!({
            "strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1,
            "lifecycleHooks": [{
                "targetType": "PAUSE", "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"],
                "timeoutConfiguration": { "timeoutInMinutes": 60, "action": "ROLLBACK" },
            }],
        });
        let update = ["ecs", "update-service", "--cluster", CLUSTER, "--service", SERVICE, "--task-definition"];
        let configured = ["--deployment-configuration", &configuration.to_string()];
        let updated = self.aws(&[&update[..], &[&*definition], &configured].concat()).json();
        assert_eq!(updated["service"]["deploymentConfiguration"]["strategy"], "BLUE_GREEN", "{updated}");
    }

    fn answer(&self, deployment: &Value, action: &str) {
        let arn = deployment["serviceDeploymentArn"].as_str().expect("an ARN");
        let hook = deployment["lifecycleHookDetails"][0]["hookId"].as_str().expect("an id");
        let line = format!("continue-service-deployment --service-deployment-arn {arn} --hook-id {hook}");
        let told = self.ecs(&format!("{line} --action {action}")).json();
        assert_eq!(told["serviceDeploymentArn"], arn);
        self.ecs(&format!("{line} --action CONTINUE")).refused("InvalidParameterException");
    }
}

fn awaits(deployment: &Value) -> bool {
    deployment["lifecycleHookDetails"][0]["status"] == "AWAITING_ACTION"
}

#[test]
fn a_blue_green_deployment_waits_is_continued_and_ends_and_the_next_one_is_taken_back() {
    let served = Served::whole();
    served.wait_until_stable();
    let rule = &served.service()["loadBalancers"][0]["advancedConfiguration"]["testListenerRule"];
    assert!(rule.as_str().is_some_and(|rule| rule.contains(":listener-rule/app/")), "{rule}");

    for (level, action, expected) in [("debug", "CONTINUE", "SUCCESSFUL"), ("trace", "ROLLBACK", "ROLLBACK_SUCCESSFUL")]
    {
        let before = served.service()["taskDefinition"].clone();
        served.update_blue_green(level);
        let paused = served.deployment_that(awaits);
        assert_eq!(
            (&paused["status"], &paused["lifecycleStage"]),
            (&json!("IN_PROGRESS"), &json!("POST_TEST_TRAFFIC_SHIFT"))
        );
        let target = &paused["targetServiceRevision"];
        let weights = (&target["requestedProductionTrafficWeight"], &target["requestedTestTrafficWeight"]);
        assert_eq!(weights, (&json!(0.0), &json!(100.0)), "{paused}");
        assert_eq!(target["runningTaskCount"], 2, "{paused}");
        served.answer(&paused, action);
        let done = served.deployment_that(|deployment| deployment["status"] == expected);
        let share = if action == "CONTINUE" { 100.0 } else { 0.0 };
        assert_eq!(done["targetServiceRevision"]["requestedProductionTrafficWeight"], share, "{done}");
        assert_eq!(served.service()["taskDefinition"] == before, action == "ROLLBACK");
        served.wait_until_stable();
    }
}
