//! Service deployments: each attempt of a service to roll a revision out, and how it ended.

use std::time::Duration;

use jiff::Timestamp;

use super::blue_green::Shift;
use super::rules::Rules;

/// One attempt to roll a revision out.
#[derive(Clone, Debug)]
pub(crate) struct ServiceDeployment {
    pub(crate) arn: String,
    /// The number of the revision that it rolls out.
    pub(crate) target: u64,
    /// The revisions that ran when it began.
    pub(crate) sources: Vec<Summary>,
    pub(crate) status: DeploymentStatus,
    pub(crate) reason: Option<String>,
    /// When its status changes by itself.
    pub(crate) due: Option<Timestamp>,
    pub(crate) rollback: Option<Rollback>,
    pub(crate) rules: Rules,
    /// How users come over; none for a rolling update.
    pub(crate) shift: Option<Shift>,
    /// As the circuit breaker counted last.
    pub(crate) failures: u32,
    pub(crate) threshold: u32,
    pub(crate) triggered: bool,
    /// Whether its alarms are watched: not when one rang already at the start.
    pub(crate) watches_alarms: bool,
    pub(crate) rang: Vec<String>,
    /// Until when it is watched once all its tasks are up.
    pub(crate) bakes_until: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) finished_at: Option<Timestamp>,
    pub(crate) stopped_at: Option<Timestamp>,
    pub(crate) updated_at: Timestamp,
}

/// A revision and its tasks at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) revision: u64,
    pub(crate) requested: u32,
    pub(crate) running: u32,
    pub(crate) pending: u32,
}

/// How far a service deployment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeploymentStatus {
    Pending,
    InProgress,
    Successful,
    StopRequested,
    Stopped,
    RollbackRequested,
    RollbackInProgress,
    RollbackSuccessful,
    RollbackFailed,
}

impl DeploymentStatus {
    /// All of them.
    pub(crate) const ALL: [Self; 9] = [
        Self::Pending,
        Self::InProgress,
        Self::Successful,
        Self::StopRequested,
        Self::Stopped,
        Self::RollbackRequested,
        Self::RollbackInProgress,
        Self::RollbackSuccessful,
        Self::RollbackFailed,
    ];

    /// ECS's word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::InProgress => "IN_PROGRESS",
            Self::Successful => "SUCCESSFUL",
            Self::StopRequested => "STOP_REQUESTED",
            Self::Stopped => "STOPPED",
            Self::RollbackRequested => "ROLLBACK_REQUESTED",
            Self::RollbackInProgress => "ROLLBACK_IN_PROGRESS",
            Self::RollbackSuccessful => "ROLLBACK_SUCCESSFUL",
            Self::RollbackFailed => "ROLLBACK_FAILED",
        }
    }

    /// Whether nothing more will come of it.
    pub(crate) fn is_over(self) -> bool {
        matches!(self, Self::Successful | Self::Stopped | Self::RollbackSuccessful | Self::RollbackFailed)
    }
}

/// How a service deployment is taken back.
#[derive(Clone, Debug)]
pub(crate) struct Rollback {
    pub(crate) reason: String,
    pub(crate) at: Timestamp,
    /// The revision that it goes back to.
    pub(crate) revision: Option<u64>,
}

impl ServiceDeployment {
    /// Changes its status, which changes again by itself after this long.
    pub(super) fn enter(&mut self, status: DeploymentStatus, now: Timestamp, lasts: Option<Duration>) {
        self.status = status;
        self.updated_at = now;
        self.due = lasts.map(|lasts| now + lasts);
        self.bakes_until = None;
        // Once it does not go forward any more, nobody has anything to say about how it goes on.
        if !matches!(status, DeploymentStatus::Pending | DeploymentStatus::InProgress)
            && let Some(shift) = &mut self.shift
        {
            shift.give_up_hooks();
        }
        if status.is_over() {
            self.finished_at = Some(now);
        }
        if status == DeploymentStatus::Stopped {
            self.stopped_at = Some(now);
        }
    }
}
