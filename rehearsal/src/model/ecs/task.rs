//! A task: one try to run a container, from the wish for it to the day when nobody knows it any more.

use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::name;
use crate::account::LogTarget;

/// A task.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) arn: String,
    pub(crate) cluster: String,
    /// The place of its service; none for a one-off task.
    pub(crate) service: Option<usize>,
    /// The number of the deployment that started it.
    pub(crate) deployment: Option<u64>,
    pub(crate) group: String,
    pub(crate) started_by: Option<String>,
    /// The ARN of its task definition.
    pub(crate) definition: String,
    /// As `RunTask` was told; empty members for a task of a service.
    pub(crate) overrides: Value,
    pub(crate) launch_type: String,
    pub(crate) tags: Vec<Value>,
    pub(crate) container: String,
    pub(crate) image: String,
    pub(crate) digest: Option<String>,
    pub(crate) command: Option<Vec<String>>,
    pub(crate) log: Option<LogTarget>,
    pub(crate) stop_timeout: Duration,
    pub(crate) phase: Phase,
    /// When its phase is over by itself.
    pub(crate) due: Option<Timestamp>,
    /// Whether a runtime was told to start it, and has not told its end.
    pub(crate) in_runtime: bool,
    /// Since when it has been healthy.
    pub(crate) healthy_since: Option<Timestamp>,
    /// Whether it has been healthy for long enough to be relied on.
    pub(crate) settled: bool,
    /// Whether it has ever been relied on.
    pub(crate) was_settled: bool,
    pub(crate) container_health: Option<bool>,
    pub(crate) address: Option<SocketAddr>,
    pub(crate) stop: Option<Stop>,
    pub(crate) exit_code: Option<i32>,
    pub(crate) container_reason: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) stopping_at: Option<Timestamp>,
    pub(crate) execution_stopped_at: Option<Timestamp>,
    pub(crate) stopped_at: Option<Timestamp>,
    /// Counts its changes.
    pub(crate) version: u64,
}

/// How far a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Provisioning,
    Pending,
    Activating,
    Running,
    Deactivating,
    Stopping,
    Deprovisioning,
    Stopped,
}

impl Phase {
    /// ECS's word, as in `lastStatus`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Pending => "PENDING",
            Self::Activating => "ACTIVATING",
            Self::Running => "RUNNING",
            Self::Deactivating => "DEACTIVATING",
            Self::Stopping => "STOPPING",
            Self::Deprovisioning => "DEPROVISIONING",
            Self::Stopped => "STOPPED",
        }
    }
}

/// Why a task ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) code: StopCode,
    pub(crate) reason: String,
}

/// Who or what ended a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopCode {
    FailedToStart,
    EssentialContainerExited,
    User,
    Scheduler,
}

impl StopCode {
    /// ECS's word, as in `stopCode`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::FailedToStart => "TaskFailedToStart",
            Self::EssentialContainerExited => "EssentialContainerExited",
            Self::User => "UserInitiated",
            Self::Scheduler => "ServiceSchedulerInitiated",
        }
    }
}

impl Task {
    /// The last part of its ARN.
    pub(crate) fn id(&self) -> &str {
        name::last_part(&self.arn)
    }

    /// Whether it is to run, as far as ECS is concerned.
    pub(crate) fn is_wanted(&self) -> bool {
        self.stop.is_none()
    }

    /// Whether it can be relied on to serve.
    pub(crate) fn serves(&self) -> bool {
        self.phase == Phase::Running && self.settled
    }

    /// `RUNNING` or `STOPPED`.
    pub(crate) fn desired_status(&self) -> &'static str {
        if self.is_wanted() { "RUNNING" } else { "STOPPED" }
    }

    /// Whether it belongs to this deployment of this service.
    pub(crate) fn is_of(&self, service: usize, deployment: u64) -> bool {
        self.service == Some(service) && self.deployment == Some(deployment)
    }

    /// Moves on to a phase, which ends by itself after this long.
    pub(super) fn enter(&mut self, phase: Phase, now: Timestamp, lasts: Option<Duration>) {
        self.phase = phase;
        self.version += 1;
        self.due = lasts.map(|lasts| now + lasts);
    }
}
