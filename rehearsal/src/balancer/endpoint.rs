//! One target: its address, its connections, what it has been found to be, and what it has answered.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::connections::Connections;
use super::counts::Counts;
use super::health::Health;
use crate::faults::play::Play;
use crate::world::{TaskArn, TaskFault};

/// How far a target is on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    /// It is in its group.
    No,
    /// It gets nothing new.
    Draining,
    /// What it has not finished is cut.
    Cut,
}

#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) task: TaskArn,
    pub(super) address: SocketAddr,
    pub(super) connections: Connections,
    pub(super) counts: Mutex<Counts>,
    pub(super) health: Mutex<Health>,
    pub(super) leaving: watch::Sender<Leaving>,
    /// What is done to its requests on purpose.
    pub(super) play: Arc<Play>,
}

impl Endpoint {
    pub(super) fn new(task: TaskArn, address: SocketAddr, fault: Option<TaskFault>) -> Self {
        let leaving = watch::Sender::new(Leaving::No);
        Self {
            connections: Connections::new(address, leaving.subscribe()),
            play: Play::new(&task, fault),
            task,
            address,
            counts: Mutex::default(),
            health: Mutex::new(Health::NEW),
            leaving,
        }
    }

    pub(super) fn is_healthy(&self) -> bool {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).is_healthy()
    }

    /// Lets it finish what it has, for this long.
    pub(super) fn leave(&self, delay: Duration) {
        let was = self.leaving.send_replace(Leaving::Draining);
        if was != Leaving::No {
            return;
        }
        let leaving = self.leaving.clone();
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            leaving.send_replace(Leaving::Cut);
        });
    }
}
