//! Listener rules: which target groups the requests of a load balancer's listener go to, in which shares.

use serde::{Deserialize, Serialize};

use super::{Identity, ids::Ids};
use crate::metrics;

/// The shares of a rule together, in tenths of a percent.
pub(crate) const WHOLE: u32 = 1000;

/// A rule of a listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListenerRule {
    /// Its ARN.
    pub arn: String,
    /// Whose requests it forwards.
    pub kind: RuleKind,
    /// The names of target groups and their shares, in tenths of a percent; a share of 0 gets none.
    pub forward: Vec<(String, u32)>,
}

/// Whose requests a rule forwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleKind {
    /// Those of users.
    Production,
    /// Those of whoever tries a new revision before users get it.
    Test,
}

/// What a rule is made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenerRuleOptions {
    /// The name of its load balancer; one balancer has one rule of a kind.
    pub balancer: String,
    /// Whose requests it forwards.
    pub kind: RuleKind,
    /// The ARNs of the target groups that it knows: the first gets everything.
    pub target_groups: Vec<String>,
}

/// A rule as the cloud keeps it.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) arn: String,
    balancer: String,
    pub(crate) kind: RuleKind,
    /// ARNs of target groups and their shares.
    pub(crate) forward: Vec<(String, u32)>,
}

impl Rule {
    /// The share of a target group.
    pub(crate) fn share(&self, group: &str) -> u32 {
        self.forward.iter().find(|(known, _)| known == group).map_or(0, |(_, share)| *share)
    }
}

/// All rules.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    rules: Vec<Rule>,
    changed: bool,
}

impl Listeners {
    /// Makes a rule, or has one begin anew; its ARN.
    pub(crate) fn put(&mut self, options: &ListenerRuleOptions, identity: &Identity, ids: &mut Ids) -> String {
        self.changed = true;
        let shares = [WHOLE].into_iter().chain(std::iter::repeat(0));
        let forward = options.target_groups.iter().cloned().zip(shares).collect();
        let same = |rule: &&mut Rule| rule.balancer == options.balancer && rule.kind == options.kind;
        if let Some(rule) = self.rules.iter_mut().find(same) {
            rule.forward = forward;
            return rule.arn.clone();
        }
        let Identity { region, account, .. } = identity;
        let mut id = || ids.hex()[..16].to_owned();
        let (balancer, listener, rule) = (id(), id(), id());
        // The rules of a load balancer name the same one.
        let sibling = self.rules.iter().find(|rule| rule.balancer == options.balancer);
        let balancer = sibling.and_then(|rule| rule.arn.rsplit('/').nth(2)).unwrap_or(&balancer);
        let path = format!("app/{}/{balancer}/{listener}/{rule}", options.balancer);
        let arn = format!("arn:aws:elasticloadbalancing:{region}:{account}:listener-rule/{path}");
        let (balancer, kind) = (options.balancer.clone(), options.kind);
        self.rules.push(Rule { arn: arn.clone(), balancer, kind, forward });
        arn
    }

    /// All of them.
    pub(crate) fn all(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule of this ARN.
    pub(crate) fn get(&self, arn: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.arn == arn)
    }

    /// The load balancers that know a target group, as CloudWatch names them.
    pub(crate) fn balancers_of(&self, group: &str) -> Vec<String> {
        let knows = |rule: &&Rule| rule.forward.iter().any(|(known, _)| known == group);
        let known: Vec<_> = self.rules.iter().filter(knows).map(|rule| metrics::balancer_of_rule(&rule.arn)).collect();
        if known.is_empty() { vec![metrics::balancer_of_group(group)] } else { known }
    }

    /// Gives target groups their shares; those that are not named get none.
    pub(crate) fn forward(&mut self, arn: &str, shares: &[(&str, u32)]) {
        let Some(rule) = self.rules.iter_mut().find(|rule| rule.arn == arn) else { return };
        for (group, share) in &mut rule.forward {
            let named = shares.iter().find(|(name, _)| name == group);
            let next = named.map_or(0, |(_, share)| *share);
            self.changed |= *share != next;
            *share = next;
        }
    }

    /// Whether anything changed since this was asked last.
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }
}
