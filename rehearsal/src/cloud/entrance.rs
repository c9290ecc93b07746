//! Which way requests come to a service.

use super::Cloud;
use crate::RuleKind;
use crate::simulation::Entrance;

impl Cloud {
    /// The entrance of a service for users or for tests, by the names of its cluster and itself; none
    /// when it has none of that kind. A service without listener rules has its target group for users.
    #[must_use]
    pub fn entrance(&self, cluster: &str, service: &str, kind: RuleKind) -> Option<Entrance> {
        let shared = self.lock();
        let state = &shared.state;
        let place = state.ecs.find_service(cluster, service)?;
        let balancer = state.ecs.services[place].workload()?.balancers.first()?;
        match (&balancer.advanced, kind) {
            (Some(advanced), RuleKind::Production) => Some(Entrance::Rule(advanced.production_rule.clone())),
            (Some(advanced), RuleKind::Test) => advanced.test_rule.clone().map(Entrance::Rule),
            (None, RuleKind::Production) => {
                state.targets.get(&balancer.target_group).map(|group| Entrance::Group(group.name.clone()))
            }
            (None, RuleKind::Test) => None,
        }
    }
}
