//! The life of a service over the wire: made, deployed, failed, taken back, watched, deleted.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use crate::faults::TaskRule;
use crate::simulation::Simulation;
use crate::world::TaskFault;
use crate::{Cloud, CloudOptions, Scale, TargetGroupOptions};

struct Scene {
    cloud: Cloud,
    simulation: Simulation,
}

impl Scene {
    /// A cloud with a service `web` of two tasks in a cluster `c`, just made.
    async fn new() -> Self {
        let cloud = Cloud::new(CloudOptions {
            region: "ap-northeast-1".to_owned(),
            account: "123456789012".to_owned(),
            scale: Scale::REAL,
            seed: 1,
            registry_host: "127.0.0.1:5000".to_owned(),
            start: "2026-11-24T10:00:00Z".parse().expect("a time"),
        });
        let simulation = Simulation::attach(&cloud);
        let group = cloud.put_target_group(&TargetGroupOptions::default());
        let scene = Self { cloud, simulation };
        let made =
            scene.ask("CreateCluster", json!({ "clusterName": "c", "tags": [{ "key": "k", "value": "v" }] })).await;
        assert_eq!(made["cluster"]["status"], "ACTIVE");
        scene.ask("CreateCluster", json!({ "clusterName": "c" })).await;
        let first = scene.release("v1").await;
        let service = json!({
            "cluster": "c", "serviceName": "web", "taskDefinition": first, "desiredCount": 2, "launchType": "FARGATE",
            "healthCheckGracePeriodSeconds": 30, "propagateTags": "SERVICE", "enableECSManagedTags": true,
            "loadBalancers": [{ "targetGroupArn": group, "containerName": "app", "containerPort": 8080 }],
            "deploymentConfiguration": { "deploymentCircuitBreaker": { "enable": true, "rollback": true } },
            "networkConfiguration": { "awsvpcConfiguration": { "subnets": ["subnet-1"] } },
        });
        scene.ask("CreateService", service).await;
        scene
    }

    async fn ask(&self, operation: &str, input: Value) -> Value {
        let (status, body) = self.call(operation, input).await;
        assert_eq!(status, 200, "{operation}: {body}");
        body
    }

    async fn call(&self, operation: &str, input: Value) -> (u16, Value) {
        let request = Request::post("/")
            .header("authorization", "AWS4-HMAC-SHA256 Credential=rehearsal/x")
            .header("x-amz-target", format!("AmazonEC2ContainerServiceV20141113.{operation}"))
            .body(Bytes::from(input.to_string()))
            .expect("a request");
        let answer = self.cloud.handle(request).await;
        (answer.status().as_u16(), serde_json::from_slice(answer.body()).expect("JSON"))
    }

    /// Registers a definition of a new image; its ARN.
    async fn release(&self, name: &str) -> String {
        let digest = self.cloud.registry().seed("myapp", None, &[("RELEASE", name)], self.cloud.now());
        let definition = json!({
            "family": "web", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256",
            "memory": "512", "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
            "containerDefinitions": [{
                "name": "app", "image": format!("127.0.0.1:5000/myapp@{}", digest.expect("an image").as_str()),
                "portMappings": [{ "containerPort": 8080 }],
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": { "awslogs-group": "web", "awslogs-stream-prefix": "ecs", "awslogs-region": "x" },
                },
            }],
        });
        let told = self.ask("RegisterTaskDefinition", definition).await;
        told["taskDefinition"]["taskDefinitionArn"].as_str().expect("an ARN").to_owned()
    }

    async fn deploy(&self, definition: &str) -> Value {
        let update = json!({ "cluster": "c", "service": "web", "taskDefinition": definition });
        self.ask("UpdateService", update).await["service"].clone()
    }

    async fn service(&self) -> Value {
        let told = self.ask("DescribeServices", json!({ "cluster": "c", "services": ["web"] })).await;
        told["services"][0].clone()
    }

    /// The service deployments, the newest first, described whole.
    async fn deployments(&self) -> Vec<Value> {
        let told = self.ask("ListServiceDeployments", json!({ "cluster": "c", "service": "web" })).await;
        let briefs = told["serviceDeployments"].as_array().expect("a list");
        let arns: Vec<_> = briefs.iter().map(|brief| brief["serviceDeploymentArn"].clone()).collect();
        let told = self.ask("DescribeServiceDeployments", json!({ "serviceDeploymentArns": arns })).await;
        told["serviceDeployments"].as_array().expect("a list").clone()
    }

    async fn tasks(&self, filter: Value) -> Vec<Value> {
        let mut input = filter;
        input["cluster"] = json!("c");
        let arns = self.ask("ListTasks", input).await["taskArns"].clone();
        if arns.as_array().is_none_or(Vec::is_empty) {
            return Vec::new();
        }
        let told = self.ask("DescribeTasks", json!({ "cluster": "c", "tasks": arns })).await;
        told["tasks"].as_array().expect("a list").clone()
    }

    /// Waits as people do: asks every few seconds.
    async fn until(&self, status: &str) -> Value {
        for _ in 0..200 {
            let last = self.deployments().await.remove(0);
            if last["status"] == status {
                return last;
            }
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
        panic!("it does not become {status}: {}", self.service().await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_release_is_rolled_out_and_can_be_proven() {
    let scene = Scene::new().await;
    scene.until("SUCCESSFUL").await;
    let next = scene.release("v2").await;
    let updated = scene.deploy(&next).await;
    let primary = &updated["deployments"][0];
    let pair = (&primary["status"], &primary["rolloutState"], &updated["deployments"][1]["status"]);
    assert_eq!(pair, (&json!("PRIMARY"), &json!("IN_PROGRESS"), &json!("ACTIVE")));
    let number = primary["id"].as_str().and_then(|id| id.strip_prefix("ecs-svc/")).expect("an id").to_owned();
    assert!(scene.service().await["currentServiceDeployment"].is_string());

    let done = scene.until("SUCCESSFUL").await;
    let target = done["targetServiceRevision"]["arn"].as_str().expect("an ARN").to_owned();
    assert!(target.ends_with(&format!(":service-revision/c/web/{number}")), "{target}");
    let source = &done["sourceServiceRevisions"][0];
    assert_eq!((&source["requestedTaskCount"], &source["runningTaskCount"]), (&json!(2), &json!(2)));
    assert_eq!(
        done["deploymentCircuitBreaker"],
        json!({ "status": "MONITORING_COMPLETE", "failureCount": 0, "threshold": 3 })
    );
    assert_eq!(done["alarms"]["status"], "DISABLED");
    for time in ["createdAt", "startedAt", "finishedAt", "updatedAt"] {
        assert!(done[time].is_number(), "{time}");
    }

    let both = [&target, source["arn"].as_str().expect("an ARN"), "arn:none"];
    let told = scene.ask("DescribeServiceRevisions", json!({ "serviceRevisionArns": both })).await;
    let revision = &told["serviceRevisions"][0];
    let digest = revision["containerImages"][0]["imageDigest"].as_str().expect("a digest").to_owned();
    assert_eq!(
        (revision["taskDefinition"].as_str(), &told["failures"][0]["reason"]),
        (Some(&*next), &json!("MISSING"))
    );
    let tasks = scene.tasks(json!({ "serviceName": "web" })).await;
    assert_eq!(tasks.len(), 2);
    for task in tasks {
        assert_eq!(task["containers"][0]["imageDigest"].as_str(), Some(&*digest));
        assert_eq!(task["startedBy"], format!("ecs-svc/{number}"));
        let words = [&task["group"], &task["lastStatus"], &task["desiredStatus"], &task["containers"][0]["lastStatus"]];
        assert_eq!(words, ["service:web", "RUNNING", "RUNNING", "RUNNING"]);
    }
    let service = scene.service().await;
    assert_eq!((&service["runningCount"], &service["propagateTags"]), (&json!(2), &json!("SERVICE")));
    assert_eq!(service["deployments"].as_array().map(Vec::len), Some(1));
    assert_eq!(service["events"][0]["message"], "(service web) has reached a steady state.");
    assert_eq!(service["currentServiceRevisions"][0]["arn"], target);
    assert!(service.get("currentServiceDeployment").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_release_that_crashes_is_taken_back_and_its_tasks_tell_why() {
    let scene = Scene::new().await;
    let first = scene.until("SUCCESSFUL").await;
    let fault = TaskFault::Crash { after: Duration::from_secs(1), code: 37 };
    scene.cloud.faults(|faults| faults.add_task(TaskRule::NextDeployment("web".to_owned()), fault, None));
    let next = scene.release("v2").await;
    let updated = scene.deploy(&next).await;
    let by = updated["deployments"][0]["id"].clone();
    let back = scene.until("ROLLBACK_SUCCESSFUL").await;
    assert_eq!(back["rollback"]["serviceRevisionArn"], first["targetServiceRevision"]["arn"]);
    assert_eq!(back["deploymentCircuitBreaker"]["status"], "TRIGGERED");
    let reason = "Service deployment rolled back because the circuit breaker threshold was exceeded.";
    assert_eq!((&back["statusReason"], &back["rollback"]["reason"]), (&json!(reason), &json!(reason)));

    let stopped = scene.tasks(json!({ "serviceName": "web", "desiredStatus": "STOPPED" })).await;
    let failed: Vec<_> =
        stopped.iter().filter(|task| task["startedBy"] == by && task["containers"][0]["exitCode"] == 37).collect();
    assert!(failed.len() >= 3, "{stopped:?}");
    assert_eq!(
        (&failed[0]["stopCode"], &failed[0]["stoppedReason"]),
        (&json!("EssentialContainerExited"), &json!("Essential container in task exited"))
    );
    let service = scene.service().await;
    assert_eq!(service["taskDefinition"].as_str().map(|arn| arn.ends_with("/web:1")), Some(true));
}

#[tokio::test(start_paused = true)]
async fn a_deployment_is_stopped_and_the_history_is_told_in_pages_and_by_filters() {
    let scene = Scene::new().await;
    scene.until("SUCCESSFUL").await;
    let middle = scene.cloud.now();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let next = scene.release("v2").await;
    scene.deploy(&next).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let in_flight = scene.deployments().await.remove(0);
    assert_eq!(
        (&in_flight["status"], &in_flight["deploymentCircuitBreaker"]["status"]),
        (&json!("IN_PROGRESS"), &json!("MONITORING"))
    );
    let arn = in_flight["serviceDeploymentArn"].clone();
    let told = scene.ask("StopServiceDeployment", json!({ "serviceDeploymentArn": arn, "stopType": "ROLLBACK" })).await;
    assert_eq!(told["serviceDeploymentArn"], arn);
    assert_eq!(scene.deployments().await[0]["status"], "ROLLBACK_REQUESTED");
    scene.until("ROLLBACK_SUCCESSFUL").await;
    let (status, refused) = scene.call("StopServiceDeployment", json!({ "serviceDeploymentArn": arn })).await;
    assert_eq!((status, &refused["__type"]), (400, &json!("ConflictException")));

    let seconds = middle.as_millisecond() as f64 / 1000.0;
    let cases = [
        (json!({}), 2),
        (json!({ "status": ["SUCCESSFUL"] }), 1),
        (json!({ "status": ["PENDING", "STOPPED"] }), 0),
        (json!({ "createdAt": { "after": seconds } }), 1),
        (json!({ "createdAt": { "before": seconds } }), 1),
        (json!({ "maxResults": 1 }), 1),
    ];
    for (filter, expected) in cases {
        let mut input = filter.clone();
        input["cluster"] = json!("c");
        input["service"] = json!("web");
        let told = scene.ask("ListServiceDeployments", input.clone()).await;
        assert_eq!(told["serviceDeployments"].as_array().map(Vec::len), Some(expected), "{filter}");
        if let Some(token) = told.get("nextToken") {
            input["nextToken"] = token.clone();
            let rest = scene.ask("ListServiceDeployments", input).await;
            assert_eq!(rest["serviceDeployments"][0]["status"], "SUCCESSFUL");
        }
    }
    let missing = scene.ask("DescribeServiceDeployments", json!({ "serviceDeploymentArns": ["arn:none"] })).await;
    assert_eq!(missing["failures"], json!([{ "arn": "arn:none", "reason": "MISSING" }]));
}

#[tokio::test(start_paused = true)]
async fn a_one_off_task_is_run_once_found_by_who_started_it_and_followed_to_its_end() {
    let scene = Scene::new().await;
    scene.until("SUCCESSFUL").await;
    let run = json!({
        "cluster": "c", "taskDefinition": "web", "clientToken": "once", "startedBy": "migrate/1",
        "launchType": "FARGATE", "networkConfiguration": { "awsvpcConfiguration": { "subnets": ["subnet-1"] } },
        "overrides": { "containerOverrides": [{ "name": "app", "command": ["migrate"] }] },
    });
    let told = scene.ask("RunTask", run.clone()).await;
    assert_eq!(told["failures"], json!([]));
    let arn = told["tasks"][0]["taskArn"].as_str().expect("an ARN").to_owned();
    assert_eq!(scene.ask("RunTask", run.clone()).await["tasks"][0]["taskArn"], *arn);
    let mut other = run;
    other["startedBy"] = json!("migrate/2");
    assert_eq!(scene.call("RunTask", other).await.1["__type"], "ConflictException");
    assert_eq!(scene.tasks(json!({ "startedBy": "migrate/1" })).await.len(), 1);
    tokio::time::sleep(Duration::from_secs(30)).await;
    let ended = scene.tasks(json!({ "startedBy": "migrate/1", "desiredStatus": "STOPPED" })).await;
    assert_eq!((&ended[0]["lastStatus"], &ended[0]["containers"][0]["exitCode"]), (&json!("STOPPED"), &json!(0)));
    assert_eq!(ended[0]["overrides"]["containerOverrides"][0]["command"], json!(["migrate"]));
    for time in ["createdAt", "startedAt", "stoppingAt", "executionStoppedAt", "stoppedAt"] {
        assert!(ended[0][time].is_number(), "{time}");
    }
    let launch = scene.simulation.launches().into_iter().find(|launch| launch.task == arn).expect("a launch");
    assert_eq!(launch.command, Some(vec!["migrate".to_owned()]));
    assert_eq!(scene.tasks(json!({ "family": "web" })).await.len(), 2);
    assert_eq!(scene.tasks(json!({ "family": "other", "launchType": "FARGATE" })).await.len(), 0);
    let told = scene.ask("DescribeTasks", json!({ "cluster": "c", "tasks": ["none", "arn:none"] })).await;
    assert_eq!(told["failures"].as_array().map(Vec::len), Some(2));
}

#[tokio::test(start_paused = true)]
async fn a_task_is_stopped_by_hand_and_the_service_is_deleted() {
    let scene = Scene::new().await;
    scene.until("SUCCESSFUL").await;
    let victim = scene.tasks(json!({})).await[0]["taskArn"].clone();
    let told = scene.ask("StopTask", json!({ "cluster": "c", "task": victim, "reason": "a drill" })).await;
    let words = [&told["task"]["stopCode"], &told["task"]["stoppedReason"], &told["task"]["lastStatus"]];
    assert_eq!(words, ["UserInitiated", "a drill", "DEACTIVATING"]);
    tokio::time::sleep(Duration::from_mins(2)).await;
    let told = scene.ask("DescribeClusters", json!({ "clusters": ["c", "none"] })).await;
    let cluster = &told["clusters"][0];
    assert_eq!((&cluster["runningTasksCount"], &cluster["activeServicesCount"]), (&json!(2), &json!(1)));
    assert_eq!(told["failures"][0]["reason"], "MISSING");
    assert_eq!(scene.ask("DescribeClusters", json!({})).await["failures"][0]["arn"], "default");
    assert_eq!(scene.ask("ListClusters", json!({})).await["clusterArns"].as_array().map(Vec::len), Some(1));
    let listed = scene.ask("ListServices", json!({ "cluster": "c" })).await;
    assert_eq!(listed["serviceArns"].as_array().map(Vec::len), Some(1));

    let update = json!({ "cluster": "c", "service": "web", "desiredCount": 1, "platformVersion": "1.4.0" });
    assert_eq!(scene.ask("UpdateService", update).await["service"]["desiredCount"], 1);
    let told = scene.ask("DeleteService", json!({ "cluster": "c", "service": "web", "force": true })).await;
    assert_eq!(told["service"]["status"], "DRAINING");
    let (status, refused) = scene.call("UpdateService", json!({ "cluster": "c", "service": "web" })).await;
    assert_eq!((status, &refused["__type"]), (400, &json!("ServiceNotActiveException")));
    tokio::time::sleep(Duration::from_mins(2)).await;
    let service = scene.service().await;
    assert_eq!((&service["status"], &service["deployments"]), (&json!("INACTIVE"), &json!([])));
    let told = scene.ask("DescribeServices", json!({ "cluster": "c", "services": ["none"] })).await;
    assert_eq!(told["failures"][0]["arn"], "arn:aws:ecs:ap-northeast-1:123456789012:service/c/none");
    assert_eq!(scene.simulation.tasks().len(), 0);
}
