//! A service: what it should be, what it is rolling out, and what it has been.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::blue_green::Shift;
pub(crate) use super::history::{DeploymentStatus, Rollback, ServiceDeployment, Summary};
pub(crate) use super::rules::{AlarmRule, Breaker, Rules, Threshold};

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
    /// What shifting traffic takes.
    pub(crate) advanced: Option<Advanced>,
}

/// What ECS needs to shift traffic between two target groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Advanced {
    /// The ARN of the other target group.
    pub(crate) alternate: String,
    /// The ARN of the listener rule that users come by.
    pub(crate) production_rule: String,
    /// The ARN of the listener rule for tests.
    pub(crate) test_rule: Option<String>,
    pub(crate) role: String,
}

/// A service revision.
#[derive(Clone, Debug)]
pub(crate) struct Revision {
    pub(crate) number: u64,
    pub(crate) arn: String,
    pub(crate) workload: Workload,
    /// The ARNs of the target groups that its tasks are in, one for each of its load balancers.
    pub(crate) groups: Vec<String>,
    pub(crate) container: String,
    pub(crate) image: String,
    /// What the image's name stood for when the revision was made; none when it stood for nothing.
    pub(crate) digest: Option<String>,
    pub(crate) created_at: Timestamp,
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

    /// The last service deployment, when it shifts traffic and that was not brought to an end: it is in
    /// flight, or stopped on the way.
    pub(crate) fn unfinished_shift(&self) -> Option<(&ServiceDeployment, &Shift)> {
        let ended = [DeploymentStatus::Successful, DeploymentStatus::RollbackSuccessful];
        let last = self.history.last().filter(|last| !ended.contains(&last.status))?;
        Some((last, last.shift.as_ref()?))
    }

    /// Whether a revision was taken out of the traffic for good before its deployment came to an end.
    pub(crate) fn is_taken_back(&self, number: u64) -> bool {
        let shifted = self.history.iter().filter(|deployment| deployment.target == number);
        shifted.filter_map(|deployment| deployment.shift.as_ref()).any(|shift| shift.is_back)
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
