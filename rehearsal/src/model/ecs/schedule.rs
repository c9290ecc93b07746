//! The scheduler of a service: counts its tasks, and starts and stops some.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::launch::{Wish, no_overrides};
use super::plan::{Group, Step};
use super::service::{DeploymentStatus, Rollout};
use super::task::{Phase, Stop, StopCode};
use crate::model::State;

/// The longest pause before a task that was lost is replaced, in seconds of AWS's.
const LONGEST_PAUSE: u64 = 300;

impl State {
    /// Says something in the name of a service.
    pub(super) fn say(&mut self, service: usize, now: Timestamp, message: &str) {
        let id = self.ids.uuid();
        self.ecs.services[service].say(id, now, message);
    }

    /// Takes note that a task has ended by itself.
    pub(super) fn note_loss(&mut self, place: usize, now: Timestamp) {
        let task = &self.ecs.tasks[place];
        let (Some(service), Some(number)) = (task.service, task.deployment) else { return };
        let was_settled = task.was_settled;
        let deployments = &mut self.ecs.services[service].deployments;
        let Some(deployment) = deployments.iter_mut().find(|deployment| deployment.number == number) else { return };
        deployment.losses += 1;
        let pause = 1_u64.checked_shl(deployment.losses - 1).unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE);
        deployment.retry_at = Some(now + self.scale.seconds(pause));
        deployment.updated_at = now;
        if !was_settled {
            deployment.failed += 1;
        }
        if deployment.losses == 5 {
            let advice = "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";
            self.say(service, now, &format!("is unable to consistently start tasks successfully. {advice}"));
        }
    }

    /// Finds tasks that can be relied on by now, and stops those that stay unhealthy.
    pub(super) fn look_at_tasks(&mut self, service: usize, now: Timestamp) {
        for place in 0..self.ecs.tasks.len() {
            let task = &self.ecs.tasks[place];
            if task.service != Some(service) || task.phase != Phase::Running {
                continue;
            }
            if self.is_healthy(task) {
                self.ecs.tasks[place].healthy_since.get_or_insert(now);
                let settles = self.settles_at(&self.ecs.tasks[place]);
                if settles.is_some_and(|at| at <= now) && !self.ecs.tasks[place].settled {
                    self.settled(place, service);
                }
                continue;
            }
            let gives_up = self.fails_checks(task) && self.forgiven_until(task).is_some_and(|until| until <= now);
            let task = &mut self.ecs.tasks[place];
            (task.healthy_since, task.settled) = (None, false);
            if gives_up {
                self.stop_unhealthy(place, service, now);
            }
        }
    }

    fn settled(&mut self, place: usize, service: usize) {
        let task = &mut self.ecs.tasks[place];
        (task.settled, task.was_settled) = (true, true);
        let number = task.deployment;
        let owner = &mut self.ecs.services[service];
        let resets = owner.rules.breaker.is_none_or(|breaker| breaker.resets);
        if let Some(found) = owner.deployments.iter_mut().find(|found| Some(found.number) == number) {
            found.losses = 0;
            found.retry_at = None;
            if resets {
                found.failed = 0;
            }
        }
    }

    fn stop_unhealthy(&mut self, place: usize, service: usize, now: Timestamp) {
        let task = &self.ecs.tasks[place];
        let group = self.targets.all().iter().find(|group| group.targets.iter().any(|target| target.task == task.arn));
        let group = group.filter(|_| task.container_health != Some(false)).map(|group| group.arn.clone());
        let reason = match group {
            Some(group) => {
                let port = task.address.map_or(0, |address| address.port());
                let message = format!(
                    "(port {port}) is unhealthy in (target-group {group}) due to (reason Health checks failed)."
                );
                self.say(service, now, &message);
                format!("Task failed ELB health checks in (target-group {group})")
            }
            None => "Task failed container health checks".to_owned(),
        };
        // Counted first: whoever was asked to stop is lost no more.
        self.note_loss(place, now);
        self.stop_task(place, Stop { code: StopCode::Scheduler, reason }, now);
    }

    /// Starts and stops tasks of a service.
    pub(super) fn schedule(&mut self, service: usize, now: Timestamp) {
        let steps = self.steps(service, now);
        let deployments = self.ecs.services[service].deployments.iter();
        let numbers: Vec<u64> = deployments.map(|deployment| deployment.number).collect();
        let (mut started, mut stopped) = (Vec::new(), Vec::new());
        for (index, (number, step)) in numbers.into_iter().zip(steps).enumerate() {
            let deployment = &mut self.ecs.services[service].deployments[index];
            deployment.desired = step.desired;
            if deployment.retry_at.is_some_and(|retry| retry <= now) {
                deployment.retry_at = None;
            }
            stopped.extend(self.stop_some(service, number, step, now));
            started.extend((0..step.start).filter_map(|_| self.start_one(service, number, now)));
        }
        self.tell(service, now, &started, &stopped);
    }

    /// The tasks of a deployment, in numbers.
    pub(super) fn group(&self, service: usize, index: usize, now: Timestamp) -> Group {
        let owner = &self.ecs.services[service];
        let deployment = &owner.deployments[index];
        let tasks = self.ecs.tasks.iter().filter(|task| task.is_of(service, deployment.number) && task.is_wanted());
        let (live, healthy) =
            tasks.fold((0, 0), |(live, healthy), task| (live + 1, healthy + u32::from(task.serves())));
        let is_primary = index == 0;
        // Until ECS has turned to what it was asked for, it does nothing new for the primary.
        let waits = owner.history.last().is_some_and(|last| {
            matches!(
                last.status,
                DeploymentStatus::Pending | DeploymentStatus::StopRequested | DeploymentStatus::RollbackRequested
            )
        });
        Group {
            desired: deployment.desired,
            live,
            healthy,
            replaces: is_primary || deployment.was_complete,
            may_start: deployment.rollout != Rollout::Failed
                && deployment.retry_at.is_none_or(|retry| retry <= now)
                && !(is_primary && waits),
        }
    }

    fn start_one(&mut self, service: usize, number: u64, now: Timestamp) -> Option<String> {
        let owner = &self.ecs.services[service];
        let revision = owner.revision(number)?;
        let definition = self.ecs.definitions.find(&revision.workload.definition)?.clone();
        let cluster = owner.cluster.clone();
        let wish = Wish {
            cluster: &cluster,
            service: Some((service, number)),
            group: format!("service:{}", owner.name),
            started_by: Some(format!("ecs-svc/{number}")),
            digest: revision.digest.clone(),
            overrides: no_overrides(definition.container().name()),
            launch_type: revision.workload.launch_type.clone(),
            tags: Vec::new(),
            definition: &definition,
        };
        let place = self.create_task(wish, now);
        Some(self.ecs.tasks[place].id().to_owned())
    }

    /// Stops tasks of a deployment, those that serve nobody first, and of these the youngest.
    fn stop_some(&mut self, service: usize, number: u64, step: Step, now: Timestamp) -> Vec<String> {
        let of = |place: &usize| self.ecs.tasks[*place].is_of(service, number) && self.ecs.tasks[*place].is_wanted();
        let (healthy, idle): (Vec<usize>, Vec<usize>) =
            (0..self.ecs.tasks.len()).filter(of).partition(|place| self.ecs.tasks[*place].serves());
        let idle = idle.into_iter().rev().take(step.stop_idle as usize);
        let chosen: Vec<usize> = idle.chain(healthy.into_iter().take(step.stop_healthy as usize)).collect();
        let reason = format!("Scaling activity initiated by (deployment ecs-svc/{number})");
        for place in &chosen {
            self.stop_task(*place, Stop { code: StopCode::Scheduler, reason: reason.clone() }, now);
        }
        chosen.into_iter().map(|place| self.ecs.tasks[place].arn.clone()).collect()
    }

    /// The target groups that tasks leave, and how many leave each.
    fn leaving(&self, tasks: &[String]) -> Vec<(String, usize)> {
        let count = |group: &crate::TargetGroup| {
            let leaves = |target: &&crate::Target| target.state == crate::TargetState::Draining;
            group.targets.iter().filter(leaves).filter(|target| tasks.contains(&target.task)).count()
        };
        let groups = self.targets.all().iter().map(|group| (group.arn.clone(), count(group)));
        groups.filter(|(_, count)| *count > 0).collect()
    }

    fn tell(&mut self, service: usize, now: Timestamp, started: &[String], stopped: &[String]) {
        let list = |ids: &mut dyn Iterator<Item = &str>| {
            ids.fold(String::new(), |mut list, id| {
                let _ = write!(list, " (task {id})");
                list
            })
        };
        if !stopped.is_empty() {
            let draining = |arn: &&String| self.targets.state(arn) == Some(crate::TargetState::Draining);
            let draining = stopped.iter().filter(draining).count();
            if draining > 0 {
                self.say(service, now, &format!("has begun draining connections on {draining} tasks."));
                for (group, count) in self.leaving(stopped) {
                    self.say(service, now, &format!("deregistered {count} targets in (target-group {group})"));
                }
            }
            let ids = list(&mut stopped.iter().map(|arn| super::name::last_part(arn)));
            self.say(service, now, &format!("has stopped {} running tasks:{ids}.", stopped.len()));
        }
        if !started.is_empty() {
            let ids = list(&mut started.iter().map(String::as_str));
            self.say(service, now, &format!("has started {} tasks:{ids}.", started.len()));
        }
        if !(started.is_empty() && stopped.is_empty()) {
            self.ecs.services[service].steady = false;
        }
    }
}
