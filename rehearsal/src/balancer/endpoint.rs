//! One target: its address, its connections, what it has been found to be, and what it has answered.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::connections::Connections;
use super::counts::Counts;
use super::health::Health;
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
    fault: Option<TaskFault>,
    /// How much of an error is owed, for faults that answer a share of requests.
    owed: Mutex<f64>,
}

impl Endpoint {
    pub(super) fn new(task: TaskArn, address: SocketAddr, fault: Option<TaskFault>) -> Self {
        let leaving = watch::Sender::new(Leaving::No);
        Self {
            connections: Connections::new(address, leaving.subscribe()),
            task,
            address,
            counts: Mutex::default(),
            health: Mutex::new(Health::NEW),
            leaving,
            fault,
            owed: Mutex::new(0.0),
        }
    }

    pub(super) fn is_healthy(&self) -> bool {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).is_healthy()
    }

    /// Whether its checks fail whatever it answers.
    pub(super) fn never_ready(&self) -> bool {
        self.fault == Some(TaskFault::NeverReady)
    }

    /// How much later its answers come than it gives them.
    pub(super) fn delay(&self) -> Duration {
        match self.fault {
            Some(TaskFault::Slow { by }) => by,
            _ => Duration::ZERO,
        }
    }

    /// Whether this request is one of the share that is answered with an error in its stead. They
    /// are spread evenly, so that a share of a few requests is that share too.
    pub(super) fn fails_this_one(&self) -> bool {
        let Some(TaskFault::Errors { rate }) = self.fault else {
            return false;
        };
        let mut owed = self.owed.lock().unwrap_or_else(PoisonError::into_inner);
        *owed += rate;
        let fails = *owed >= 1.0;
        if fails {
            *owed -= 1.0;
        }
        fails
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_errors_is_that_share_of_any_hundred_requests() {
        for (rate, expected) in [(0.0, 0), (0.05, 5), (0.25, 25), (0.5, 50), (1.0, 100)] {
            let fault = Some(TaskFault::Errors { rate });
            let endpoint = Endpoint::new("task".to_owned(), ([127, 0, 0, 1], 1).into(), fault);
            let failed = (0..100).filter(|_| endpoint.fails_this_one()).count();
            // Twentieths do not add up to one exactly in binary.
            assert!(failed.abs_diff(expected) <= 1, "{rate}: {failed}");
        }
    }
}
