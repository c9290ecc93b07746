//! How a deployment ends: well, failed by the circuit breaker or an alarm, rolled back.

use std::time::Duration;

use jiff::Timestamp;

use super::blue_green::{Shift, Stage};
use super::service::{Deployment, DeploymentStatus, Rollback, Rollout, Status};
use super::task::Phase;
use crate::model::State;

const BREAKER: &str = "Service deployment rolled back because the circuit breaker threshold was exceeded.";
const ALARM: &str = "Service deployment rolled back because a CloudWatch alarm was triggered.";

impl State {
    /// Fails the deployment in flight, when its tasks or its alarms say so.
    pub(super) fn judge(&mut self, place: usize, now: Timestamp) {
        let service = &mut self.ecs.services[place];
        let desired = service.desired;
        let Some((failed, id)) = service.primary().map(|primary| (primary.failed, primary.id())) else { return };
        let Some(current) = service.in_flight() else { return };
        if !matches!(current.status, DeploymentStatus::InProgress | DeploymentStatus::RollbackInProgress) {
            return;
        }
        let breaker = current.rules.breaker;
        if let Some(breaker) = breaker {
            let is_rollback = current.status == DeploymentStatus::RollbackInProgress;
            current.threshold = breaker.threshold.of(desired);
            // What made it go back stays on record.
            if !is_rollback {
                current.failures = failed;
            }
            if failed >= current.threshold {
                current.triggered = true;
                self.say(place, now, &format!("(deployment {id}) deployment failed: tasks failed to start."));
                let reason = "ECS deployment circuit breaker: tasks failed to start.";
                match (is_rollback, breaker.rollback) {
                    (true, _) => self.rollback_failed(place, reason, now),
                    (false, true) => self.roll_back(place, BREAKER, now),
                    (false, false) => self.fail(place, reason, now),
                }
                return;
            }
        }
        let Some(rule) = current.rules.alarms.clone() else { return };
        if current.status != DeploymentStatus::InProgress || !current.watches_alarms {
            return;
        }
        let rang: Vec<String> = rule.names.into_iter().filter(|name| self.account.in_alarm(name)).collect();
        if rang.is_empty() {
            return;
        }
        current.rang = rang;
        self.say(place, now, &format!("(deployment {id}) deployment failed: alarm detected."));
        if rule.rollback {
            self.roll_back(place, ALARM, now);
        } else {
            self.fail(place, "ECS deployment failed: alarm detected.", now);
        }
    }

    /// Goes back to the last revision that was good. Its tasks that still run go on running.
    pub(super) fn roll_back(&mut self, place: usize, reason: &str, now: Timestamp) {
        let service = &mut self.ecs.services[place];
        let failed = service.primary().map(|primary| primary.number);
        let blue = service.unfinished_shift().map(|(_, shift)| shift.blue);
        let target = blue.unwrap_or(service.good).filter(|good| Some(*good) != failed);
        let rollback = Rollback { reason: reason.to_owned(), at: now, revision: target };
        if let Some(current) = service.in_flight() {
            current.rollback = Some(rollback);
        }
        let Some(target) = target else {
            let reason = "There is no service revision to roll back to.";
            let asked =
                service.in_flight().is_some_and(|current| current.status == DeploymentStatus::RollbackRequested);
            return if asked { self.rollback_failed(place, reason, now) } else { self.fail(place, reason, now) };
        };
        if let Some(current) = service.in_flight() {
            current.enter(DeploymentStatus::RollbackInProgress, now, None);
            current.reason = Some(reason.to_owned());
        }
        self.end_primary(place, Rollout::Failed, reason, now);
        let service = &mut self.ecs.services[place];
        let known = service.deployments.iter().position(|deployment| deployment.number == target);
        let mut back = known.map_or_else(|| Deployment::new(target, now), |known| service.deployments.remove(known));
        back.rollout = Rollout::InProgress;
        (back.failed, back.losses, back.retry_at) = (0, 0, None);
        back.desired = service.desired;
        let id = back.id();
        back.reason = format!("ECS deployment {id} in progress.");
        back.updated_at = now;
        service.deployments.insert(0, back);
        service.steady = false;
        self.say(place, now, &format!("rolling back to deployment {id}."));
        if self.ecs.services[place].unfinished_shift().is_some() {
            self.go_back(place, now);
        }
    }

    fn rollback_failed(&mut self, place: usize, reason: &str, now: Timestamp) {
        if let Some(current) = self.ecs.services[place].in_flight() {
            current.enter(DeploymentStatus::RollbackFailed, now, None);
            current.reason = Some(reason.to_owned());
        }
        self.end_primary(place, Rollout::Failed, reason, now);
    }

    /// Leaves a failed deployment as it is: it starts nothing more.
    fn fail(&mut self, place: usize, reason: &str, now: Timestamp) {
        if let Some(current) = self.ecs.services[place].in_flight() {
            current.enter(DeploymentStatus::Stopped, now, None);
            current.reason = Some(reason.to_owned());
        }
        self.end_primary(place, Rollout::Failed, reason, now);
    }

    /// Ends what the primary was about; tasks of it that do not serve are worth nothing any more.
    pub(super) fn end_primary(&mut self, place: usize, rollout: Rollout, reason: &str, now: Timestamp) {
        let Some(primary) = self.ecs.services[place].deployments.first_mut() else { return };
        primary.rollout = rollout;
        reason.clone_into(&mut primary.reason);
        primary.updated_at = now;
    }

    /// Forgets deployments that have nothing left, and ends the one in flight when all is as it should be.
    pub(super) fn conclude(&mut self, place: usize, now: Timestamp) {
        let holds = |number: u64| {
            let mut tasks = self.ecs.tasks.iter().filter(|task| task.is_of(place, number));
            tasks.any(|task| task.phase < Phase::Deprovisioning)
        };
        let mut gone = Vec::new();
        for older in self.ecs.services[place].deployments.iter().skip(1) {
            if older.desired == 0 && !holds(older.number) {
                gone.push(older.number);
            }
        }
        let holds_any = self.ecs.services[place].deployments.iter().any(|deployment| holds(deployment.number));
        let service = &mut self.ecs.services[place];
        service.deployments.retain(|deployment| !gone.contains(&deployment.number));
        if service.status == Status::Draining {
            if !holds_any {
                service.status = Status::Inactive;
                service.deployments.clear();
            }
            return;
        }
        let desired = service.desired;
        let Some(number) = service.primary().map(|primary| primary.number) else { return };
        let wanted: Vec<_> =
            self.ecs.tasks.iter().filter(|task| task.is_of(place, number) && task.is_wanted()).collect();
        let all_well = wanted.len() == desired as usize && wanted.iter().all(|task| task.serves());
        let alone = self.ecs.services[place].deployments.len() == 1;
        self.end_in_flight(place, all_well && alone, now);
        let service = &mut self.ecs.services[place];
        let failed = service.primary().is_some_and(|primary| primary.rollout == Rollout::Failed);
        if all_well && alone && !failed && !service.steady && service.in_flight().is_none() {
            service.steady = true;
            self.say(place, now, "has reached a steady state.");
        }
    }

    fn end_in_flight(&mut self, place: usize, all_well: bool, now: Timestamp) {
        let bake = self.bake_of(place);
        let service = &mut self.ecs.services[place];
        let Some(current) = service.in_flight() else { return };
        if !all_well {
            current.bakes_until = None;
            return;
        }
        let goes_back = current.status == DeploymentStatus::RollbackInProgress;
        let is_done = |shift: &Shift| shift.stage == Some(Stage::CleanUp) && shift.is_back == goes_back;
        if !current.shift.as_ref().is_none_or(is_done) {
            return;
        }
        match current.status {
            DeploymentStatus::InProgress => {
                if *current.bakes_until.get_or_insert(now + bake) > now {
                    return;
                }
                current.enter(DeploymentStatus::Successful, now, None);
            }
            DeploymentStatus::RollbackInProgress => current.enter(DeploymentStatus::RollbackSuccessful, now, None),
            _ => return,
        }
        current.bakes_until = None;
        let Some(primary) = service.deployments.first_mut() else { return };
        let id = primary.id();
        primary.rollout = Rollout::Completed;
        primary.reason = format!("ECS deployment {id} completed.");
        primary.was_complete = true;
        primary.updated_at = now;
        service.good = Some(primary.number);
        self.keep_sources(place);
        self.say(place, now, &format!("(deployment {id}) deployment completed."));
    }

    /// Keeps on record what is left of the revisions that traffic was shifted from.
    fn keep_sources(&mut self, place: usize) {
        let service = &self.ecs.services[place];
        let Some(last) = service.history.last().filter(|last| last.shift.is_some()) else { return };
        let requested = |number: u64| {
            let known = service.deployments.iter().find(|deployment| deployment.number == number);
            known.map_or(0, |deployment| deployment.desired)
        };
        let now = last.sources.iter().map(|source| self.summary(place, source.revision, requested(source.revision)));
        let sources = now.collect();
        if let Some(last) = self.ecs.services[place].history.last_mut() {
            last.sources = sources;
        }
    }

    /// How long alarms are watched once all tasks are up: what the slowest of them needs to ring.
    fn bake_of(&mut self, place: usize) -> Duration {
        let Some(current) = self.ecs.services[place].in_flight() else { return Duration::ZERO };
        // A green fleet has baked already.
        let rule = current.rules.alarms.as_ref().filter(|_| current.watches_alarms && current.shift.is_none());
        let periods = rule.into_iter().flat_map(|rule| &rule.names).filter_map(|name| {
            let settings = &self.account.alarms.get(name)?.settings;
            let number = |member: &str| settings.get(member).and_then(serde_json::Value::as_u64);
            Some(number("Period")?.saturating_mul(number("EvaluationPeriods")?))
        });
        self.scale.seconds(periods.max().unwrap_or_default())
    }
}
