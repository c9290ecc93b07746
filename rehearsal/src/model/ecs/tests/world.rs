//! A model with a runtime and a load balancer that are a list of reports to come.

mod paired;

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::TargetGroupOptions;
use crate::clock::Scale;
use crate::faults::TaskRule;
use crate::model::ecs::service::Workload;
use crate::model::ecs::service::{Breaker, DeploymentStatus, LoadBalancer, Rules, Service, Threshold};
use crate::model::ecs::task::{Phase, Task};
use crate::model::ecs::{Change, Refusal, ServiceWish};
use crate::model::{Command, Identity, State};
use crate::world::{Launch, Report, TaskFault};

pub(super) use self::paired::shifting;

/// How long a container takes to run, in seconds.
const START_UP: u64 = 4;
/// How long a target takes to be healthy after that, in seconds: it is registered and checked.
const CHECKS: u64 = 10;
/// The network of every service here.
pub(super) fn network() -> Value {
    json!({ "awsvpcConfiguration": { "subnets": ["subnet-1"] } })
}

/// The rules of a service unless a test says otherwise.
pub(super) fn rules() -> Rules {
    let breaker = Breaker { rollback: true, resets: true, threshold: Threshold::Bounded(50) };
    Rules { minimum: 100, maximum: 200, breaker: Some(breaker), alarms: None, blue_green: None, document: json!({}) }
}

pub(super) fn workload(definition: &str, balancer: LoadBalancer) -> Workload {
    Workload {
        definition: definition.to_owned(),
        balancers: vec![balancer],
        network: network(),
        launch_type: "FARGATE".to_owned(),
        platform_version: "LATEST".to_owned(),
    }
}

pub(super) struct World {
    pub(super) state: State,
    pub(super) now: Timestamp,
    pub(super) launches: Vec<Launch>,
    reports: Vec<(Timestamp, String, Report)>,
    /// The fewest targets in rotation where users are sent, and the most tasks that were to run, since this
    /// was reset.
    pub(super) fewest: usize,
    pub(super) most: usize,
    /// The fewest blue tasks that served from the first stage until the clean-up, since this was reset.
    pub(super) fewest_blue: usize,
}

impl World {
    /// A world with a cluster `c`.
    pub(super) fn new() -> Self {
        let identity = Identity {
            region: "ap-northeast-1".to_owned(),
            account: "123456789012".to_owned(),
            registry_host: "127.0.0.1:5000".to_owned(),
        };
        let mut state = State::new(identity, Scale::REAL, 1);
        state.create_cluster("c", Vec::new());
        let now = "2026-11-24T10:00:00Z".parse().expect("a time");
        Self { state, now, launches: Vec::new(), reports: Vec::new(), fewest: 0, most: 0, fewest_blue: usize::MAX }
    }

    /// A world where a service `web` of so many tasks has come up with the release `v1`.
    pub(super) fn up(desired: u32, rules: Rules) -> Self {
        let mut world = Self::new();
        let definition = world.release("v1");
        world.create(desired, rules, &definition).expect("a service");
        world.run(60);
        world.fewest = world.in_rotation();
        world.most = 0;
        world
    }

    /// Registers a definition of a new image; its ARN.
    pub(super) fn release(&mut self, name: &str) -> String {
        let seeded = self.state.account.registry.seed("myapp", None, &[("RELEASE", name)], self.now);
        self.register(&format!("127.0.0.1:5000/myapp@{}", seeded.expect("a new image").as_str()))
    }

    pub(super) fn register(&mut self, image: &str) -> String {
        let document = json!({
            "family": "web", "networkMode": "awsvpc",
            "containerDefinitions": [{
                "name": "app", "image": image, "portMappings": [{ "containerPort": 8080 }], "command": ["serve"],
                "stopTimeout": 75, "environment": [{ "name": "A", "value": "1" }],
                "logConfiguration": {
                    "logDriver": "awslogs", "options": { "awslogs-group": "g", "awslogs-stream-prefix": "ecs" },
                },
            }],
        });
        self.register_document(document).expect("a definition")
    }

    pub(super) fn register_document(&mut self, document: Value) -> Result<String, Refusal> {
        let Value::Object(document) = document else { panic!("{document}") };
        self.state.register_definition(document, self.now).map(|definition| definition.arn.clone())
    }

    pub(super) fn create(&mut self, desired: u32, rules: Rules, definition: &str) -> Result<usize, Refusal> {
        let group = TargetGroupOptions { name: "web".to_owned(), ..TargetGroupOptions::default() };
        let target_group = self.state.put_target_group(&group);
        let balancer = LoadBalancer { target_group, container: "app".to_owned(), port: 8080, advanced: None };
        self.create_with(desired, rules, workload(definition, balancer))
    }

    pub(super) fn create_with(&mut self, desired: u32, rules: Rules, workload: Workload) -> Result<usize, Refusal> {
        let wish = ServiceWish {
            cluster: Some("c".to_owned()),
            name: "web".to_owned(),
            desired,
            rules,
            grace: 60,
            workload,
            kept: serde_json::Map::new(),
            tags: Vec::new(),
        };
        let place = self.state.create_service(wish, self.now)?;
        self.settle();
        Ok(place)
    }

    /// Deploys a definition.
    pub(super) fn deploy(&mut self, definition: &str) {
        let mut workload = self.service().workload().cloned().expect("a workload");
        definition.clone_into(&mut workload.definition);
        self.change(Change { workload: Some(workload), ..Change::default() }).expect("a change");
    }

    pub(super) fn change(&mut self, change: Change) -> Result<(), Refusal> {
        self.state.update_service(0, change, self.now)?;
        self.settle();
        Ok(())
    }

    /// Plants a fault for the tasks of a definition.
    pub(super) fn plant(&mut self, definition: &str, fault: TaskFault) {
        self.state.faults.add_task(TaskRule::TaskDefinition(definition.to_owned()), fault, None);
    }

    /// Lets seconds pass.
    pub(super) fn run(&mut self, seconds: u64) {
        self.run_until(seconds, |_| false);
    }

    /// Lets seconds pass, at most so many, until something is so; whether it is.
    pub(super) fn run_until(&mut self, seconds: u64, is_so: impl Fn(&Self) -> bool) -> bool {
        let end = self.now + Duration::from_secs(seconds);
        loop {
            if is_so(self) {
                return true;
            }
            let report = self.reports.iter().map(|(at, _, _)| *at).min();
            let next = [report, self.state.next_deadline()].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= end) else { break };
            self.now = next.max(self.now);
            self.state.advance(self.now);
            while let Some(index) = self.reports.iter().position(|(at, _, _)| *at <= self.now) {
                let (_, task, report) = self.reports.remove(index);
                self.state.report(&task, report, self.now);
                self.settle();
            }
            self.settle();
        }
        self.now = end;
        self.settle();
        is_so(self)
    }

    /// Lets what was done have its effects.
    pub(super) fn settle(&mut self) {
        self.state.advance(self.now);
        for command in self.state.take_commands() {
            match command {
                Command::Start(launch) => self.started(*launch),
                Command::Stop(task) => {
                    self.reports.retain(|(_, known, _)| *known != task);
                    self.later(1, &task, Report::Exited { code: 0 });
                }
            }
        }
        self.fewest = self.fewest.min(self.served());
        self.fewest_blue = self.fewest_blue.min(self.blue().unwrap_or(usize::MAX));
        self.most = self.most.max(self.tasks().filter(|task| task.is_wanted()).count());
    }

    fn started(&mut self, launch: Launch) {
        let task = launch.task.clone();
        match &launch.fault {
            Some(TaskFault::CannotStart { reason }) => {
                self.later(START_UP, &task, Report::CannotStart { reason: reason.clone() });
            }
            fault => {
                let address = launch.port.map(|port| ([10, 0, 0, 1], port).into());
                self.later(START_UP, &task, Report::Running { address });
                let healthy = *fault != Some(TaskFault::NeverReady);
                if launch.port.is_some() {
                    self.later(START_UP + CHECKS, &task, Report::TargetHealth { healthy });
                }
                if let Some(TaskFault::Crash { after, code }) = fault {
                    self.later(START_UP + after.as_secs(), &task, Report::Exited { code: *code });
                }
            }
        }
        self.launches.push(launch);
    }

    /// A report that comes so many seconds from now.
    pub(super) fn later(&mut self, seconds: u64, task: &str, report: Report) {
        self.reports.push((self.now + Duration::from_secs(seconds), task.to_owned(), report));
    }

    /// A report that comes now.
    pub(super) fn report(&mut self, task: &str, report: Report) {
        self.state.report(&task.to_owned(), report, self.now);
        self.settle();
    }

    pub(super) fn service(&self) -> &Service {
        &self.state.ecs.services[0]
    }

    pub(super) fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.state.ecs.tasks.iter()
    }

    /// The ARNs of the tasks that run.
    pub(super) fn running(&self) -> Vec<String> {
        self.tasks().filter(|task| task.phase == Phase::Running).map(|task| task.arn.clone()).collect()
    }

    pub(super) fn in_rotation(&self) -> usize {
        self.state.task_views().iter().filter(|task| task.in_rotation).count()
    }

    /// The releases that run, by the ARN of their definition, and how many tasks of each.
    pub(super) fn serving(&self, definition: &str) -> usize {
        self.tasks().filter(|task| task.definition == definition && task.phase == Phase::Running).count()
    }

    /// The status of the newest service deployments, the newest first.
    pub(super) fn statuses(&self) -> Vec<&'static str> {
        self.service().history.iter().rev().map(|deployment| deployment.status.word()).collect()
    }

    pub(super) fn is(&self, status: DeploymentStatus) -> bool {
        self.service().history.last().is_some_and(|last| last.status == status)
    }

    /// What the service has said, the oldest first, its numbers and ids left out.
    pub(super) fn said(&self) -> Vec<String> {
        let hide = |word: &str| {
            let bare = word.trim_end_matches(['.', ')', ':']);
            let id = name_part(bare);
            let hidden = id.len() > 15 && id.bytes().any(|byte| byte.is_ascii_digit());
            if hidden { format!("{}#{}", &bare[..bare.len() - id.len()], &word[bare.len()..]) } else { word.to_owned() }
        };
        let service = self.service();
        service.events.iter().map(|event| event.message.split(' ').map(hide).collect::<Vec<_>>().join(" ")).collect()
    }
}

fn name_part(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}
