//! Whom users reach, by the weights of listeners and the tasks behind them.

use rehearsal::snapshot::Snapshot;
use rehearsal::{RuleKind, Target, TargetState};

/// The share of users' requests, 0.0 to 1.0, that tasks of this digest get in a cluster.
pub(crate) fn share(snapshot: &Snapshot, cluster: &str, digest: &str) -> f64 {
    let task = |target: &Target| snapshot.tasks.iter().find(|task| task.arn == target.task);
    let is_here = |target: &&Target| task(target).is_some_and(|task| task.cluster == cluster);
    let is_its = |target: &&Target| task(target).is_some_and(|task| task.digest.as_deref() == Some(digest));
    let rules = snapshot.listener_rules.iter().filter(|rule| rule.kind == RuleKind::Production);
    let forwards = rules.flat_map(|rule| &rule.forward).filter(|(_, weight)| *weight > 0);
    let shares = forwards.filter_map(|(name, weight)| {
        let group = snapshot.target_groups.iter().find(|group| group.name == *name)?;
        let serving = group.targets.iter().filter(|target| target.state == TargetState::Healthy).filter(is_here);
        let serving: Vec<_> = serving.collect();
        let its = serving.iter().copied().filter(is_its).count();
        Some(f64::from(*weight) / 1000.0 * its as f64 / serving.len().max(1) as f64)
    });
    shares.sum()
}
