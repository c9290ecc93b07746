//! What a runtime and a load balancer saw, and what ECS makes of it.

use jiff::Timestamp;

use super::due::ACTIVATING;
use super::task::{Phase, Stop, StopCode};
use crate::TargetState;
use crate::model::State;
use crate::world::{Report, TaskArn};

impl State {
    /// Takes what a runtime saw.
    pub(crate) fn report(&mut self, task: &TaskArn, report: Report, now: Timestamp) {
        let Some(place) = self.ecs.tasks.iter().position(|known| known.arn == *task) else { return };
        let known = &mut self.ecs.tasks[place];
        match report {
            Report::Log { line } => {
                if let Some(target) = &known.log {
                    self.account.log(target, now, &line);
                }
            }
            Report::Running { address } => self.runs(place, address, now),
            Report::CannotStart { reason } if known.in_runtime => self.cannot_start(place, reason, now),
            Report::Exited { code } if known.in_runtime => {
                known.exit_code = Some(code);
                let reason = "Essential container in task exited".to_owned();
                self.is_gone(place, Stop { code: StopCode::EssentialContainerExited, reason }, now);
            }
            Report::CannotStart { .. } | Report::Exited { .. } => {}
            Report::ContainerHealth { healthy } => {
                known.container_health = Some(healthy);
                known.version += 1;
            }
            Report::TargetHealth { healthy } => {
                let state = if healthy { TargetState::Healthy } else { TargetState::Unhealthy };
                self.targets.set_state(task, state);
            }
        }
    }

    fn runs(&mut self, place: usize, address: Option<std::net::SocketAddr>, now: Timestamp) {
        let activating = self.scale.seconds(ACTIVATING);
        let has_groups = !self.target_groups_of(place).is_empty();
        let task = &mut self.ecs.tasks[place];
        if task.phase != Phase::Pending {
            return;
        }
        task.address = address;
        if has_groups && address.is_some() {
            task.enter(Phase::Activating, now, Some(activating));
        } else {
            task.enter(Phase::Running, now, None);
            task.started_at = Some(now);
        }
    }

    /// Enters a task into its target groups.
    pub(super) fn activated(&mut self, place: usize, now: Timestamp) {
        let groups = self.target_groups_of(place);
        let task = &mut self.ecs.tasks[place];
        task.enter(Phase::Running, now, None);
        task.started_at = Some(now);
        let (Some(service), Some(address), arn) = (task.service, task.address, task.arn.clone()) else { return };
        for group in groups {
            self.targets.register(&group, &arn, address);
            self.say(service, now, &format!("registered 1 targets in (target-group {group})"));
        }
    }

    fn target_groups_of(&self, place: usize) -> Vec<String> {
        let task = &self.ecs.tasks[place];
        let owner = task.service.zip(task.deployment);
        let revision = owner.and_then(|(service, number)| self.ecs.services[service].revision(number));
        revision.map(|revision| revision.groups.clone()).unwrap_or_default()
    }
}
