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
    let groups = set(&cloud, &scenery, Scale::REAL).await.expect("a scene");
    assert_eq!(groups, ["myapp-staging-cluster-myapp-api", "myapp-cluster-myapp-api"]);
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
