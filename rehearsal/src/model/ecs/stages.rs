//! The stages of a deployment with a green fleet beside the blue one: when each ends, what it does to the
//! traffic, and the way back.
//!
//! **Invariant**: blue keeps all its tasks until green has all the users and has baked.
//!
//! **Invariant**: on the way back users are sent to blue before a green task is asked to end, and never
//! to a blue that nobody of serves.

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
            HookAction::Rollback => {
                known.status = HookStatus::Failed;
                found.enter(DeploymentStatus::RollbackRequested, now, Some(attention));
            }
        }
        Ok(found.arn.clone())
    }

    /// Sends all users back to blue, when there is somebody for them, and then has green go. Once blue
    /// was on its way out it has to be whole again first.
    pub(super) fn go_back(&mut self, place: usize, now: Timestamp) {
        let attention = self.scale.seconds(ATTENTION);
        let Some((_, shift)) = self.shifting(place, DeploymentStatus::RollbackInProgress) else { return };
        if shift.is_back {
            if shift.due.is_some_and(|due| due <= now)
                && let Some(shift) = self.current_shift(place)
            {
                (shift.stage, shift.due) = (Some(Stage::CleanUp), None);
            }
            return;
        }
        let Some(blue) = shift.blue else { return };
        let may = match shift.stage {
            _ if shift.production == 0 => true,
            Some(Stage::CleanUp) => self.is_whole(place, blue),
            _ => self.serving(place, blue) > 0,
        };
        let (production, test) = (shift.production, shift.test);
        if may {
            self.send_traffic(place, Some(0), test.map(|_| 0));
        }
        let Some(shift) = self.current_shift(place) else { return };
        shift.due = None;
        for hook in shift.hooks.iter_mut().filter(|hook| hook.status == HookStatus::AwaitingAction) {
            hook.status = HookStatus::Failed;
        }
        if may {
            shift.is_back = true;
            let (stage, due) = match (production, test.unwrap_or_default()) {
                (0, 0) => (Stage::CleanUp, None),
                (0, _) => (Stage::TestTrafficShift, Some(now + attention)),
                _ => (Stage::ProductionTrafficShift, Some(now + attention)),
            };
            (shift.stage, shift.due) = (Some(stage), due);
        }
    }

    /// Ends what a deployment did to the traffic before another one begins: all of it goes to the
    /// revision that serves then, which is returned.
    pub(super) fn take_over(&mut self, place: usize) -> Option<u64> {
        let service = &self.ecs.services[place];
        let Some((last, shift)) = service.unfinished_shift() else { return service.good };
        let blue = shift.blue.filter(|blue| shift.production == 0 || self.serving(place, *blue) > 0);
        let is_leaving = shift.has_reached(Stage::CleanUp) && !shift.is_back;
        let green = (shift.production > 0 && (is_leaving || blue.is_none())).then_some(last.target);
        let share = if green.is_some() { WHOLE } else { 0 };
        let test = shift.test.map(|_| share);
        if green.is_some() || blue.is_some() {
            self.send_traffic(place, Some(share), test);
        }
        let shift = self.ecs.services[place].history.last_mut().and_then(|last| last.shift.as_mut())?;
        shift.is_back = green.is_none();
        shift.due = None;
        let base = green.or(shift.blue);
        self.ecs.services[place].good = base;
        base
    }

    /// Gives the new revision these shares of users and of the test traffic, and the others the rest.
    fn send_traffic(&mut self, place: usize, production: Option<u32>, test: Option<u32>) {
        let service = &self.ecs.services[place];
        let Some(current) = service.history.last() else { return };
        let (Some(shift), Some(revision)) = (&current.shift, service.revision(current.target)) else { return };
        let (Some(balancer), Some(green)) = (revision.workload.balancers.first(), revision.groups.first()) else {
            return;
        };
        let Some(advanced) = &balancer.advanced else { return };
        let blue = shift.blue.and_then(|blue| service.revision(blue)).and_then(|blue| blue.groups.first());
        let other = if *green == balancer.target_group { &advanced.alternate } else { &balancer.target_group };
        let blue = blue.filter(|blue| *blue != green).unwrap_or(other);
        let shares = |share: u32| [(green.as_str(), share), (blue.as_str(), WHOLE - share)];
        if let Some(share) = production {
            self.listeners.forward(&advanced.production_rule, &shares(share));
        }
        if let (Some(share), Some(rule)) = (test, &advanced.test_rule) {
            self.listeners.forward(rule, &shares(share));
        }
        let Some(shift) = self.current_shift(place) else { return };
        shift.production = production.unwrap_or(shift.production);
        shift.test = shift.test.map(|before| test.unwrap_or(before));
    }

    /// The deployment in flight and its shift, when it has this status.
    fn shifting(&self, place: usize, status: DeploymentStatus) -> Option<(&ServiceDeployment, &Shift)> {
        let current = self.ecs.services[place].history.last().filter(|current| current.status == status)?;
        Some((current, current.shift.as_ref()?))
    }

    fn current_shift(&mut self, place: usize) -> Option<&mut Shift> {
        self.ecs.services[place].history.last_mut()?.shift.as_mut()
    }

    /// Whether a revision has all its tasks, and all of them serve.
    pub(super) fn is_whole(&self, place: usize, number: u64) -> bool {
        let wanted = self.ecs.tasks.iter().filter(|task| task.is_of(place, number) && task.is_wanted());
        let (live, serve) = wanted.fold((0, 0), |(live, serve), task| (live + 1, serve + u32::from(task.serves())));
        live == serve && live == self.ecs.services[place].desired
    }

    /// How many tasks of a revision serve.
    fn serving(&self, place: usize, number: u64) -> usize {
        let tasks = self.ecs.tasks.iter().filter(|task| task.is_of(place, number));
        tasks.filter(|task| task.is_wanted() && task.serves()).count()
    }

    fn others_are_gone(&self, place: usize, current: &ServiceDeployment, shift: &Shift) -> bool {
        let is_other = |number: u64| Some(number) != shift.blue && number != current.target;
        let mut tasks = self.ecs.tasks.iter().filter(|task| task.service == Some(place));
        !tasks.any(|task| task.deployment.is_some_and(is_other) && task.phase < Phase::Deprovisioning)
    }
}
