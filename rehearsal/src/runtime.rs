//! What really runs tasks: processes of this machine, or containers of the Docker engine.

pub mod docker;
pub mod estate;
mod invocation;
mod loopback;
mod output;
pub mod process;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::world::{Launch, Runtime, TaskArn, TaskFault};

pub use self::invocation::PLACEHOLDER;
pub use self::loopback::Templates;

/// A runtime in front of another that remembers which faults tasks were started with: some are the
/// load balancer's to play.
pub struct Remembering {
    inner: Arc<dyn Runtime>,
    faults: Mutex<BTreeMap<TaskArn, TaskFault>>,
}

impl Remembering {
    /// In front of this one.
    #[must_use]
    pub fn new(inner: Arc<dyn Runtime>) -> Self {
        Self { inner, faults: Mutex::default() }
    }

    /// The fault that a task was started with.
    #[must_use]
    pub fn fault_of(&self, task: &TaskArn) -> Option<TaskFault> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).get(task).cloned()
    }
}

impl Runtime for Remembering {
    fn start(&self, launch: Launch) {
        if let Some(fault) = &launch.fault {
            self.faults.lock().unwrap_or_else(PoisonError::into_inner).insert(launch.task.clone(), fault.clone());
        }
        self.inner.start(launch);
    }

    fn stop(&self, task: &TaskArn) {
        self.inner.stop(task);
    }
}

/// Waits until a task is to be stopped.
async fn asked(stop: &mut watch::Receiver<bool>) {
    // The sender lives as long as the task is known.
    let _ = stop.wait_for(|stop| *stop).await;
}
