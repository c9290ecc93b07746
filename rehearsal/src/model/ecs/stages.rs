//! The stages of a deployment with a green fleet beside the blue one: when each ends, and what comes
//! after it.
//!
//! **Invariant**: blue keeps all its tasks until green has all the users and has baked.

use jiff::Timestamp;

use super::Refusal;
use super::blue_green::{Hook, HookAction, HookStatus, Shift, Stage};
use super::due::ATTENTION;
use super::service::{DeploymentStatus, ServiceDeployment};
use super::task::Phase;
use crate::model::State;
use crate::model::listeners::WHOLE;

/// How long green may take to come up, in seconds of AWS's.
const LONGEST_STAGE: u64 = 24 * 3600;

const LATE: &str = "Service deployment rolled back because a lifecycle stage did not end within 24 hours.";
const TIMED_OUT: &str = "Service deployment rolled back because a lifecycle hook timed out.";

impl State {
    /// Begins the first stage: more than two revisions are brought down to one before anything else.
    pub(super) fn first_stage(&mut self, place: usize, now: Timestamp) {
        let service = &self.ecs.services[place];
        let Some(current) = service.history.last() else { return };
        let Some(shift) = &current.shift else { return };
        let is_other = |number| Some(number) != shift.blue && number != current.target;
        let others = service.deployments.iter().any(|deployment| is_other(deployment.number));
        let first = if others { Stage::ReconcileService } else { Stage::PreScaleUp };
        self.enter_stage(place, first, now);
    }

    /// Lets stages end, pauses time out, and users go back, when it is time.
    pub(super) fn shift(&mut self, place: usize, now: Timestamp) {
        if self.shifting(place, DeploymentStatus::RollbackInProgress).is_some() {
            return self.go_back(place, now);
        }
        self.time_out_hooks(place, now);
        loop {
            let Some((_, shift)) = self.shifting(place, DeploymentStatus::InProgress) else { return };
            if shift.due.is_some_and(|due| due <= now) {
                if shift.stage == Some(Stage::ScaleUp) {
                    return self.roll_back(place, LATE, now);
                }
                if let Some(shift) = self.current_shift(place) {
                    shift.due = None;
                }
            }
            let Some(next) = self.stage_after(place) else { return };
            self.enter_stage(place, next, now);
        }
    }

    /// The stage that follows, when the one that goes on is over.
    fn stage_after(&self, place: usize) -> Option<Stage> {
        let (current, shift) = self.shifting(place, DeploymentStatus::InProgress)?;
        let stage = shift.stage?;
        let is_over = match stage {
            Stage::ReconcileService => shift.due.is_none() && self.others_are_gone(place, current, shift),
            Stage::ScaleUp => self.is_whole(place, current.target),
            Stage::CleanUp => false,
            _ => shift.due.is_none(),
        };
        // Who began with nobody to take users from has no steps to take.
        let share = if shift.blue.is_none() { WHOLE } else { shift.production };
        if is_over && shift.goes_on() { stage.next(share) } else { None }
    }

    fn enter_stage(&mut self, place: usize, stage: Stage, now: Timestamp) {
        let attention = self.scale.seconds(ATTENTION);
        let Some(current) = self.ecs.services[place].history.last() else { return };
        let (Some(rules), Some(shift)) = (current.rules.blue_green.clone(), &current.shift) else { return };
        let pauses = rules.hooks.iter().filter(|hook| hook.stages.contains(&stage));
        let hooks: Vec<Hook> = pauses
            .map(|hook| {
                let lasts = self.scale.seconds(hook.timeout * 60);
                Hook::new(format!("ecs-pause-{}", self.ids.hex()), stage, now, lasts, hook.on_timeout)
            })
            .collect();
        let next = if shift.blue.is_none() { WHOLE } else { rules.pace.next(shift.production) };
        let due = match stage {
            Stage::ScaleUp => Some(now + self.scale.seconds(LONGEST_STAGE)),
            Stage::CleanUp => None,
            Stage::BakeTime => Some(now + self.scale.seconds(rules.bake * 60)),
            Stage::ProductionTrafficShift if next < WHOLE => {
                Some(now + attention + self.scale.seconds(rules.pace.bake() * 60))
            }
            _ if !hooks.is_empty() => None,
            _ => Some(now + attention),
        };
        if let Some(shift) = self.current_shift(place) {
            (shift.stage, shift.entered_at, shift.due, shift.hooks) = (Some(stage), now, due, hooks);
        }
        match stage {
            Stage::TestTrafficShift => self.send_traffic(place, None, Some(WHOLE)),
            Stage::ProductionTrafficShift => self.send_traffic(place, Some(next), None),
            _ => {}
        }
        if let Some(current) = self.ecs.services[place].history.last_mut() {
            current.updated_at = now;
        }
    }

    fn time_out_hooks(&mut self, place: usize, now: Timestamp) {
        if self.shifting(place, DeploymentStatus::InProgress).is_none() {
            return;
        }
        let Some(shift) = self.current_shift(place) else { return };
        let mut rolls_back = false;
        for hook in &mut shift.hooks {
            if hook.status == HookStatus::AwaitingAction && hook.expires_at <= now {
                hook.status = HookStatus::TimedOut;
                rolls_back |= hook.on_timeout == HookAction::Rollback;
            }
        }
        if rolls_back {
            self.roll_back(place, TIMED_OUT, now);
        }
    }

    /// Says how a deployment that is paused goes on; its ARN.
    pub(crate) fn continue_service_deployment(
        &mut self,
        arn: &str,
        hook: &str,
        action: HookAction,
        now: Timestamp,
    ) -> Result<String, Refusal> {
        let attention = self.scale.seconds(ATTENTION);
        let mut all = self.ecs.services.iter_mut().flat_map(|service| &mut service.history);
        let found = all.find(|deployment| deployment.arn == arn).ok_or_else(|| {
            Refusal::new("ServiceDeploymentNotFoundException", "The service deployment was not found.")
        })?;
        let known = found.shift.iter_mut().flat_map(|shift| &mut shift.hooks).find(|known| known.id == hook);
        let Some(known) = known else {
            return Err(Refusal::invalid(format!("The service deployment has no lifecycle hook with the ID {hook}.")));
        };
        if found.status != DeploymentStatus::InProgress || known.status != HookStatus::AwaitingAction {
            let (word, status) = (known.status.word(), found.status.word());
            let message = format!("The hook {hook} is {word} and not AWAITING_ACTION, its deployment {status}.");
            return Err(Refusal::invalid(message));
        }
        match action {
            HookAction::Continue => known.status = HookStatus::Succeeded,
            HookAction::Rollback => found.enter(DeploymentStatus::RollbackRequested, now, Some(attention)),
        }
        Ok(found.arn.clone())
    }

    /// The deployment in flight and its shift, when it has this status.
    pub(super) fn shifting(&self, place: usize, status: DeploymentStatus) -> Option<(&ServiceDeployment, &Shift)> {
        let current = self.ecs.services[place].history.last().filter(|current| current.status == status)?;
        Some((current, current.shift.as_ref()?))
    }

    pub(super) fn current_shift(&mut self, place: usize) -> Option<&mut Shift> {
        self.ecs.services[place].history.last_mut()?.shift.as_mut()
    }

    fn others_are_gone(&self, place: usize, current: &ServiceDeployment, shift: &Shift) -> bool {
        let is_other = |number: u64| Some(number) != shift.blue && number != current.target;
        let mut tasks = self.ecs.tasks.iter().filter(|task| task.service == Some(place));
        !tasks.any(|task| task.deployment.is_some_and(is_other) && task.phase < Phase::Deprovisioning)
    }
}
