//! Where a request goes: the target group by the weights of its listener, and the target in it.

use std::sync::{Arc, Mutex, PoisonError};

use super::endpoint::Endpoint;
use super::group::Group;
use super::listener::Plan;
use super::turns::Turns;
use super::{Inner, Rule};
use crate::metrics;

impl Inner {
    /// Where the next request of a listener goes: the group whose turn it is, and in it the target,
    /// none when none is registered. Both are chosen from the same moment, so that a change of
    /// weights and a deregistration after it lose no request between them.
    pub(super) fn choose(self: &Arc<Self>, plan: &Plan, turns: &Mutex<Turns>) -> Option<Choice> {
        self.with_groups(|groups| {
            let (forward, rule) = match plan {
                Plan::Fixed(forward) => (forward, None),
                Plan::Rule(arn) => {
                    let rule = groups.rules.iter().find(|rule| rule.arn == *arn)?;
                    (&rule.forward, Some(rule))
                }
            };
            let candidates = forward.iter().map(|to| (to.group.clone(), to.weight, &to.group));
            let name = turns.lock().unwrap_or_else(PoisonError::into_inner).next(candidates)?;
            let group = groups.by_name.get(name)?;
            let load_balancer = match rule {
                Some(rule) => metrics::balancer_of_rule(&rule.arn),
                None => metrics::balancer_of_group(&group.arn),
            };
            let (group, endpoint) = (Arc::clone(group), group.choose());
            let of_users = rule.is_none_or(|rule| rule.of_users);
            Some(Choice { group, endpoint, of_users, share: share(&groups.rules, name), load_balancer })
        })
    }

    /// The share of users' requests that a group gets.
    pub(super) fn share(self: &Arc<Self>, group: &str) -> f64 {
        self.with_groups(|groups| share(&groups.rules, group))
    }
}

/// The share of users' requests that a target group gets by these rules, 0.0 to 1.0; one that no rule
/// knows has a listener to itself.
pub(crate) fn share(rules: &[Rule], group: &str) -> f64 {
    let share = |rule: &Rule| {
        let weight = rule.forward.iter().find(|to| to.group == group)?.weight;
        let sum: u32 = rule.forward.iter().map(|to| to.weight).sum();
        Some(f64::from(weight) / f64::from(sum.max(1)))
    };
    rules.iter().filter(|rule| rule.of_users).filter_map(share).reduce(f64::max).unwrap_or(1.0)
}

/// Where a request goes.
pub(super) struct Choice {
    pub(super) group: Arc<Group>,
    pub(super) endpoint: Option<Arc<Endpoint>>,
    pub(super) of_users: bool,
    pub(super) share: f64,
    /// Its name in metrics.
    pub(super) load_balancer: String,
}
