//! The border between the model, which decides which tasks there should be, and what really runs them.
//!
//! The model asks for tasks through a [`Runtime`]; a runtime answers with [`Report`]s. Processes,
//! containers and the simulation of the seeded histories are runtimes.

mod fault;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

pub(crate) use self::fault::seconds;
pub use self::fault::{TaskFault, When};

/// The ARN of a task.
pub type TaskArn = String;

/// A task that is to be started: its one essential container, with nothing left to look up.
#[derive(Clone, Debug, PartialEq)]
pub struct Launch {
    /// The task.
    pub task: TaskArn,
    /// The service that it belongs to, or none for a one-off task.
    pub service: Option<String>,
    /// The ARN of the task definition revision that it was made from.
    pub task_definition: String,
    /// The container's name in the task definition.
    pub container: String,
    /// The repository's name, without the registry's host.
    pub repository: String,
    /// The digest of the image's manifest, `sha256:` and 64 hexadecimal digits.
    pub digest: String,
    /// What replaces the image's entrypoint.
    pub entry_point: Option<Vec<String>>,
    /// What replaces the image's command.
    pub command: Option<Vec<String>>,
    /// The environment of the task definition and of the overrides, secrets resolved; the image's
    /// own comes below it.
    pub environment: BTreeMap<String, String>,
    /// The port that the load balancer sends requests to, for a task of a service behind one.
    pub port: Option<u16>,
    /// From SIGTERM to SIGKILL, already scaled.
    pub stop_timeout: Duration,
    /// What the cloud does to this task, whatever its program does.
    pub fault: Option<TaskFault>,
}

/// What a runtime saw happen to a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// The container runs, and takes connections (or soon will) at this address.
    Running {
        /// Where its port is reachable from the load balancer; none for a task without a port.
        address: Option<SocketAddr>,
    },
    /// It could not be started, and never ran; ECS's `stoppedReason`.
    CannotStart {
        /// `CannotPullContainerError: ...` and the like.
        reason: String,
    },
    /// The container's process is gone.
    Exited {
        /// Its exit code: 128 + N when signal N ended it; 137 when it was killed after its stop timeout.
        code: i32,
    },
    /// The container's own health check changed its mind.
    ContainerHealth {
        /// Whether it passes.
        healthy: bool,
    },
    /// The load balancer's health check of the task changed its mind.
    TargetHealth {
        /// Whether it passes.
        healthy: bool,
    },
    /// A line of the container's output.
    Log {
        /// The line, without its end.
        line: String,
    },
}

/// What runs tasks. Every call returns at once; what comes of it is reported later.
pub trait Runtime: Send + Sync + 'static {
    /// Starts a task.
    fn start(&self, launch: Launch);
    /// Asks a task to end: SIGTERM, and SIGKILL after its stop timeout.
    fn stop(&self, task: &TaskArn);
    /// Ends a task at once, whatever it is doing, and reports this exit code.
    fn kill(&self, task: &TaskArn, code: i32);
}

/// Where a runtime sends what it saw.
pub trait Reports: Send + Sync + 'static {
    /// Takes a report about a task; reports of tasks that nobody knows are ignored.
    fn report(&self, task: &TaskArn, report: Report);
}
