//! A service: what it should be, what it is rolling out, and what it has been.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};

/// How many events a service remembers.
const EVENTS: usize = 100;

/// A service.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) arn: String,
    pub(crate) name: String,
    /// The name of its cluster.
    pub(crate) cluster: String,
    pub(crate) status: Status,
    pub(crate) desired: u32,
    pub(crate) rules: Rules,
    /// How long failing health checks of a new task are not held against it, in seconds of AWS's.
    pub(crate) grace: u64,
    /// What is only given back.
    pub(crate) kept: Map<String, Value>,
    pub(crate) tags: Vec<Value>,
    /// The primary first, then the others, the youngest first.
    pub(crate) deployments: Vec<Deployment>,
    /// The oldest first.
    pub(crate) revisions: Vec<Revision>,
    /// Its service deployments, the oldest first.
    pub(crate) history: Vec<ServiceDeployment>,
    /// The oldest first.
    pub(crate) events: Vec<Event>,
    /// The revision that a failed deployment goes back to.
    pub(crate) good: Option<u64>,
    /// Whether it has said that it is steady, and still is.
    pub(crate) steady: bool,
    pub(crate) created_at: Timestamp,
}

/// Whether a service is kept up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Active,
    Draining,
    Inactive,
}

impl Status {
    /// ECS's word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Draining => "DRAINING",
            Self::Inactive => "INACTIVE",
        }
    }
}

/// How a service is deployed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rules {
    /// The least share of healthy tasks, in percent.
    pub(crate) minimum: u32,
    /// The greatest share of tasks, in percent.
    pub(crate) maximum: u32,
    pub(crate) breaker: Option<Breaker>,
    pub(crate) alarms: Option<AlarmRule>,
    /// As it is given back.
    pub(crate) document: Value,
}

/// What fails a deployment whose tasks fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Breaker {
    pub(crate) rollback: bool,
    /// Whether a healthy task makes it forget earlier failures.
    pub(crate) resets: bool,
    pub(crate) threshold: Threshold,
}

/// How many tasks may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Threshold {
    /// Percent of the desired count, from 3 to 200 tasks.
    Bounded(u32),
    /// Percent of the desired count.
    Unbounded(u32),
    /// Tasks.
    Count(u32),
}

impl Threshold {
    /// The number of failures that fails a deployment of so many tasks.
    pub(crate) fn of(self, desired: u32) -> u32 {
        let share = |percent: u32| desired.saturating_mul(percent).div_ceil(100);
        match self {
            Self::Bounded(percent) => share(percent).clamp(3, 200),
            Self::Unbounded(percent) => share(percent).max(1),
            Self::Count(count) => count.max(1),
        }
    }
}

/// The alarms that fail a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AlarmRule {
    pub(crate) names: Vec<String>,
    pub(crate) rollback: bool,
}

/// An entry of `deployments[]`.
#[derive(Clone, Debug)]
pub(crate) struct Deployment {
    /// The N of `ecs-svc/N`, and the end of its revision's ARN.
    pub(crate) number: u64,
    /// How many tasks of it there should be.
    pub(crate) desired: u32,
    /// How many tasks have failed, as the circuit breaker counts.
    pub(crate) failed: u32,
    /// How many tasks have ended by themselves since one was healthy.
    pub(crate) losses: u32,
    /// When the next task may be started, after losses.
    pub(crate) retry_at: Option<Timestamp>,
    pub(crate) rollout: Rollout,
    pub(crate) reason: String,
    /// Whether it has ever come to its end: only then are its tasks worth replacing once it is not
    /// the primary any more.
    pub(crate) was_complete: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

impl Deployment {
    /// `ecs-svc/N`.
    pub(crate) fn id(&self) -> String {
        format!("ecs-svc/{}", self.number)
    }
}

/// The state of a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rollout {
    InProgress,
    Completed,
    Failed,
}

impl Rollout {
    /// ECS's word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }
}

/// What the tasks of a service are made from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Workload {
    /// The ARN of the task definition.
    pub(crate) definition: String,
    pub(crate) balancers: Vec<LoadBalancer>,
    /// As it was sent.
    pub(crate) network: Value,
    pub(crate) launch_type: String,
    pub(crate) platform_version: String,
}

/// Where the requests of a service come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LoadBalancer {
    pub(crate) target_group: String,
    pub(crate) container: String,
    pub(crate) port: u16,
}

/// A service revision.
#[derive(Clone, Debug)]
pub(crate) struct Revision {
    pub(crate) number: u64,
    pub(crate) arn: String,
    pub(crate) workload: Workload,
    pub(crate) container: String,
    pub(crate) image: String,
    /// What the image's name stood for when the revision was made; none when it stood for nothing.
    pub(crate) digest: Option<String>,
    pub(crate) created_at: Timestamp,
}

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

/// An event.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) at: Timestamp,
    pub(crate) message: String,
}

impl Service {
    /// The deployment that the service is to end with.
    pub(crate) fn primary(&self) -> Option<&Deployment> {
        self.deployments.first()
    }

    /// The revision of a number.
    pub(crate) fn revision(&self, number: u64) -> Option<&Revision> {
        self.revisions.iter().find(|revision| revision.number == number)
    }

    /// What its next tasks are made from.
    pub(crate) fn workload(&self) -> Option<&Workload> {
        self.primary().and_then(|primary| self.revision(primary.number)).map(|revision| &revision.workload)
    }

    /// The service deployment that is not over yet. An earlier one may be on its way to STOPPED.
    pub(crate) fn in_flight(&mut self) -> Option<&mut ServiceDeployment> {
        self.history.last_mut().filter(|deployment| !deployment.status.is_over())
    }

    /// How many healthy tasks there have to be, and how many tasks there may be.
    pub(crate) fn bounds(&self) -> (u32, u32) {
        let least = self.desired.saturating_mul(self.rules.minimum).div_ceil(100);
        let most = self.desired.saturating_mul(self.rules.maximum) / 100;
        (least, most)
    }

    /// Says something.
    pub(super) fn say(&mut self, id: String, at: Timestamp, message: &str) {
        self.events.push(Event { id, at, message: format!("(service {}) {message}", self.name) });
        if self.events.len() > EVENTS {
            self.events.remove(0);
        }
    }
}

impl Revision {
    /// The port that requests come to.
    pub(crate) fn port(&self) -> Option<u16> {
        self.workload.balancers.first().map(|balancer| balancer.port)
    }
}

impl ServiceDeployment {
    /// Changes its status, which changes again by itself after this long.
    pub(super) fn enter(&mut self, status: DeploymentStatus, now: Timestamp, lasts: Option<Duration>) {
        self.status = status;
        self.updated_at = now;
        self.due = lasts.map(|lasts| now + lasts);
        self.bakes_until = None;
        if status.is_over() {
            self.finished_at = Some(now);
        }
        if status == DeploymentStatus::Stopped {
            self.stopped_at = Some(now);
        }
    }
}
