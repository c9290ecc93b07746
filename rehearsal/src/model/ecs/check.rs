//! What a service may be made from: task definitions, load balancers, and what its strategy takes.

use super::Refusal;
use super::service::{Advanced, Rules, Workload};
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
    /// Whether tasks can be made from this.
    pub(super) fn check_workload(&self, mut workload: Workload) -> Result<Workload, Refusal> {
        let definition = self.ecs.definitions.usable(&workload.definition)?;
        definition.check_runs(&workload.network)?;
        let container = definition.container();
        for balancer in &workload.balancers {
            if balancer.container != container.name() {
                let message = format!("The container {} does not exist in the task definition.", balancer.container);
                return Err(Refusal::invalid(message));
            }
            if !container.ports().any(|port| port == balancer.port) {
                let message = format!(
                    "The container {} did not have a container port {} defined.",
                    balancer.container, balancer.port
                );
                return Err(Refusal::invalid(message));
            }
            if self.targets.get(&balancer.target_group).is_none() {
                let message = format!("The specified target group does not exist: {}", balancer.target_group);
                return Err(Refusal::invalid(message));
            }
            if let Some(advanced) = &balancer.advanced {
                self.check_advanced(&balancer.target_group, advanced)?;
            }
        }
        workload.definition.clone_from(&definition.arn);
        Ok(workload)
    }

    /// Whether traffic can be shifted as this says.
    fn check_advanced(&self, target_group: &str, advanced: &Advanced) -> Result<(), Refusal> {
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
}
