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

use crate::balancer::Faulty;
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
}

impl Faulty for Remembering {
    fn fault_of(&self, task: &TaskArn) -> Option<TaskFault> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).get(task).cloned()
    }

    fn kill(&self, task: &TaskArn, code: i32) {
        self.inner.kill(task, code);
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

    fn kill(&self, task: &TaskArn, code: i32) {
        self.inner.kill(task, code);
    }
}

/// What somebody wants of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// Nothing: it runs.
    Run,
    /// That it ends, within its stop timeout.
    Stop,
    /// That it is gone, with this exit code.
    Kill(i32),
}

/// Waits until a task is to be stopped.
async fn stopped(orders: &mut watch::Receiver<Order>) {
    // The sender lives as long as the task is known.
    let _ = orders.wait_for(|order| *order == Order::Stop).await;
}

/// Waits until a task is to be killed, by its fault or by an order; the exit code to report.
async fn killed(launch: &Launch, mut orders: watch::Receiver<Order>) -> i32 {
    let planned = async {
        match launch.fault.as_ref().and_then(TaskFault::crash) {
            Some((after, code)) => {
                tokio::time::sleep(after).await;
                code
            }
            None => std::future::pending().await,
        }
    };
    let ordered = async {
        loop {
            if let Order::Kill(code) = *orders.borrow_and_update() {
                return code;
            }
            if orders.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        code = planned => code,
        code = ordered => code,
    }
}
