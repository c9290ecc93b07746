//! Whether the load balancer of a service is set up for a strategy that shifts traffic.

use crate::aws::ecs::{Balanced, Service};
use crate::environment::Environment;
use crate::settings::Strategy;

/// What is missing, each with what to do; nothing when nothing is, or when nothing is shifted.
pub(crate) fn missing(service: &Service, strategy: &Strategy, environment: Environment) -> Vec<String> {
    if strategy.shift().is_none() {
        return Vec::new();
    }
    let needs = format!("the strategy \"{}\" of {environment} needs", strategy.name());
    let done = "set it in loadBalancers[].advancedConfiguration of the service, or choose the strategy \"rolling\"";
    if service.balanced.is_empty() {
        return vec![format!("the service {} has no load balancer, and {needs} one: {done}", service.name)];
    }
    let lacks = |balanced: &Balanced| {
        let Balanced { target_group, alternate_target_group, production_rule, test_rule, role } = balanced;
        let parts = [
            ("an alternate target group (alternateTargetGroupArn)", alternate_target_group),
            ("a production listener rule (productionListenerRule)", production_rule),
            ("a test listener rule (testListenerRule)", test_rule),
            ("a role that lets ECS shift traffic (roleArn)", role),
        ];
        let lacking: Vec<&str> = parts.iter().filter(|(_, has)| has.is_none()).map(|(what, _)| *what).collect();
        let name = crate::plan::short(target_group).to_owned();
        (!lacking.is_empty()).then(|| {
            format!(
                "{needs} {} beside the target group {name} of the service {}: {done}",
                lacking.join(" and "),
                service.name
            )
        })
    };
    service.balanced.iter().filter_map(lacks).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(balanced: Vec<Balanced>) -> Service {
        let mut service = Service::default();
        (service.name, service.balanced) = ("api".to_owned(), balanced);
        service
    }

    #[test]
    fn what_a_strategy_needs_of_the_load_balancer_is_named_when_it_is_missing() {
        let some = || Some("arn".to_owned());
        let whole = Balanced {
            target_group: "arn:targetgroup/blue/1".to_owned(),
            alternate_target_group: some(),
            production_rule: some(),
            test_rule: some(),
            role: some(),
        };
        let bare = Balanced { target_group: whole.target_group.clone(), ..Balanced::default() };
        let no_test = Balanced { test_rule: None, ..whole.clone() };
        let of = |balanced: &[Balanced], strategy: &Strategy| {
            missing(&service(balanced.to_vec()), strategy, Environment::Production)
        };
        let shifts = &Strategy::BlueGreen;
        assert_eq!(of(&[], &Strategy::Rolling), Vec::<String>::new());
        assert_eq!(of(std::slice::from_ref(&bare), &Strategy::Rolling), Vec::<String>::new());
        assert_eq!(of(&[whole], shifts), Vec::<String>::new());
        for (balanced, words) in [
            (&[][..], &["has no load balancer"][..]),
            (&[no_test], &["needs a test listener rule (testListenerRule) beside the target group blue/1"]),
            (&[bare], &["an alternate target group", "a production listener rule", "a test listener rule", "a role"]),
        ] {
            let found = of(balanced, shifts);
            let [only] = found.as_slice() else { panic!("{found:?}") };
            assert!(words.iter().all(|word| only.contains(word)) && only.contains("\"rolling\""), "{only}");
        }
    }
}
