//! What the engine's way of doing things is worth, against the usual one, on the same cloud:
//! following a rollout against `aws ecs wait services-stable`, and retagging against docker.
//!
//! `docs/performance.md` says how it is run and what it gave.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use delivery::aws::{Clients, Transport};
use delivery::edge::{Edge, Stop, Stopper, Variables};
use delivery::environment::Environment;
use delivery::follow::{Followed, Following};
use delivery::progress::Progress;
use delivery::registry::{Layout, Registry};
use delivery::release::Digest;
use delivery::secret::Redactor;
use delivery::settings::{EnvironmentSettings, Settings};
use jiff::Timestamp;
use rehearsal::faults::TaskRule;
use rehearsal::runtime::PLACEHOLDER;
use rehearsal::scenery::Scenery;
use rehearsal::serve::RuntimeKind;
use rehearsal::snapshot::ServiceView;
use rehearsal::world::TaskFault;
use rehearsal::{Scale, Server, ServerOptions};

/// How often each is done; an odd number, so that there is a middle one.
const TIMES: usize = 7;
/// By how much the cloud's durations are shortened at first. The engine's and the AWS CLI's are not.
const FASTER: f64 = 10.0;
/// How often a release crashes.
const CRASHES: usize = 3;
const REPOSITORY: &str = "myapp";

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let bench = Bench::start(FASTER).await;
        bench.rollouts().await;
        bench.tags().await;
        bench.server.stop().await.expect("the cloud ends");
        // In real time: otherwise ECS's own circuit breaker is ten times as fast, and the engine is not.
        let bench = Bench::start(1.0).await;
        bench.crashes().await;
        bench.server.stop().await.expect("the cloud ends");
    });
}

struct Bench {
    server: Server,
    clients: Clients,
    settings: Settings,
    edge: Edge,
    progress: Progress,
    redactor: Redactor,
    _stopper: Stopper,
}

impl Bench {
    async fn start(scale: f64) -> Self {
        let options = ServerOptions {
            port: 0,
            scale: Scale::new(scale).expect("a scale"),
            seed: 1,
            runtime: RuntimeKind::Process,
            scenery: Scenery::default(),
            program: rehearsal_program(),
            temporary: std::env::temp_dir(),
        };
        let server = Server::start(options).await.expect("a cloud");
        let settings = Settings::read(&root().join("delivery.toml"), &Variables::default()).expect("settings");
        let clients =
            Clients::over(Transport::over_the_network(), &server.origin, &settings.service.region).expect("clients");
        let (stopper, stop) = Stop::pair();
        let bench = Self {
            server,
            clients,
            settings,
            edge: Edge::of_this_process(stop),
            progress: Progress::silent(),
            redactor: Redactor::knowing(["nothing"]),
            _stopper: stopper,
        };
        until(|| bench.service().service_deployments.iter().all(|deployment| deployment.status == "SUCCESSFUL")).await;
        bench
    }

    fn staging(&self) -> &EnvironmentSettings {
        self.settings.environment(Environment::Staging)
    }

    fn service(&self) -> ServiceView {
        let services = self.server.cloud.snapshot().services;
        services.into_iter().find(|service| service.cluster == self.staging().cluster).expect("a service")
    }

    /// Asks for a release that differs from all others by its name; the id of its deployment.
    async fn update(&self, name: &str) -> String {
        let registry = self.server.cloud.registry();
        let environment = [(PLACEHOLDER, "1"), ("RELEASE", name)];
        let digest = registry.seed(REPOSITORY, None, &environment, Timestamp::now()).expect("an image");
        let host = self.server.origin.trim_start_matches("http://");
        let staging = self.staging();
        let now = self.clients.task_definition(&self.service().task_definition).await.expect("a definition");
        let container = &self.settings.service.container;
        let next = now.with_image(container, &format!("{host}/{REPOSITORY}@{digest}")).expect("the container");
        let next = self.clients.register(&next).await.expect("a revision");
        let service = self
            .clients
            .update_service(&staging.cluster, &staging.service, next.arn(), None)
            .await
            .expect("it is updated");
        service.primary().expect("a primary").id.clone()
    }

    async fn follow(&self, deployment: &str) -> Followed {
        let following = Following {
            clients: &self.clients,
            environment: self.staging(),
            container: &self.settings.service.container,
            edge: &self.edge,
            progress: &self.progress,
            redactor: &self.redactor,
            limit: self.settings.limits.rollout,
            rollback_limit: self.settings.limits.rollback,
        };
        Box::pin(following.follow(deployment, None, std::future::pending())).await
    }

    /// How late a good rollout's end is known.
    async fn rollouts(&self) {
        let aws = std::env::var_os("SLIPWAY_TEST_AWS_CLI");
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for time in 0..TIMES {
            let deployment = self.update(&format!("good {time}")).await;
            let waiting = aws.clone().map(|aws| {
                let mut command = Command::new(aws);
                let staging = self.staging();
                command.args(["ecs", "wait", "services-stable", "--cluster", &staging.cluster, "--services"]);
                command.arg(&staging.service).envs(self.server.environment());
                tokio::task::spawn_blocking(move || (command.status(), Timestamp::now()))
            });
            self.follow(&deployment).await;
            let known = Timestamp::now();
            let ended = self.service().service_deployments[0].finished_at.expect("it has ended");
            ours.push(seconds(ended, known));
            if let Some(waiting) = waiting {
                let (status, known) = waiting.await.expect("no panic");
                assert!(status.expect("the AWS CLI starts").success(), "the AWS CLI failed");
                theirs.push(seconds(ended, known));
            }
        }
        println!("a good rollout is known after its end: {}", told(&ours));
        match aws {
            Some(_) => println!("aws ecs wait services-stable, of the same: {}", told(&theirs)),
            None => println!("no AWS CLI is named in SLIPWAY_TEST_AWS_CLI"),
        }
    }

    /// How soon the way back is asked for, after ECS calls the second task that crashed stopped. That is
    /// some seconds after its program has ended, and the engine need not wait for it.
    async fn crashes(&self) {
        let mut times = Vec::new();
        for time in 0..CRASHES {
            let crash = TaskFault::Crash { after: Duration::from_millis(300), code: 37 };
            let rule = TaskRule::NextDeployment(self.staging().service.clone());
            self.server.cloud.faults(|faults| faults.add_task(rule, crash, None));
            let asked = |snapshot: &rehearsal::snapshot::Snapshot| {
                let calls = snapshot.calls.iter().filter(|call| call.operation == "StopServiceDeployment");
                calls.map(|call| call.at).collect::<Vec<_>>()
            };
            let before = asked(&self.server.cloud.snapshot()).len();
            let began = Timestamp::now();
            let deployment = self.update(&format!("bad {time}")).await;
            let followed = self.follow(&deployment).await;
            let snapshot = self.server.cloud.snapshot();
            let mut crashes: Vec<_> = snapshot
                .tasks
                .iter()
                .filter(|task| task.exit_code == Some(37))
                .filter_map(|task| task.stopped_at.filter(|at| *at > began))
                .collect();
            crashes.sort();
            assert!(crashes.len() >= 2, "{followed:?}");
            times.push(seconds(crashes[1], asked(&snapshot)[before]));
            self.server.cloud.faults(rehearsal::faults::Faults::clear);
        }
        println!("a rollback is asked for after the second crashed task is STOPPED: {}", told(&times));
    }

    /// What it takes to put another tag on an image.
    async fn tags(&self) {
        let Ok(layout) = Layout::read(&root().join("target/image")) else {
            return println!("no image is in target/image: `cargo xtask build` makes one");
        };
        let registry = Registry::new(&self.clients, REPOSITORY);
        let pushed = registry.push(&layout, "image-of-the-service").await.expect("a push");
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for time in 0..TIMES {
            let started = Instant::now();
            let tag = format!("ours-{time}");
            self.clients.retag(REPOSITORY, &pushed.digest, &tag).await.expect("a tag");
            ours.push(started.elapsed().as_secs_f64());
            if let Some(took) = self.tag_by_docker(&pushed.digest, &format!("theirs-{time}")).await {
                theirs.push(took.as_secs_f64());
            }
        }
        println!("a tag by the manifest: {}", told(&ours));
        if theirs.len() == TIMES {
            println!("a tag by docker pull, tag and push: {}", told(&theirs));
            println!("the first of these is {:.0} times faster", middle(&theirs) / middle(&ours));
        } else {
            println!("docker cannot do the same here");
        }
    }

    /// As most pipelines do it, with an empty cache of images; none without an engine.
    async fn tag_by_docker(&self, digest: &Digest, tag: &str) -> Option<Duration> {
        let login = self.clients.registry_login().await.expect("a login");
        let host = self.server.origin.trim_start_matches("http://").to_owned();
        let folder = tempfile::tempdir().expect("a folder");
        let authorization = login.authorization.to_str().expect("a header").trim_start_matches("Basic ").to_owned();
        let auths = serde_json::json!({ "auths": { &host: { "auth": authorization } } });
        std::fs::write(folder.path().join("config.json"), auths.to_string()).expect("a file");
        let (image, tagged) = (format!("{host}/{REPOSITORY}@{digest}"), format!("{host}/{REPOSITORY}:{tag}"));
        let config = folder.path().to_owned();
        let work = move || {
            let docker = |arguments: &[&str]| {
                let mut docker = Command::new("docker");
                let docker = docker.arg("--config").arg(&config).args(arguments).stdout(Stdio::null());
                docker.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
            };
            let started = Instant::now();
            let done = docker(&["pull", &image]) && docker(&["tag", &image, &tagged]) && docker(&["push", &tagged]);
            let took = started.elapsed();
            docker(&["rmi", &tagged, &image]);
            done.then_some(took)
        };
        tokio::task::spawn_blocking(work).await.expect("no panic")
    }
}

async fn until(is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(2);
    while !is_so() {
        assert!(Instant::now() < deadline, "the cloud did not come up");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

fn middle(times: &[f64]) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn told(times: &[f64]) -> String {
    let most = times.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{:.3} s in the middle of {}, {most:.3} s at worst", middle(times), times.len())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// The program that guards what a killed cloud leaves, and runs in the place of placeholders.
fn rehearsal_program() -> PathBuf {
    let status = Command::new("cargo").args(["build", "--quiet", "--locked", "--package", "rehearsal"]).status();
    assert!(status.expect("cargo starts").success(), "the rehearsal cannot be compiled");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    target.join("debug/rehearsal")
}
