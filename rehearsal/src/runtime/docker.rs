//! Runs tasks as containers of the Docker engine, pulled by digest from the cloud's own registry.
//!
//! Containers have a read-only root, no capabilities, another user than root, and the host's
//! network, where each listens at its own address below 127.0.0.0/8. Placeholders stay processes.

mod engine;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command as Blocking;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use self::engine::Engine;
use super::estate::Estate;
use super::loopback::Loopback;
use super::process::{ProcessOptions, Processes};
use super::{Order, invocation, killed, output, stopped};
use crate::registry::{Image, Registry};
use crate::world::{Launch, Report, Reports, Runtime, TaskArn, TaskFault};

/// The label whose value is the folder of the cloud that a container belongs to.
const LABEL: &str = "slipway.rehearsal";

/// The account of a container whose image names none, or root.
const UNPRIVILEGED: &str = "65532:65532";

/// How long output may be read after the end of its container.
const OUTPUT_LIMIT: Duration = Duration::from_secs(2);

/// What a container has that signal 9 ended.
const KILLED: i32 = 137;

/// Runs tasks as containers. A clone is another handle.
#[derive(Clone)]
pub struct Containers(Arc<Shared>);

struct Shared {
    engine: Engine,
    registry: Registry,
    reports: Arc<dyn Reports>,
    loopback: Loopback,
    options: ProcessOptions,
    placeholders: Processes,
    tasks: Mutex<BTreeMap<TaskArn, watch::Sender<Order>>>,
}

impl Containers {
    /// Runs what the registry at `host` has on the engine, if there is one. `login` is the registry's
    /// authorization token: `AWS:PASSWORD` in Base64.
    pub async fn new(
        options: ProcessOptions,
        host: &str,
        login: &str,
        registry: Registry,
        reports: Arc<dyn Reports>,
    ) -> anyhow::Result<Self> {
        Estate::expect_containers(&options.folder, host)?;
        let engine = Engine::connect(&options.folder, host, login).await?;
        let placeholders = Processes::new(
            // Their addresses begin elsewhere.
            ProcessOptions { seed: options.seed ^ 0x5555_5555, ..options.clone() },
            registry.clone(),
            Arc::clone(&reports),
        );
        let loopback = Loopback::new(options.seed);
        let tasks = Mutex::default();
        Ok(Self(Arc::new(Shared { engine, registry, reports, loopback, options, placeholders, tasks })))
    }

    /// Stops every task and waits until they are gone; their own stop timeouts bound that.
    pub async fn stop_all(&self) {
        self.0.placeholders.stop_all().await;
        let stops: Vec<_> = lock(&self.0.tasks).values().cloned().collect();
        for stop in &stops {
            stop.send_replace(Order::Stop);
        }
        for stop in stops {
            stop.closed().await;
        }
    }
}

impl Runtime for Containers {
    fn start(&self, launch: Launch) {
        let image = self.0.registry.image(&launch.repository, &launch.digest);
        if image.as_ref().is_ok_and(|image| invocation::is_placeholder(&image.configuration)) {
            return self.0.placeholders.start(launch);
        }
        let (order, orders) = watch::channel(Order::Run);
        lock(&self.0.tasks).insert(launch.task.clone(), order);
        let shared = Arc::clone(&self.0);
        tokio::spawn(async move {
            let task = launch.task.clone();
            let end = shared.supervise(launch, image, orders).await;
            lock(&shared.tasks).remove(&task);
            shared.reports.report(&task, end);
        });
    }

    fn stop(&self, task: &TaskArn) {
        self.0.placeholders.stop(task);
        if let Some(stop) = lock(&self.0.tasks).get(task) {
            stop.send_replace(Order::Stop);
        }
    }

    fn kill(&self, task: &TaskArn, code: i32) {
        self.0.placeholders.kill(task, code);
        if let Some(order) = lock(&self.0.tasks).get(task) {
            order.send_replace(Order::Kill(code));
        }
    }
}

impl Shared {
    async fn supervise(
        &self,
        launch: Launch,
        image: Result<Image, String>,
        mut orders: watch::Receiver<Order>,
    ) -> Report {
        if let Some(reason) = launch.fault.as_ref().and_then(TaskFault::cannot_start) {
            return Report::CannotStart { reason: reason.to_owned() };
        }
        let created = match image {
            Ok(image) => tokio::select! {
                created = self.create(&launch, &image) => created,
                () = stopped(&mut orders) => return Report::Exited { code: KILLED },
            },
            Err(reason) => Err(reason),
        };
        let (container, address) = match created {
            Ok(created) => created,
            Err(reason) => return Report::CannotStart { reason },
        };
        if let Err(error) = self.engine.run(&["start", &container]).await {
            self.engine.remove(&container).await;
            return Report::CannotStart { reason: format!("CannotStartContainerError: {error}") };
        }
        self.reports.report(&launch.task, Report::Running { address });
        let code = self.attend(&launch, &container, orders).await;
        self.engine.remove(&container).await;
        Report::Exited { code }
    }

    /// Pulls the image and makes the container; its id and its address.
    async fn create(&self, launch: &Launch, image: &Image) -> Result<(String, Option<std::net::SocketAddr>), String> {
        let name = format!("{}@{}", self.registry.repository_uri(&launch.repository), launch.digest);
        self.engine.pull(&name).await.map_err(|error| format!("CannotPullContainerError: {error}"))?;
        let place = self
            .loopback
            .place(&self.options.templates, launch.port)
            .map_err(|error| format!("CannotStartContainerError: {error}"))?;
        let environment = invocation::environment(launch, &image.configuration, place.environment.clone());
        let label = format!("{LABEL}={}", self.options.folder.display());
        let task = format!("slipway.task={}", launch.task);
        let user = match invocation::account(&image.configuration.user) {
            Some((user, group)) => format!("{user}:{group}"),
            None => UNPRIVILEGED.to_owned(),
        };
        let mut arguments = vec!["--label", &label, "--label", &task, "--user", &user];
        arguments.extend(["--network", "host", "--read-only", "--cap-drop", "ALL"]);
        arguments.extend(["--security-opt", "no-new-privileges", "--no-healthcheck"]);
        let run = invocation::arguments(launch, &image.configuration);
        let (program, rest) = run.split_first().ok_or("CannotStartContainerError: no command specified")?;
        arguments.extend(["--entrypoint", program, &name]);
        arguments.extend(rest.iter().map(String::as_str));
        let container = self
            .engine
            .create(&arguments, &environment)
            .await
            .map_err(|error| format!("CannotCreateContainerError: {error}"))?;
        Ok((container, launch.port.map(|port| place.socket(port))))
    }

    /// Reads what the container writes, stops it when asked, plays its fault, and returns its code.
    async fn attend(&self, launch: &Launch, container: &str, mut orders: watch::Receiver<Order>) -> i32 {
        let mut reading = tokio::task::JoinSet::new();
        let mut follower = self.engine.follow(container).ok();
        if let Some(follower) = &mut follower {
            if let Some(stream) = follower.stdout.take() {
                reading.spawn(output::report_lines(stream, launch.task.clone(), Arc::clone(&self.reports)));
            }
            if let Some(stream) = follower.stderr.take() {
                reading.spawn(output::report_lines(stream, launch.task.clone(), Arc::clone(&self.reports)));
            }
        }
        let code = tokio::select! {
            code = self.engine.wait(container) => code,
            code = killed(launch, orders.clone()) => {
                self.engine.signal(container, "KILL").await;
                code
            }
            () = stopped(&mut orders) => {
                self.engine.signal(container, "TERM").await;
                match tokio::time::timeout(launch.stop_timeout, self.engine.wait(container)).await {
                    Ok(code) => code,
                    Err(_) => {
                        self.engine.signal(container, "KILL").await;
                        KILLED
                    }
                }
            }
        };
        let _ = tokio::time::timeout(OUTPUT_LIMIT, async { while reading.join_next().await.is_some() {} }).await;
        drop(follower);
        code
    }
}

/// Removes the containers of a cloud and the images that were pulled from its registry, whoever asks.
pub(super) fn remove_containers_of(folder: &Path, registry: &str) {
    let label = format!("label={LABEL}={}", folder.display());
    for container in list(&["ps", "--all", "--quiet", "--filter", &label]) {
        let _ = Blocking::new("docker").args(["rm", "--force", "--volumes", &container]).output();
    }
    let reference = format!("reference={registry}/*");
    let name = "{{.Repository}}@{{.Digest}}";
    for image in list(&["image", "ls", "--digests", "--format", name, "--filter", &reference]) {
        let _ = Blocking::new("docker").args(["image", "rm", &image]).output();
    }
}

fn list(arguments: &[&str]) -> Vec<String> {
    let listed = Blocking::new("docker").args(arguments).output();
    let listed = listed.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    listed.split_whitespace().map(str::to_owned).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
