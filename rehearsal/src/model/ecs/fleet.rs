//! Two fleets of one service: which target groups each is in, and how many tasks each has.

use jiff::Timestamp;

use super::blue_green::{Shift, Stage};
use super::plan::{self, Bounds, Group, Step};
use super::service::{Advanced, Deployment, DeploymentStatus, LoadBalancer, Service, ServiceDeployment};
use super::service::{Status, Workload};
use crate::model::State;

impl State {
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
            // Until blue can do without, whatever serves beside it is kept.
            let waits = shift.blue.is_some_and(|blue| !self.is_whole(place, blue));
            let step = |(one, group): (&Deployment, Group)| match fleet(service, last, shift, one) {
                Fleet::Other if last.status == DeploymentStatus::Pending => as_it_is(one),
                Fleet::Other if waits && !service.is_taken_back(one.number) => as_it_is(one),
                Fleet::Other => towards(0, group, false),
                Fleet::Of { desired, serves } => {
                    // One that was stopped on the way keeps up what users need, and no more.
                    let may_start = (group.may_start || serves) && one.retry_at.is_none_or(|retry| retry <= now);
                    towards(desired, group, may_start)
                }
            };
            return deployments.map(step).collect();
        }
        let (least, most) = service.bounds();
        let bounds = Bounds { desired: service.desired, least, most };
        // What was taken out of the traffic counts for nothing.
        let counts = |deployment: &Deployment| !service.is_taken_back(deployment.number);
        let (index, counted): (Vec<usize>, Vec<Group>) =
            groups.iter().enumerate().filter(|(index, _)| counts(&service.deployments[*index])).unzip();
        let is_pending = service.history.last().is_some_and(|last| last.status == DeploymentStatus::Pending);
        let leave = |(group, one): (&Group, &Deployment)| {
            if is_pending { as_it_is(one) } else { towards(0, *group, false) }
        };
        let mut steps: Vec<Step> = groups.iter().zip(&service.deployments).map(leave).collect();
        for (index, step) in index.into_iter().zip(plan::next(bounds, &counted)) {
            steps[index] = step;
        }
        steps
    }
}

/// What a deployment is while traffic is shifted between two.
enum Fleet {
    /// Blue or green: how many tasks it should have, and whether users may be sent to it.
    Of {
        desired: u32,
        serves: bool,
    },
    Other,
}

fn fleet(service: &Service, last: &ServiceDeployment, shift: &Shift, one: &Deployment) -> Fleet {
    let goes_back = matches!(last.status, DeploymentStatus::RollbackRequested | DeploymentStatus::RollbackInProgress);
    let cleans_up = shift.stage == Some(Stage::CleanUp);
    let (wanted, serves) = if service.status != Status::Active {
        return Fleet::Of { desired: 0, serves: false };
    } else if Some(one.number) == shift.blue {
        (goes_back || !cleans_up, true)
    } else if one.number == last.target {
        (shift.has_reached(Stage::ScaleUp) && !(shift.is_back && cleans_up), shift.production > 0)
    } else {
        return Fleet::Other;
    };
    Fleet::Of { desired: if wanted { service.desired } else { 0 }, serves }
}

/// Neither starts nor stops anything.
fn as_it_is(one: &Deployment) -> Step {
    Step { desired: one.desired, ..Step::default() }
}

/// Brings a deployment to so many tasks.
fn towards(desired: u32, group: Group, may_start: bool) -> Step {
    let excess = group.live.saturating_sub(desired);
    let stop_idle = excess.min(group.idle());
    let start = if may_start { desired.saturating_sub(group.live) } else { 0 };
    Step { desired, start, stop_idle, stop_healthy: excess - stop_idle }
}
