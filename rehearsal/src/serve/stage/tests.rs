//! The default world comes up, without a process anywhere.

use std::time::Duration;

use super::*;
use crate::CloudOptions;
use crate::simulation::Simulation;

#[tokio::test(start_paused = true)]
async fn the_default_world_comes_up_with_all_its_tasks_healthy() {
    let scenery = Scenery::default();
    let cloud = Cloud::new(CloudOptions {
        region: scenery.region.clone(),
        account: scenery.account.clone(),
        scale: Scale::REAL,
        seed: 1,
        registry_host: "127.0.0.1:5000".to_owned(),
        start: "2026-11-24T10:00:00Z".parse().expect("a time"),
    });
    let simulation = Simulation::attach(&cloud);
    let balancers = set(&cloud, &scenery, Scale::REAL).await.expect("a scene");
    let names: Vec<_> = cloud.target_groups().into_iter().map(|group| group.name).collect();
    let (staging, production) = ("myapp-staging-cluster-myapp-api", "myapp-cluster-myapp-api");
    let alternate = |name: &str| format!("{name}-alternate");
    assert_eq!(names, [staging, &alternate(staging), production, &alternate(production)]);
    let rules = cloud.listener_rules();
    let rule = |arn: Option<&String>| rules.iter().find(|rule| Some(&rule.arn) == arn).expect("a rule");
    for (balancer, name) in balancers.iter().zip([staging, production]) {
        let (users, tests) = (rule(Some(&balancer.production_rule)), rule(balancer.test_rule.as_ref()));
        assert_eq!((users.kind, tests.kind), (RuleKind::Production, RuleKind::Test));
        assert_eq!(users.forward, [(name.to_owned(), 1000), (alternate(name), 0)]);
        assert_eq!(tests.forward, users.forward);
    }
    tokio::time::sleep(Duration::from_mins(1)).await;

    let services = cloud.snapshot().services;
    let seen: Vec<_> = services
        .iter()
        .map(|service| (service.cluster.as_str(), service.desired, service.healthy, service.events[0].message.as_str()))
        .collect();
    let steady = "(service myapp-api) has reached a steady state.";
    assert_eq!(seen, [("myapp-cluster", 4, 4, steady), ("myapp-staging-cluster", 2, 2, steady)]);
    for service in services {
        assert_eq!(service.deployments.len(), 1);
        assert_eq!(service.deployments[0].rollout_state, "COMPLETED");
        assert_eq!(service.service_deployments[0].status, "SUCCESSFUL");
    }
    assert_eq!(simulation.tasks().len(), 6);
    let launch = &simulation.launches()[0];
    assert_eq!((launch.port, launch.environment["API_TOKEN"].as_str()), (Some(8080), "rehearsal"));
}

#[tokio::test]
async fn a_service_that_is_not_blue_green_has_one_group_and_one_door() {
    let cloud = |scenery: &Scenery| {
        Cloud::new(CloudOptions {
            region: scenery.region.clone(),
            account: scenery.account.clone(),
            scale: Scale::REAL,
            seed: 1,
            registry_host: "127.0.0.1:5000".to_owned(),
            start: "2026-11-24T10:00:00Z".parse().expect("a time"),
        })
    };
    let mut scenery = Scenery { infrastructure_role: None, ..Scenery::default() };
    scenery.services.truncate(1);
    let refused = set(&cloud(&scenery), &scenery, Scale::REAL).await.expect_err("it has no role").to_string();
    assert!(refused.contains("infrastructure_role"), "{refused}");
    scenery.services[0].blue_green = false;
    let plain = cloud(&scenery);
    let balancers = set(&plain, &scenery, Scale::REAL).await.expect("a scene");
    assert_eq!((plain.target_groups().len(), plain.listener_rules().len()), (1, 1));
    assert_eq!((balancers[0].test_rule.as_ref(), balancers[0].shifting.as_ref()), (None, None));
}
