//! Two fleets of one service: which target groups each is in, and how many tasks each has.

use jiff::Timestamp;

use super::Refusal;
use super::blue_green::{Shift, Stage};
use super::plan::{self, Bounds, Group, Step};
use super::service::{Advanced, Deployment, DeploymentStatus, LoadBalancer, Rules, Service, ServiceDeployment};
use super::service::{Status, Workload};
use crate::model::State;

/// Whether a workload has what shifting its traffic takes, when the rules ask for that.
pub(super) fn check_shift(rules: &Rules, workload: &Workload) -> Result<(), Refusal> {
    if rules.blue_green.is_none() {
        return Ok(());
    }
    match &workload.balancers[..] {
        [one] if one.advanced.is_some() => Ok(()),
        [] => {
            Err(Refusal::invalid("A deployment strategy that shifts traffic needs a load balancer in loadBalancers."))
        }
        [_] => Err(Refusal::invalid(
            "The deployment strategy needs an advancedConfiguration of the load balancer: alternateTargetGroupArn, \
             productionListenerRule and roleArn.",
        )),
        _ => Err(Refusal::new(
            "NotImplementedException",
            "the rehearsal's ecs does not implement a deployment strategy that shifts the traffic of several loadBalancers",
        )),
    }
}

impl State {
    /// Whether traffic can be shifted as this says.
    pub(super) fn check_advanced(&self, target_group: &str, advanced: &Advanced) -> Result<(), Refusal> {
        let Advanced { alternate, production_rule, test_rule, .. } = advanced;
        if alternate == target_group {
            return Err(Refusal::invalid("alternateTargetGroupArn must be another one than targetGroupArn."));
        }
        if self.targets.get(alternate).is_none() {
            return Err(Refusal::invalid(format!("The specified target group does not exist: {alternate}")));
        }
        for arn in [production_rule].into_iter().chain(test_rule) {
            let rule = self.listeners.get(arn).ok_or_else(|| {
                let message = format!("The specified listener rule does not exist: {arn}");
                Refusal::invalid(message)
            })?;
            let knows = |group: &str| rule.forward.iter().any(|(known, _)| known == group);
            if !knows(target_group) || !knows(alternate) {
                return Err(Refusal::invalid(
                    "Both targetGroup and alternateTargetGroup must be associated with the productionListenerRule or \
                     testListenerRule.",
                ));
            }
        }
        Ok(())
    }

    /// The target groups of a new revision's tasks, when this one serves: beside it for a green fleet,
    /// with it for a rolling update.
    pub(super) fn groups_for(&self, place: usize, workload: &Workload, serving: Option<u64>) -> Vec<String> {
        let service = &self.ecs.services[place];
        let shifts = service.rules.blue_green.is_some();
        let serving = serving.and_then(|number| service.revision(number));
        let one = |(index, balancer): (usize, &LoadBalancer)| {
            let main = balancer.target_group.as_str();
            let Some(advanced) = &balancer.advanced else { return main.to_owned() };
            let used = serving.and_then(|revision| revision.groups.get(index));
            let group = match used {
                Some(used) if shifts && used == main => &advanced.alternate,
                Some(used) if !shifts && *used == advanced.alternate => used,
                None if !shifts && self.points_at(advanced, &advanced.alternate) => &advanced.alternate,
                _ => main,
            };
            group.to_owned()
        };
        workload.balancers.iter().enumerate().map(one).collect()
    }

    fn points_at(&self, advanced: &Advanced, group: &str) -> bool {
        let rule = self.listeners.get(&advanced.production_rule);
        rule.is_some_and(|rule| rule.forward.iter().all(|(_, share)| *share <= rule.share(group)))
    }

    /// What each deployment of a service does next.
    pub(super) fn steps(&self, place: usize, now: Timestamp) -> Vec<Step> {
        let service = &self.ecs.services[place];
        let groups: Vec<Group> = (0..service.deployments.len()).map(|index| self.group(place, index, now)).collect();
        if let Some((last, shift)) = service.unfinished_shift() {
            let deployments = service.deployments.iter().zip(groups);
            return deployments.map(|(one, group)| fleet_step(service, last, shift, one, group, now)).collect();
        }
        let (least, most) = service.bounds();
        let bounds = Bounds { desired: service.desired, least, most };
        // What was taken out of the traffic counts for nothing.
        let counts = |deployment: &Deployment| !service.is_taken_back(deployment.number);
        let (index, counted): (Vec<usize>, Vec<Group>) =
            groups.iter().enumerate().filter(|(index, _)| counts(&service.deployments[*index])).unzip();
        let is_pending = service.history.last().is_some_and(|last| last.status == DeploymentStatus::Pending);
        let leave = |(group, one): (&Group, &Deployment)| {
            if is_pending { Step { desired: one.desired, ..Step::default() } } else { towards(0, *group, false) }
        };
        let mut steps: Vec<Step> = groups.iter().zip(&service.deployments).map(leave).collect();
        for (index, step) in index.into_iter().zip(plan::next(bounds, &counted)) {
            steps[index] = step;
        }
        steps
    }
}

/// What a deployment does while traffic is shifted between two.
fn fleet_step(
    service: &Service,
    last: &ServiceDeployment,
    shift: &Shift,
    one: &Deployment,
    group: Group,
    now: Timestamp,
) -> Step {
    let goes_back = matches!(last.status, DeploymentStatus::RollbackRequested | DeploymentStatus::RollbackInProgress);
    let (is_blue, is_green) = (Some(one.number) == shift.blue, one.number == last.target);
    let wanted = if is_blue {
        goes_back || shift.stage != Some(Stage::CleanUp)
    } else if is_green {
        shift.has_reached(Stage::ScaleUp) && !(shift.is_back && shift.stage == Some(Stage::CleanUp))
    } else if last.status == DeploymentStatus::Pending {
        // Nothing is begun before ECS has turned to it.
        return Step { desired: one.desired, ..Step::default() };
    } else {
        false
    };
    // One that was stopped on the way keeps up what users need, and no more.
    let may_start = match one.retry_at {
        Some(retry) if retry > now => false,
        _ => is_blue || group.may_start || shift.production > 0,
    };
    let desired = if wanted && service.status == Status::Active { service.desired } else { 0 };
    towards(desired, group, may_start)
}

/// Brings a deployment to so many tasks.
fn towards(desired: u32, group: Group, may_start: bool) -> Step {
    let excess = group.live.saturating_sub(desired);
    let stop_idle = excess.min(group.idle());
    let start = if may_start { desired.saturating_sub(group.live) } else { 0 };
    Step { desired, start, stop_idle, stop_healthy: excess - stop_idle }
}
