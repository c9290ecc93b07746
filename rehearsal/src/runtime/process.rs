//! Runs tasks as processes of this machine, from the files of the pushed image.
//!
//! The program sees this machine's files and network, but its own address below 127.0.0.0/8; it is
//! not root. An image of one static binary notices no difference.

mod unpack;

use std::collections::BTreeMap;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::process::{Child, Command};
use tokio::sync::{OnceCell, watch};

use super::loopback::{Loopback, Place, Templates};
use super::{Order, invocation, killed, output, stopped};
use crate::registry::{Configuration, Registry};
use crate::world::{Launch, Report, Reports, Runtime, TaskArn, TaskFault};

/// How often a program is started that somebody else's fork still holds open for writing.
const BUSY_ATTEMPTS: u32 = 50;

/// How long output may be read after the end of its process: a grandchild may hold the pipe.
const OUTPUT_LIMIT: Duration = Duration::from_secs(1);

/// The account of a program whose image names none, or root.
const NOBODY: (u32, u32) = (65534, 65534);

/// What processes are run with.
#[derive(Clone, Debug)]
pub struct ProcessOptions {
    /// The cloud's folder.
    pub folder: PathBuf,
    /// The program `rehearsal`, which stands in for placeholders.
    pub program: PathBuf,
    /// What tells tasks their address.
    pub templates: Templates,
    /// Where addresses begin.
    pub seed: u64,
}

/// Runs tasks as processes. A clone is another handle.
#[derive(Clone)]
pub struct Processes(Arc<Shared>);

struct Shared {
    options: ProcessOptions,
    registry: Registry,
    reports: Arc<dyn Reports>,
    loopback: Loopback,
    images: Mutex<BTreeMap<String, Arc<Unpacking>>>,
    /// Tells a task's supervisor to stop it, as long as there is one.
    tasks: Mutex<BTreeMap<TaskArn, watch::Sender<Order>>>,
}

/// An image that one task unpacks for all, or the reason why it cannot be had.
type Unpacking = OnceCell<Result<Unpacked, String>>;

/// An image on disk.
#[derive(Clone, Debug)]
struct Unpacked {
    root: PathBuf,
    configuration: Configuration,
}

impl Processes {
    /// Runs what the registry has; started within tokio.
    #[must_use]
    pub fn new(options: ProcessOptions, registry: Registry, reports: Arc<dyn Reports>) -> Self {
        let loopback = Loopback::new(options.seed);
        let (images, tasks) = (Mutex::default(), Mutex::default());
        Self(Arc::new(Shared { options, registry, reports, loopback, images, tasks }))
    }

    /// Stops every task and waits until they are gone; their own stop timeouts bound that.
    pub async fn stop_all(&self) {
        let stops: Vec<_> = lock(&self.0.tasks).values().cloned().collect();
        for stop in &stops {
            stop.send_replace(Order::Stop);
        }
        for stop in stops {
            stop.closed().await;
        }
    }
}

impl Runtime for Processes {
    fn start(&self, launch: Launch) {
        let (order, orders) = watch::channel(Order::Run);
        lock(&self.0.tasks).insert(launch.task.clone(), order);
        let shared = Arc::clone(&self.0);
        tokio::spawn(async move {
            let task = launch.task.clone();
            let end = shared.supervise(launch, orders).await;
            lock(&shared.tasks).remove(&task);
            shared.reports.report(&task, end);
        });
    }

    fn stop(&self, task: &TaskArn) {
        if let Some(stop) = lock(&self.0.tasks).get(task) {
            stop.send_replace(Order::Stop);
        }
    }

    fn kill(&self, task: &TaskArn, code: i32) {
        if let Some(order) = lock(&self.0.tasks).get(task) {
            order.send_replace(Order::Kill(code));
        }
    }
}

impl Shared {
    /// Runs a task from its start to its end, and returns how it ended.
    async fn supervise(&self, launch: Launch, mut orders: watch::Receiver<Order>) -> Report {
        if let Some(reason) = launch.fault.as_ref().and_then(TaskFault::cannot_start) {
            return Report::CannotStart { reason: reason.to_owned() };
        }
        let image = tokio::select! {
            image = self.image(&launch) => image,
            () = stopped(&mut orders) => return Report::Exited { code: KILLED },
        };
        let started = match image {
            Ok(image) => self.spawn(&launch, &image).await.map_err(|error| cannot_start(&image, &launch, &error)),
            Err(reason) => Err(reason),
        };
        let (child, place) = match started {
            Ok(started) => started,
            Err(reason) => return Report::CannotStart { reason },
        };
        self.reports.report(&launch.task, Report::Running { address: launch.port.map(|port| place.socket(port)) });
        Report::Exited { code: self.attend(&launch, child, orders).await }
    }

    /// The image on disk: unpacked by the first task of its digest, for all.
    async fn image(&self, launch: &Launch) -> Result<Unpacked, String> {
        let cell = Arc::clone(lock(&self.images).entry(launch.digest.clone()).or_default());
        let unpack = || async {
            let image = self.registry.image(&launch.repository, &launch.digest)?;
            let root = self.options.folder.join("images").join(launch.digest.replace(':', "-"));
            let configuration = image.configuration.clone();
            let at = root.clone();
            tokio::task::spawn_blocking(move || unpack::unpack(&image, &at))
                .await
                .map_err(io::Error::other)
                .flatten()
                .map_err(|error| format!("CannotPullContainerError: failed to unpack the image: {error}"))?;
            Ok(Unpacked { root, configuration })
        };
        cell.get_or_init(unpack).await.clone()
    }

    async fn spawn(&self, launch: &Launch, image: &Unpacked) -> io::Result<(Child, Place)> {
        let place = self.loopback.place(&self.options.templates, launch.port)?;
        let Unpacked { root, configuration } = image;
        let environment = invocation::environment(launch, configuration, place.environment.clone());
        let mut arguments = invocation::arguments(launch, configuration).into_iter();
        let mut command = if invocation::is_placeholder(configuration) {
            let mut command = Command::new(&self.options.program);
            // The folder's name marks it as one of its processes.
            command.arg("placeholder").arg(root.join("app"));
            command
        } else {
            let program = arguments.next().ok_or_else(|| io::Error::other("no command specified"))?;
            let mut command = Command::new(find(root, &program, environment.get("PATH").map_or("", String::as_str))?);
            command.args(arguments);
            command
        };
        let folder = root.join(configuration.working_dir.trim_start_matches('/'));
        command.current_dir(if folder.is_dir() { &folder } else { root });
        command.env_clear().envs(environment).process_group(0).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if rustix::process::geteuid().is_root() {
            let (user, group) = invocation::account(&configuration.user).unwrap_or(NOBODY);
            command.uid(user).gid(group);
        }
        Ok((spawn_when_free(&mut command).await?, place))
    }

    /// Reads what the process writes, stops it when asked, plays its fault, and returns its code.
    async fn attend(&self, launch: &Launch, mut child: Child, mut orders: watch::Receiver<Order>) -> i32 {
        let process = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let mut reading = tokio::task::JoinSet::new();
        if let Some(stream) = child.stdout.take() {
            reading.spawn(output::report_lines(stream, launch.task.clone(), Arc::clone(&self.reports)));
        }
        if let Some(stream) = child.stderr.take() {
            reading.spawn(output::report_lines(stream, launch.task.clone(), Arc::clone(&self.reports)));
        }
        let code = tokio::select! {
            status = child.wait() => exit_code(status),
            code = killed(launch, orders.clone()) => {
                kill_group(process);
                let _ = child.wait().await;
                code
            }
            () = stopped(&mut orders) => {
                if let Some(process) = process {
                    let _ = kill_process(process, Signal::TERM);
                }
                match tokio::time::timeout(launch.stop_timeout, child.wait()).await {
                    Ok(status) => exit_code(status),
                    Err(_) => {
                        kill_group(process);
                        let _ = child.wait().await;
                        KILLED
                    }
                }
            }
        };
        // What the program leaves behind ends with it, as everything in a container does.
        kill_group(process);
        let _ = tokio::time::timeout(OUTPUT_LIMIT, async { while reading.join_next().await.is_some() {} }).await;
        code
    }
}

/// What a process has that signal 9 ended.
const KILLED: i32 = 137;

fn exit_code(status: io::Result<ExitStatus>) -> i32 {
    status.ok().and_then(|status| status.code().or_else(|| Some(128 + status.signal()?))).unwrap_or(KILLED)
}

fn kill_group(process: Option<Pid>) {
    if let Some(process) = process {
        let _ = kill_process_group(process, Signal::KILL);
    }
}

/// Starts a program. Between its unpacking and now another task may have been forked off with the
/// file still open for writing; that is over as soon as the other runs its own program.
async fn spawn_when_free(command: &mut Command) -> io::Result<Child> {
    for _ in 0..BUSY_ATTEMPTS {
        match command.spawn() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            other => return other,
        }
    }
    command.spawn()
}

/// The program below the root: by its path, or by its name in one of the folders of `path`.
fn find(root: &Path, program: &str, path: &str) -> io::Result<PathBuf> {
    let below = |file: &str| root.join(file.trim_start_matches('/'));
    let candidates: Vec<PathBuf> = if program.contains('/') {
        vec![below(program)]
    } else {
        path.split(':').map(|folder| below(folder).join(program)).collect()
    };
    candidates
        .into_iter()
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| io::Error::other(format!("exec: {program:?}: no such file or directory in the image")))
}

fn cannot_start(image: &Unpacked, launch: &Launch, error: &io::Error) -> String {
    let program = invocation::arguments(launch, &image.configuration).into_iter().next().unwrap_or_default();
    format!("CannotStartContainerError: failed to start {program:?}: {error}")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
pub(crate) mod tests;
