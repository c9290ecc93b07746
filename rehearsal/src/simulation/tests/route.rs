//! Requests without sockets.

use std::collections::BTreeMap;

use super::*;
use crate::network::Network;
use crate::world::When;

const STAGING: &str = "myapp-staging-cluster-myapp-api";

fn entrance() -> Entrance {
    Entrance::Group(STAGING.to_owned())
}

/// A world whose staging was started with this fault.
async fn broken(fault: TaskFault, options: SimulationOptions) -> (Cloud, Simulation) {
    let cloud = cloud();
    let simulation = Simulation::attach_with(&cloud, options);
    cloud.faults(|faults| faults.add_task(TaskRule::NextDeployment("myapp-api".to_owned()), fault, None));
    stage::set(&cloud, &Scenery::default(), Scale::REAL).await.expect("a scene");
    tokio::time::sleep(Duration::from_mins(1)).await;
    (cloud, simulation)
}

#[tokio::test(start_paused = true)]
async fn requests_go_round_the_tasks_in_rotation_and_are_answered_after_their_time() {
    let network = Network { base: Duration::from_millis(20), jitter: Duration::from_millis(2) };
    let (cloud, simulation) = world(SimulationOptions { network, ..SimulationOptions::default() }).await;
    let mut tasks = BTreeMap::<_, u32>::new();
    for _ in 0..40 {
        let routed = simulation.route(&entrance(), "/").expect("a target");
        assert!((20..=28).contains(&routed.delay.as_millis()) && !routed.fails, "{routed:?}");
        assert_eq!(routed.group, STAGING);
        assert!(routed.digest.starts_with("sha256:"));
        *tasks.entry(routed.task.clone()).or_default() += 1;
        let began = tokio::time::Instant::now();
        assert_eq!(routed.answer(204).await, 204);
        assert!(began.elapsed() >= network.base);
    }
    assert_eq!(tasks.into_values().collect::<Vec<_>>(), [20; 2]);
    cloud.set_network(Network { base: Duration::from_secs(1), jitter: Duration::ZERO });
    assert_eq!(simulation.route(&entrance(), "/").expect("a target").delay, Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_request_to_nowhere_has_no_answer() {
    let (cloud, simulation) = world(SimulationOptions::default()).await;
    assert!(simulation.route(&Entrance::Group("nobody".to_owned()), "/").is_none());
    assert!(simulation.route(&Entrance::Rule("arn:of:nothing".to_owned()), "/").is_none());
    drop(cloud);
    assert!(simulation.route(&entrance(), "/").is_none());
}

#[tokio::test(start_paused = true)]
async fn faults_are_played_on_requests() {
    let fault = TaskFault::All(vec![TaskFault::Errors { rate: 0.25 }, TaskFault::Slower { factor: 1.5 }]);
    let network = Network { base: Duration::from_millis(20), jitter: Duration::ZERO };
    let (_cloud, simulation) = broken(fault, SimulationOptions { network, ..SimulationOptions::default() }).await;
    let mut failed = 0;
    for _ in 0..200 {
        let routed = simulation.route(&entrance(), "/").expect("a target");
        assert_eq!(routed.delay, Duration::from_millis(30));
        failed += u32::from(routed.answer(200).await == 500);
    }
    assert_eq!(failed, 50);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_leaks_is_gone_after_its_last_answer() {
    let (cloud, simulation) = broken(TaskFault::Leak { requests: 2, code: 137 }, SimulationOptions::default()).await;
    let first = simulation.route(&entrance(), "/").expect("a target");
    let victim = first.task.clone();
    assert_eq!(first.answer(200).await, 200);
    for _ in 0..2 {
        assert_eq!(simulation.route(&entrance(), "/").expect("a target").answer(200).await, 200);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let task = cloud.snapshot().tasks.into_iter().find(|task| task.arn == victim).expect("the task");
    assert_eq!(task.exit_code, Some(137));
}

#[tokio::test(start_paused = true)]
async fn readiness_is_lost_once_users_have_come() {
    let fault = Box::new(TaskFault::NeverReady);
    let when = When::InProduction(Duration::from_secs(20));
    let (cloud, simulation) = broken(TaskFault::Only { when, fault }, SimulationOptions::default()).await;
    let healthy = || cloud.targets(STAGING).iter().filter(|target| target.state == TargetState::Healthy).count();
    assert_eq!(healthy(), 2);
    let routed = simulation.route(&entrance(), "/").expect("a target");
    let task = routed.task.clone();
    assert_eq!(routed.answer(200).await, 200);
    tokio::time::sleep(Duration::from_secs(15)).await;
    assert_eq!(healthy(), 2);
    tokio::time::sleep(Duration::from_secs(20)).await;
    let lost = cloud.targets(STAGING).into_iter().find(|target| target.task == task);
    assert!(lost.is_none_or(|target| target.state != TargetState::Healthy));
}
