//! A target group as the balancer keeps it: its targets, and whose turn it is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Inner;
use super::check;
use super::counts::{Counts, GroupCounts};
use super::endpoint::{Endpoint, Leaving};
use super::turns::Turns;
use crate::{HealthCheck, Target, TargetGroup, TargetState};

pub(super) struct Group {
    pub(super) name: String,
    pub(super) arn: String,
    members: Mutex<Members>,
    /// Of all its targets, those that are gone included.
    pub(super) total: Mutex<Counts>,
}

#[derive(Default)]
struct Members {
    check: Option<HealthCheck>,
    turns: Turns,
    present: Vec<(Target, Arc<Endpoint>)>,
}

impl Group {
    /// A group of this name and ARN, still without targets.
    pub(super) fn new(group: &TargetGroup) -> Arc<Self> {
        let (name, arn) = (group.name.clone(), group.arn.clone());
        Arc::new(Self { name, arn, members: Mutex::default(), total: Mutex::default() })
    }

    /// Takes what the cloud says about the group: checks begin for new targets, and end for those
    /// that leave, which finish what they have within the delay.
    pub(super) fn update(self: &Arc<Self>, now: TargetGroup, balancer: &Arc<Inner>) {
        let mut members = self.lock();
        members.check = Some(now.health_check);
        let mut present = Vec::new();
        for target in now.targets {
            let same =
                |known: &&(Target, Arc<Endpoint>)| known.0.task == target.task && known.0.address == target.address;
            let endpoint = match members.present.iter().find(same) {
                Some((_, endpoint)) => Arc::clone(endpoint),
                None => {
                    let fault = balancer.faults.fault_of(&target.task);
                    let endpoint = Arc::new(Endpoint::new(target.task.clone(), target.address, fault));
                    tokio::spawn(check::run(Arc::clone(self), Arc::clone(&endpoint), Arc::downgrade(balancer)));
                    endpoint
                }
            };
            if target.state == TargetState::Draining {
                endpoint.leave(now.deregistration_delay);
                endpoint.connections.close_idle();
            }
            present.push((target, endpoint));
        }
        for (_, endpoint) in &members.present {
            if !present.iter().any(|(_, still)| Arc::ptr_eq(still, endpoint)) {
                endpoint.leave(now.deregistration_delay);
                endpoint.connections.close_idle();
            }
        }
        members.present = present;
    }

    /// How its targets are checked.
    pub(super) fn health_check(&self) -> Option<HealthCheck> {
        self.lock().check.clone()
    }

    /// The target whose turn it is: of those that pass their checks, or of all that are registered
    /// when none does (AWS "fails open" too). None when none is registered.
    pub(super) fn choose(&self) -> Option<Arc<Endpoint>> {
        let mut members = self.lock();
        let Members { turns, present, .. } = &mut *members;
        let registered = || present.iter().filter(|(_, endpoint)| *endpoint.leaving.borrow() == Leaving::No);
        let any_healthy = registered().any(|(target, endpoint)| target.weight > 0 && endpoint.is_healthy());
        let candidates = registered()
            .filter(|(_, endpoint)| !any_healthy || endpoint.is_healthy())
            .map(|(target, endpoint)| (target.task.clone(), target.weight, endpoint));
        turns.next(candidates).cloned()
    }

    pub(super) fn counts(&self) -> GroupCounts {
        let read = |counts: &Mutex<Counts>| counts.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let members = self.lock();
        let targets: BTreeMap<_, _> =
            members.present.iter().map(|(target, endpoint)| (target.task.clone(), read(&endpoint.counts))).collect();
        GroupCounts { group: self.name.clone(), total: read(&self.total), targets }
    }

    fn lock(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
