//! Time: what is due, and what it does.

use std::time::Duration;

use jiff::Timestamp;

use super::blue_green::Shift;
use super::service::{DeploymentStatus, Rollout, Status};
use super::task::{Phase, Task};
use crate::TargetState;
use crate::model::State;

/// How long a task that waits for its network lasts, in seconds of AWS's.
pub(super) const PROVISIONING: u64 = 5;
/// How long a task lasts that runs and is not in its target groups yet.
pub(super) const ACTIVATING: u64 = 5;
/// How long a task has to be healthy before another is stopped in its favour.
const SETTLING: u64 = 5;
/// How long a task that gives its network back lasts.
pub(super) const DEPROVISIONING: u64 = 2;
/// How long ECS takes to act on what it was asked for.
pub(super) const ATTENTION: u64 = 1;
/// How long stopped tasks can be described.
const REMEMBERED: Duration = Duration::from_hours(1);

impl State {
    /// Lets everything happen that is due, one moment after the other.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        while let Some(due) = self.next_deadline().filter(|due| *due < now) {
            self.step(due);
        }
        self.step(now);
    }

    /// When something is due next.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        let tasks = self.ecs.tasks.iter().filter_map(|task| {
            let forgiven = self.forgiven_until(task).filter(|_| self.fails_checks(task));
            let settles = self.settles_at(task).filter(|_| task.phase == Phase::Running && !task.settled);
            [task.due, forgiven, settles].into_iter().flatten().min()
        });
        let kept_up = self.ecs.services.iter().filter(|service| service.status != Status::Inactive);
        let services = kept_up.flat_map(|service| {
            let deployments = service.history.iter().flat_map(|deployment| [deployment.due, deployment.bakes_until]);
            let retries = service.deployments.iter().map(|deployment| deployment.retry_at);
            let goes_on =
                |status| matches!(status, DeploymentStatus::InProgress | DeploymentStatus::RollbackInProgress);
            let last = service.history.last().filter(|last| goes_on(last.status));
            let shift = last.and_then(|last| last.shift.as_ref()).into_iter().flat_map(Shift::deadlines);
            deployments.chain(retries).flatten().chain(shift)
        });
        tasks.chain(services).chain(self.account.alarms.due()).min()
    }

    fn step(&mut self, now: Timestamp) {
        let (metrics, fault) = (&self.account.metrics, self.faults.metrics());
        self.account.alarms.evaluate(metrics, fault, now);
        for place in 0..self.ecs.tasks.len() {
            if self.ecs.tasks[place].due.is_some_and(|due| due <= now) {
                self.phase_is_over(place, now);
            }
        }
        self.ecs.tasks.retain(|task| task.stopped_at.is_none_or(|stopped| now < stopped + REMEMBERED));
        for place in 0..self.ecs.services.len() {
            if self.ecs.services[place].status != Status::Inactive {
                self.statuses_are_over(place, now);
                self.look_at_tasks(place, now);
                self.judge(place, now);
                self.shift(place, now);
                self.schedule(place, now);
                self.conclude(place, now);
            }
        }
    }

    fn phase_is_over(&mut self, place: usize, now: Timestamp) {
        let deprovisioning = self.scale.seconds(DEPROVISIONING);
        let task = &mut self.ecs.tasks[place];
        match task.phase {
            Phase::Provisioning => self.launch(place, now),
            Phase::Activating => self.activated(place, now),
            Phase::Deactivating => {
                let arn = task.arn.clone();
                self.targets.remove(&arn);
                self.end_container(place, now);
            }
            // Nobody has told its end, and it has had its time.
            Phase::Stopping => {
                task.in_runtime = false;
                task.exit_code.get_or_insert(137);
                task.execution_stopped_at = Some(now);
                task.enter(Phase::Deprovisioning, now, Some(deprovisioning));
            }
            Phase::Deprovisioning => {
                task.enter(Phase::Stopped, now, None);
                task.stopped_at = Some(now);
            }
            Phase::Pending | Phase::Running | Phase::Stopped => task.due = None,
        }
    }

    fn statuses_are_over(&mut self, place: usize, now: Timestamp) {
        for index in 0..self.ecs.services[place].history.len() {
            let deployment = &mut self.ecs.services[place].history[index];
            if deployment.due.is_none_or(|due| now < due) {
                continue;
            }
            match deployment.status {
                DeploymentStatus::Pending => {
                    deployment.enter(DeploymentStatus::InProgress, now, None);
                    deployment.started_at = Some(now);
                    self.first_stage(place, now);
                }
                DeploymentStatus::StopRequested => {
                    deployment.enter(DeploymentStatus::Stopped, now, None);
                    // One that was superseded is not the last.
                    if index + 1 == self.ecs.services[place].history.len() {
                        self.end_primary(place, Rollout::Failed, "The service deployment was stopped.", now);
                    }
                }
                DeploymentStatus::RollbackRequested => {
                    let reason = "Service deployment rolled back because of a USER_INITIATED rollback request.";
                    self.roll_back(place, reason, now);
                }
                _ => deployment.due = None,
            }
        }
    }

    /// Until when failing health checks are not held against a task.
    pub(super) fn forgiven_until(&self, task: &Task) -> Option<Timestamp> {
        let service = &self.ecs.services[task.service?];
        Some(task.started_at? + self.scale.seconds(service.grace))
    }

    /// Whether a task of a service that runs fails the checks of its container or its load balancer.
    pub(super) fn fails_checks(&self, task: &Task) -> bool {
        task.phase == Phase::Running
            && task.service.is_some()
            && (task.container_health == Some(false) || self.targets.state(&task.arn) == Some(TargetState::Unhealthy))
    }

    /// When a task that is healthy has been so for long enough.
    pub(super) fn settles_at(&self, task: &Task) -> Option<Timestamp> {
        Some(task.healthy_since? + self.scale.seconds(SETTLING))
    }

    /// Whether a task serves.
    pub(super) fn is_healthy(&self, task: &Task) -> bool {
        task.phase == Phase::Running
            && task.container_health != Some(false)
            && self.targets.state(&task.arn).is_none_or(|state| state == TargetState::Healthy)
    }
}
