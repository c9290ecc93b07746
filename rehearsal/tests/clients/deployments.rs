//! ECS by the AWS CLI: a deployment that goes in, one that goes back, a task by itself.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::served::Served;

pub(crate) const CLUSTER: &str = "myapp-staging-cluster";
pub(crate) const SERVICE: &str = "myapp-api";
/// How long ECS may take over anything here.
pub(crate) const LIMIT: Duration = Duration::from_mins(1);
/// What is registered of what is described.
const REGISTERED: [&str; 8] = [
    "family",
    "taskRoleArn",
    "executionRoleArn",
    "networkMode",
    "containerDefinitions",
    "requiresCompatibilities",
    "cpu",
    "memory",
];

impl Served {
    pub(crate) fn ecs(&self, line: &str) -> crate::aws::Said {
        self.aws(&["ecs"].into_iter().chain(line.split_whitespace()).collect::<Vec<_>>())
    }

    pub(crate) fn service(&self) -> Value {
        self.ecs(&format!("describe-services --cluster {CLUSTER} --services {SERVICE}")).json()["services"][0].clone()
    }

    pub(crate) fn wait_until_stable(&self) {
        self.ecs(&format!("wait services-stable --cluster {CLUSTER} --services {SERVICE}")).text();
    }

    /// Registers the task definition that serves, with something changed; its ARN.
    pub(crate) fn register(&self, change: impl FnOnce(&mut Value)) -> String {
        let arn = self.service()["taskDefinition"].as_str().expect("an ARN").to_owned();
        let described = self.ecs(&format!("describe-task-definition --task-definition {arn}")).json();
        let described = described["taskDefinition"].as_object().expect("a definition").clone();
        let kept = described.into_iter().filter(|(key, _)| REGISTERED.contains(&key.as_str()));
        let mut definition = Value::Object(kept.collect());
        change(&mut definition["containerDefinitions"][0]);
        let registered = self.aws(&["ecs", "register-task-definition", "--cli-input-json", &definition.to_string()]);
        registered.json()["taskDefinition"]["taskDefinitionArn"].as_str().expect("an ARN").to_owned()
    }

    fn update(&self, definition: &str) -> Value {
        let line = format!("update-service --cluster {CLUSTER} --service {SERVICE} --task-definition {definition}");
        self.ecs(&line).json()["service"].clone()
    }

    /// The newest service deployment, once it is over.
    fn last_deployment(&self) -> Value {
        let over = |deployment: &Value| {
            let status = deployment["status"].as_str().expect("a status");
            !["PENDING", "IN_PROGRESS", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"].contains(&status)
        };
        self.deployment_that(over)
    }

    /// The newest service deployment, once something is so.
    pub(crate) fn deployment_that(&self, is_so: impl Fn(&Value) -> bool) -> Value {
        let since = Instant::now();
        loop {
            let list = format!("list-service-deployments --cluster {CLUSTER} --service {SERVICE}");
            let listed = self.ecs(&list).json()["serviceDeployments"][0].clone();
            let arn = listed["serviceDeploymentArn"].as_str().expect("an ARN");
            let described = self.ecs(&format!("describe-service-deployments --service-deployment-arns {arn}")).json();
            let deployment = described["serviceDeployments"][0].clone();
            assert_eq!(deployment["serviceDeploymentArn"], arn);
            if is_so(&deployment) {
                return deployment;
            }
            assert!(since.elapsed() < LIMIT, "{deployment}");
        }
    }
}

#[test]
fn a_service_is_updated_waited_for_and_its_deployment_told() {
    let served = Served::whole();
    served.wait_until_stable();
    let before = served.service();
    assert_eq!((&before["runningCount"], &before["desiredCount"]), (&json!(2), &json!(2)), "{before}");
    assert_eq!(before["deployments"][0]["rolloutState"], "COMPLETED", "{before}");

    let definition = served.register(|container| {
        let environment = container["environment"].as_array_mut().expect("variables");
        environment.push(json!({ "name": "LOG", "value": "debug" }));
    });
    let updated = served.update(&definition);
    assert_eq!(updated["deployments"][0]["taskDefinition"], definition, "{updated}");
    assert_eq!(updated["deployments"].as_array().map(Vec::len), Some(2), "{updated}");
    served.wait_until_stable();
    let deployment = served.last_deployment();
    assert_eq!(deployment["status"], "SUCCESSFUL", "{deployment}");
    let revision = deployment["targetServiceRevision"]["arn"].as_str().expect("an ARN");
    let revisions = served.ecs(&format!("describe-service-revisions --service-revision-arns {revision}")).json();
    assert_eq!(revisions["serviceRevisions"][0]["taskDefinition"], definition, "{revisions}");
    let digest = revisions["serviceRevisions"][0]["containerImages"][0]["imageDigest"].as_str();
    assert!(digest.is_some_and(|digest| digest.starts_with("sha256:")), "{revisions}");
    assert_eq!(served.service()["taskDefinition"], definition);
}

#[test]
fn what_was_rolled_back_is_stable_too_and_only_its_deployment_tells() {
    let served = Served::whole();
    served.wait_until_stable();
    let before = served.service()["taskDefinition"].clone();
    let definition = served.register(|container| {
        let image = container["image"].as_str().expect("an image");
        let (repository, _) = image.split_once('@').expect("a digest");
        container["image"] = json!(format!("{repository}@sha256:{}", "0".repeat(64)));
    });
    served.update(&definition);
    served.wait_until_stable();
    let deployment = served.last_deployment();
    assert_eq!(deployment["status"], "ROLLBACK_SUCCESSFUL", "{deployment}");
    assert_eq!(served.service()["taskDefinition"], before);
    let stopped = served.ecs(&format!("list-tasks --cluster {CLUSTER} --desired-status STOPPED")).json();
    let arn = stopped["taskArns"][0].as_str().expect("a stopped task");
    let task = served.ecs(&format!("describe-tasks --cluster {CLUSTER} --tasks {arn}")).json()["tasks"][0].clone();
    assert_eq!(task["stopCode"], "TaskFailedToStart", "{task}");
    assert!(task["stoppedReason"].as_str().is_some_and(|why| why.starts_with("CannotPullContainer")), "{task}");
}

#[test]
fn a_task_is_run_and_stopped() {
    let served = Served::whole();
    served.wait_until_stable();
    let service = served.service();
    let definition = service["taskDefinition"].as_str().expect("an ARN");
    let network = service["networkConfiguration"].to_string();
    let run =
        format!("run-task --cluster {CLUSTER} --launch-type FARGATE --started-by me --task-definition {definition}");
    let run: Vec<_> = ["ecs"].into_iter().chain(run.split_whitespace()).collect();
    let started = served.aws(&[&run[..], &["--network-configuration", &network]].concat()).json();
    assert_eq!(started["failures"], json!([]));
    let arn = started["tasks"][0]["taskArn"].as_str().expect("an ARN").to_owned();
    served.ecs(&format!("wait tasks-running --cluster {CLUSTER} --tasks {arn}")).text();
    let listed = served.ecs(&format!("list-tasks --cluster {CLUSTER} --started-by me")).json();
    assert_eq!(listed["taskArns"], json!([arn]));
    served.ecs(&format!("stop-task --cluster {CLUSTER} --task {arn} --reason enough")).json();
    served.ecs(&format!("wait tasks-stopped --cluster {CLUSTER} --tasks {arn}")).text();
    let task = served.ecs(&format!("describe-tasks --cluster {CLUSTER} --tasks {arn}")).json()["tasks"][0].clone();
    assert_eq!(task["stoppedReason"], "enough", "{task}");
    assert_eq!(task["containers"][0]["exitCode"], 0, "{task}");
}

#[test]
fn what_is_not_there_has_aws_s_own_codes() {
    let served = Served::small();
    served.ecs("describe-services --cluster nothing --services a").refused("ClusterNotFoundException");
    served.ecs("update-service --cluster nothing --service a").refused("ClusterNotFoundException");
    let said = served.ecs("list-attributes --target-type container-instance");
    assert!(format!("{said:?}").contains("ListAttributes"), "{said:?}");
    served.ecs("describe-task-definition --task-definition nothing").refused("ClientException");
}
