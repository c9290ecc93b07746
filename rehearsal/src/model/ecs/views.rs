//! ECS at a moment, in the words of the snapshot.

use super::blue_green::{Hook, Shift};
use super::service::{Deployment, Service, ServiceDeployment, Status};
use super::task::{Phase, Task};
use crate::TargetState;
use crate::model::State;
use crate::snapshot::{DeploymentView, EventView, HookView, ServiceDeploymentView, ServiceView, ShiftView, TaskView};

impl State {
    /// Every service that is not INACTIVE.
    pub(crate) fn service_views(&self) -> Vec<ServiceView> {
        let mut views: Vec<ServiceView> = (0..self.ecs.services.len())
            .filter(|place| self.ecs.services[*place].status != Status::Inactive)
            .map(|place| self.service_view(place))
            .collect();
        views.sort_by(|one, other| (&one.cluster, &one.name).cmp(&(&other.cluster, &other.name)));
        views
    }

    fn service_view(&self, place: usize) -> ServiceView {
        let service = &self.ecs.services[place];
        let tasks = || self.ecs.tasks.iter().filter(|task| task.service == Some(place));
        let count =
            |fits: &dyn Fn(&Task) -> bool| u32::try_from(tasks().filter(|task| fits(task)).count()).unwrap_or(u32::MAX);
        ServiceView {
            cluster: service.cluster.clone(),
            name: service.name.clone(),
            task_definition: service.workload().map(|workload| workload.definition.clone()).unwrap_or_default(),
            desired: service.desired,
            running: count(&|task| task.phase == Phase::Running),
            pending: count(&|task| task.phase < Phase::Running),
            healthy: count(&|task| self.is_healthy(task)),
            deployments: service.deployments.iter().map(|one| self.deployment_view(place, one)).collect(),
            service_deployments: service.history.iter().rev().map(|one| history_view(service, one)).collect(),
            events: service
                .events
                .iter()
                .rev()
                .map(|event| EventView { at: event.at, message: event.message.clone() })
                .collect(),
        }
    }

    fn deployment_view(&self, place: usize, deployment: &Deployment) -> DeploymentView {
        let service = &self.ecs.services[place];
        let revision = service.revision(deployment.number);
        let is_primary = service.primary().is_some_and(|primary| primary.number == deployment.number);
        DeploymentView {
            id: deployment.id(),
            status: if is_primary { "PRIMARY" } else { "ACTIVE" }.to_owned(),
            rollout_state: deployment.rollout.word().to_owned(),
            task_definition: revision.map(|revision| revision.workload.definition.clone()).unwrap_or_default(),
            digest: revision.and_then(|revision| revision.digest.clone()),
            running: self.summary(place, deployment.number, 0).running,
            failed: deployment.failed,
        }
    }

    /// Every task, the oldest first.
    pub(crate) fn task_views(&self) -> Vec<TaskView> {
        self.ecs.tasks.iter().map(|task| self.task_view(task)).collect()
    }

    fn task_view(&self, task: &Task) -> TaskView {
        TaskView {
            arn: task.arn.clone(),
            cluster: task.cluster.clone(),
            service: task.service.map(|place| self.ecs.services[place].name.clone()),
            started_by: task.started_by.clone(),
            task_definition: task.definition.clone(),
            digest: task.digest.clone(),
            command: task.command.clone(),
            last_status: task.phase.word().to_owned(),
            desired_status: task.desired_status().to_owned(),
            health: health(task).to_owned(),
            in_rotation: self.targets.state(&task.arn) == Some(TargetState::Healthy),
            target_group: self.targets.of(&task.arn).next().map(|group| group.name.clone()),
            address: task.address,
            exit_code: task.exit_code,
            stopped_reason: task.stop.as_ref().map(|stop| stop.reason.clone()),
            created_at: task.created_at,
            started_at: task.started_at,
            stopped_at: task.stopped_at,
        }
    }
}

/// What the container's own health check says, in ECS's word.
pub(crate) fn health(task: &Task) -> &'static str {
    match task.container_health {
        Some(true) => "HEALTHY",
        Some(false) => "UNHEALTHY",
        None => "UNKNOWN",
    }
}

fn history_view(service: &Service, deployment: &ServiceDeployment) -> ServiceDeploymentView {
    let revision = service.revision(deployment.target);
    ServiceDeploymentView {
        arn: deployment.arn.clone(),
        status: deployment.status.word().to_owned(),
        status_reason: deployment.reason.clone(),
        target_revision: revision.map(|revision| revision.arn.clone()).unwrap_or_default(),
        task_definition: revision.map(|revision| revision.workload.definition.clone()).unwrap_or_default(),
        digest: revision.and_then(|revision| revision.digest.clone()),
        shift: deployment.shift.as_ref().map(shift_view),
        created_at: deployment.created_at,
        finished_at: deployment.finished_at,
    }
}

fn shift_view(shift: &Shift) -> ShiftView {
    let hook = |hook: &Hook| HookView {
        id: hook.id.clone(),
        stage: hook.stage.word().to_owned(),
        status: hook.status.word().to_owned(),
        expires_at: hook.expires_at,
    };
    ShiftView {
        stage: shift.stage.map(|stage| stage.word().to_owned()),
        production_weight: f64::from(shift.production) / 10.0,
        test_weight: shift.test.map(|share| f64::from(share) / 10.0),
        hooks: shift.hooks.iter().map(hook).collect(),
    }
}
