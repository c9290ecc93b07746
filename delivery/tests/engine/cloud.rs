//! A cloud in memory with a service that runs, and the engine's way to it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use delivery::aws::ecs::{Service, TaskDefinition};
use delivery::aws::{Clients, Transport};
use delivery::edge::{Clock, Edge, Random, Stop, Stopper, Variables};
use delivery::environment::Environment;
use delivery::follow::{Followed, Following};
use delivery::progress::{Event, Listener, Moment, Progress};
use delivery::release::{Commit, Release};
use delivery::secret::Redactor;
use delivery::settings::{EnvironmentSettings, Settings};
use jiff::Timestamp;
use rehearsal::faults::{ApiFault, ApiRule, TaskRule};
use rehearsal::registry::Mutability;
use rehearsal::simulation::{OneOff, Simulation, SimulationOptions};
use rehearsal::snapshot::{ServiceView, TaskView};
use rehearsal::world::TaskFault;
use rehearsal::{Cloud, CloudOptions, Scale, TargetGroupOptions};
use serde_json::{Value, json};

use crate::direct;
use crate::in_memory::InMemory;

const HOST: &str = "127.0.0.1:5000";
const REGION: &str = "ap-northeast-1";
const ECS: &str = "AmazonEC2ContainerServiceV20141113";
const CLOUDWATCH: &str = "GraniteServiceVersion20100801";
pub(crate) const CONTAINER: &str = "app";
/// How many tasks there should be.
pub(crate) const DESIRED: usize = 2;

/// Where every clock starts.
pub(crate) fn start() -> Timestamp {
    "2026-11-24T10:00:00Z".parse().expect("a time")
}

/// What was told.
#[derive(Clone, Default)]
pub(crate) struct Told(Arc<Mutex<Vec<Moment>>>);

impl Listener for Told {
    fn take(&self, moment: Moment) {
        self.0.lock().expect("nobody panics with it").push(moment);
    }
}

impl Told {
    pub(crate) fn moments(&self) -> Vec<Moment> {
        self.0.lock().expect("nobody panics with it").clone()
    }

    /// Everything that was told, as text.
    pub(crate) fn text(&self) -> String {
        let lines = self.moments().into_iter().map(|moment| format!("{} {:?}", moment.at, moment.event));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// When this was first said or warned of.
    pub(crate) fn when(&self, words: &str) -> Option<Timestamp> {
        let says = |moment: &&Moment| match &moment.event {
            Event::Said { what, .. } | Event::Warned { what, .. } => what.contains(words),
            _ => false,
        };
        self.moments().iter().find(says).map(|moment| moment.at)
    }

    /// The lines of logs.
    pub(crate) fn log(&self) -> Vec<String> {
        let line = |moment: Moment| match moment.event {
            Event::Log { line, .. } => Some(line),
            _ => None,
        };
        self.moments().into_iter().filter_map(line).collect()
    }
}

/// A cloud with the staging service of `delivery.toml`, whose first release runs.
pub(crate) struct Scene {
    pub(crate) cloud: Cloud,
    pub(crate) simulation: Simulation,
    pub(crate) clients: Clients,
    pub(crate) edge: Edge,
    pub(crate) stopper: Stopper,
    pub(crate) settings: Settings,
    pub(crate) told: Told,
    pub(crate) progress: Progress,
    pub(crate) redactor: Redactor,
    /// What ran first.
    pub(crate) first: Release,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::with(SimulationOptions::default()).await
    }

    /// With one-off tasks that do this.
    pub(crate) async fn migrating(one_off: OneOff) -> Self {
        let one_off = Arc::new(move |_: &_| one_off.clone());
        Self::with(SimulationOptions { one_off, ..SimulationOptions::default() }).await
    }

    async fn with(options: SimulationOptions) -> Self {
        let scene = Self::empty(options);
        scene.ask("CreateCluster", json!({ "clusterName": scene.staging().cluster })).await;
        let definition = scene.definition_of(&scene.first);
        let registered = scene.ask("RegisterTaskDefinition", definition).await;
        let group = TargetGroupOptions { name: "staging".to_owned(), ..TargetGroupOptions::default() };
        let group = scene.cloud.put_target_group(&group);
        let service = json!({
            "cluster": scene.staging().cluster, "serviceName": scene.staging().service, "desiredCount": DESIRED,
            "taskDefinition": registered["taskDefinition"]["taskDefinitionArn"], "launchType": "FARGATE",
            "loadBalancers": [{ "targetGroupArn": group, "containerName": CONTAINER, "containerPort": 8080 }],
            "deploymentConfiguration": {
                "minimumHealthyPercent": 100, "maximumPercent": 200,
                "deploymentCircuitBreaker": { "enable": true, "rollback": true },
            },
            "networkConfiguration": { "awsvpcConfiguration": { "subnets": ["subnet-1"] } },
        });
        scene.ask("CreateService", service).await;
        scene.until("SUCCESSFUL").await;
        scene
    }

    /// With a cluster, and no service in it.
    fn empty(options: SimulationOptions) -> Self {
        let cloud = Cloud::new(CloudOptions {
            region: REGION.to_owned(),
            account: "123456789012".to_owned(),
            scale: Scale::REAL,
            seed: 1,
            registry_host: HOST.to_owned(),
            start: start(),
        });
        let simulation = Simulation::attach_with(&cloud, options);
        let text = include_str!("../../../delivery.toml");
        let settings = Settings::parse(text, &Variables::default()).expect("the settings of this repository");
        let mutability = Mutability::immutable_except(&["*-latest"]);
        cloud.registry().create_repository(&settings.service.repository, mutability, start());
        let transport = Transport::through(InMemory(cloud.clone()));
        let clients = Clients::over(transport, &format!("http://{HOST}"), REGION).expect("clients");
        let (stopper, stop) = Stop::pair();
        let drawn = Arc::new(AtomicU64::new(0));
        let clock = Clock::simulated(start());
        let edge = Edge {
            clock,
            variables: Variables::default(),
            random: Random::new(move || drawn.fetch_add(1, Ordering::Relaxed).into()),
            stop,
        };
        let told = Told::default();
        let progress = Progress::new(Arc::new(told.clone()), clock);
        let first = release_in(&cloud, &settings.service.repository, 'a');
        let redactor = Redactor::knowing(["hunter2"]);
        Self { cloud, simulation, clients, edge, stopper, settings, told, progress, redactor, first }
    }

    pub(crate) fn staging(&self) -> &EnvironmentSettings {
        self.settings.environment(Environment::Staging)
    }

    /// A release whose image is in the registry.
    pub(crate) fn release(&self, letter: char) -> Release {
        release_in(&self.cloud, &self.settings.service.repository, letter)
    }

    fn definition_of(&self, release: &Release) -> Value {
        let image = format!("{HOST}/{}@{}", self.settings.service.repository, release.digest);
        json!({
            "family": "myapp-staging", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
            "cpu": "256", "memory": "512",
            "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
            "containerDefinitions": [{
                "name": CONTAINER, "image": image, "essential": true, "portMappings": [{ "containerPort": 8080 }],
                "environment": [{ "name": "PASSWORD", "value": "hunter2" }],
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-group": "/ecs/myapp", "awslogs-region": REGION,
                        "awslogs-stream-prefix": "ecs", "awslogs-create-group": "true",
                    },
                },
            }],
        })
    }

    /// Asks ECS directly, as somebody else.
    pub(crate) async fn ask(&self, operation: &str, body: Value) -> Value {
        self.call(ECS, operation, body).await
    }

    /// Puts an alarm there, in this state.
    pub(crate) async fn alarm(&self, name: &str, state: &str) {
        let alarm = json!({
            "AlarmName": name, "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1,
            "MetricName": "m", "Namespace": "n", "Period": 60, "Statistic": "Sum", "Threshold": 1.0,
        });
        self.call(CLOUDWATCH, "PutMetricAlarm", alarm).await;
        let state = json!({ "AlarmName": name, "StateValue": state, "StateReason": "a test" });
        self.call(CLOUDWATCH, "SetAlarmState", state).await;
    }

    async fn call(&self, service: &str, operation: &str, body: Value) -> Value {
        let text = direct::ask(&self.cloud, &format!("{service}.{operation}"), &body).await;
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// The service as ECS has it.
    pub(crate) async fn service(&self) -> Service {
        let staging = self.staging();
        let found = self.clients.service(&staging.cluster, &staging.service).await.expect("an answer");
        found.expect("a service")
    }

    /// Registers the service's definition with the image of a release.
    pub(crate) async fn register(&self, release: &Release) -> TaskDefinition {
        let now = self.clients.task_definition(&self.service().await.task_definition).await.expect("a definition");
        let image = format!("{HOST}/{}@{}", self.settings.service.repository, release.digest);
        let copy = now.with_image(CONTAINER, &image).expect("it has the container");
        self.clients.register(&copy).await.expect("it is registered")
    }

    /// Asks for a release; the id of its deployment and the revision that it is planned from.
    pub(crate) async fn update(&self, release: &Release) -> (String, String) {
        let staging = self.staging();
        let definition = self.register(release).await;
        let planned_from = self.revision_now().await;
        let update = self.clients.update_service(&staging.cluster, &staging.service, definition.arn(), None);
        let service = update.await.expect("it is updated");
        (service.primary().expect("a primary").id.clone(), planned_from)
    }

    /// Asks for a release as somebody else does.
    pub(crate) async fn update_as_somebody(&self, release: &Release) {
        let registered = self.ask("RegisterTaskDefinition", self.definition_of(release)).await;
        let (cluster, service) = (&self.staging().cluster, &self.staging().service);
        let definition = &registered["taskDefinition"]["taskDefinitionArn"];
        let update = json!({ "cluster": cluster, "service": service, "taskDefinition": definition });
        self.ask("UpdateService", update).await;
    }

    /// The service revision that the service was last asked for.
    pub(crate) async fn revision_now(&self) -> String {
        let staging = self.staging();
        let id = self.service().await.primary().expect("a primary").id.clone();
        let all = self.clients.service_deployments(&staging.cluster, &staging.service, None).await.expect("an answer");
        all.iter().find(|deployment| deployment.is_of(&id)).expect("it is listed").target_revision.clone()
    }

    pub(crate) fn following(&self) -> Following<'_> {
        Following {
            clients: &self.clients,
            environment: self.staging(),
            container: CONTAINER,
            edge: &self.edge,
            progress: &self.progress,
            redactor: &self.redactor,
            limit: Duration::from_mins(20),
            rollback_limit: Duration::from_mins(20),
        }
    }

    /// Deploys a release and follows that.
    pub(crate) async fn deploy(&self, release: &Release) -> Followed {
        let (id, from) = self.update(release).await;
        Box::pin(self.following().follow(&id, Some(&from), std::future::pending())).await
    }

    /// What happens to the tasks of the next deployment.
    pub(crate) fn break_tasks(&self, fault: TaskFault, times: Option<u64>) {
        let rule = TaskRule::NextDeployment(self.staging().service.clone());
        self.cloud.faults(|faults| faults.add_task(rule, fault, times));
    }

    /// The next calls of an operation, after some, end like this.
    pub(crate) fn break_calls(&self, operation: &str, fault: ApiFault, after: u64, times: u64) {
        let rule = ApiRule { after, ..ApiRule::times(operation, fault, times) };
        self.cloud.faults(|faults| faults.add_call(rule));
    }

    /// How often an operation was called.
    pub(crate) fn count(&self, operation: &str) -> usize {
        self.cloud.snapshot().calls.iter().filter(|call| call.operation == operation).count()
    }

    pub(crate) fn view(&self) -> ServiceView {
        self.cloud.snapshot().services.into_iter().next().expect("a service")
    }

    /// The status of the last service deployment.
    pub(crate) fn status(&self) -> String {
        self.view().service_deployments.first().expect("a service deployment").status.clone()
    }

    /// Waits until the last service deployment stands like this.
    pub(crate) async fn until(&self, status: &str) {
        let reached = async {
            while self.status() != status {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        };
        tokio::time::timeout(Duration::from_hours(1), reached).await.expect(status);
    }

    /// The one-off tasks that were ever started and are still known.
    pub(crate) fn one_offs(&self) -> Vec<TaskView> {
        self.cloud.snapshot().tasks.into_iter().filter(|task| task.service.is_none()).collect()
    }

    /// Every task that the load balancer sends requests to runs this release.
    #[track_caller]
    pub(crate) fn serves(&self, release: &Release) {
        let tasks = self.cloud.snapshot().tasks;
        let serving: Vec<_> = tasks.iter().filter(|task| task.in_rotation).collect();
        assert!(serving.len() >= DESIRED, "{serving:?}");
        for task in serving {
            assert_eq!(task.digest.as_deref(), Some(release.digest.as_str()), "{task:?}");
        }
    }
}

fn release_in(cloud: &Cloud, repository: &str, letter: char) -> Release {
    let commit: Commit = letter.to_string().repeat(40).parse().expect("a commit");
    let environment = [("BUILD_COMMIT", commit.as_str())];
    let digest = cloud.registry().seed(repository, Some(commit.as_str()), &environment, start());
    let digest = match digest {
        Ok(digest) | Err(rehearsal::registry::Refused::Unchanged(digest)) => digest,
        Err(refused) => panic!("{refused:?}"),
    };
    Release { commit, digest: digest.as_str().parse().expect("a digest") }
}

pub(crate) fn crash(code: i32) -> TaskFault {
    TaskFault::Crash { after: Duration::from_secs(1), code }
}
