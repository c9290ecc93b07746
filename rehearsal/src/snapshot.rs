//! What the cloud looks like at a moment, in plain structs: for tests, the driver and its page.

use std::net::SocketAddr;

use jiff::Timestamp;
use serde::Serialize;

use crate::model::listeners::ListenerRule;
use crate::model::targets::TargetGroup;

/// The whole cloud at a moment.
#[derive(Clone, Debug, Serialize)]
pub struct Snapshot {
    /// When.
    pub at: Timestamp,
    /// Every service that is not INACTIVE, by cluster and name.
    pub services: Vec<ServiceView>,
    /// Every task that can still be described, the oldest first.
    pub tasks: Vec<TaskView>,
    /// Every target group.
    pub target_groups: Vec<TargetGroup>,
    /// Every listener rule.
    pub listener_rules: Vec<ListenerRule>,
    /// Every call that was made, the oldest first.
    pub calls: Vec<CallView>,
}

/// A service.
#[derive(Clone, Debug, Serialize)]
pub struct ServiceView {
    /// The name of its cluster.
    pub cluster: String,
    /// Its name.
    pub name: String,
    /// The ARN of the task definition of its primary deployment.
    pub task_definition: String,
    /// How many tasks it should have.
    pub desired: u32,
    /// How many run.
    pub running: u32,
    /// How many start.
    pub pending: u32,
    /// How many run and are healthy.
    pub healthy: u32,
    /// What it is rolling out and rolling away, the primary first.
    pub deployments: Vec<DeploymentView>,
    /// Its service deployments, the newest first.
    pub service_deployments: Vec<ServiceDeploymentView>,
    /// Its events, the newest first.
    pub events: Vec<EventView>,
}

/// An entry of `deployments[]`.
#[derive(Clone, Debug, Serialize)]
pub struct DeploymentView {
    /// `ecs-svc/N`.
    pub id: String,
    /// PRIMARY or ACTIVE.
    pub status: String,
    /// `IN_PROGRESS`, COMPLETED or FAILED.
    pub rollout_state: String,
    /// The ARN of its task definition.
    pub task_definition: String,
    /// The digest of its image.
    pub digest: Option<String>,
    /// How many of its tasks run.
    pub running: u32,
    /// How many of its tasks failed, as the circuit breaker counts.
    pub failed: u32,
}

/// A service deployment.
#[derive(Clone, Debug, Serialize)]
pub struct ServiceDeploymentView {
    /// Its ARN.
    pub arn: String,
    /// PENDING, `IN_PROGRESS`, SUCCESSFUL and so on.
    pub status: String,
    /// Why.
    pub status_reason: Option<String>,
    /// The ARN of the service revision that it rolls out.
    pub target_revision: String,
    /// The ARN of the task definition of that revision.
    pub task_definition: String,
    /// The digest of that revision's image.
    pub digest: Option<String>,
    /// How it brings users over; none for a rolling update.
    pub shift: Option<ShiftView>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// How far a service deployment has brought users over to tasks beside the old ones.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShiftView {
    /// `SCALE_UP`, `BAKE_TIME` and so on; none before it begins.
    pub stage: Option<String>,
    /// The new revision's share of the users, in percent.
    pub production_weight: f64,
    /// Its share of the test traffic, in percent; none without a test listener.
    pub test_weight: Option<f64>,
    /// The pauses of the stage.
    pub hooks: Vec<HookView>,
}

/// A pause of a service deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HookView {
    /// Its id, another one for every pause.
    pub id: String,
    /// The stage that it halts.
    pub stage: String,
    /// `AWAITING_ACTION`, SUCCEEDED, FAILED or `TIMED_OUT`.
    pub status: String,
    /// When it takes its action by itself.
    pub expires_at: Timestamp,
}

/// An event of a service.
#[derive(Clone, Debug, Serialize)]
pub struct EventView {
    /// When.
    pub at: Timestamp,
    /// What.
    pub message: String,
}

/// A task.
#[derive(Clone, Debug, Serialize)]
pub struct TaskView {
    /// Its ARN.
    pub arn: String,
    /// The name of its cluster.
    pub cluster: String,
    /// Its service; none for a one-off task.
    pub service: Option<String>,
    /// Who started it: `ecs-svc/N` or what `RunTask` was told.
    pub started_by: Option<String>,
    /// The ARN of its task definition.
    pub task_definition: String,
    /// The digest of its image.
    pub digest: Option<String>,
    /// What replaced the image's command.
    pub command: Option<Vec<String>>,
    /// PENDING, RUNNING, STOPPED and so on.
    pub last_status: String,
    /// RUNNING or STOPPED.
    pub desired_status: String,
    /// HEALTHY, UNHEALTHY or UNKNOWN.
    pub health: String,
    /// Whether the load balancer may send it requests.
    pub in_rotation: bool,
    /// The name of the target group that it is in.
    pub target_group: Option<String>,
    /// Where it answers.
    pub address: Option<SocketAddr>,
    /// Its exit code, when it has ended by itself or was stopped.
    pub exit_code: Option<i32>,
    /// Why it stopped.
    pub stopped_reason: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it ran first.
    pub started_at: Option<Timestamp>,
    /// When it was gone.
    pub stopped_at: Option<Timestamp>,
}

/// A call that somebody made.
#[derive(Clone, Debug, Serialize)]
pub struct CallView {
    /// When.
    pub at: Timestamp,
    /// `ecs`, `ecr`, ...
    pub service: String,
    /// The operation, `UpdateService` for one.
    pub operation: String,
    /// `ok`, an error code, or the fault that met it.
    pub outcome: String,
}
