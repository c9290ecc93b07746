//! The simulation with a runtime's eyes: what it is told, and what it reports.

mod route;

use serde_json::json;

use super::*;
use crate::faults::TaskRule;
use crate::scenery::Scenery;
use crate::serve::stage;
use crate::snapshot::TaskView;
use crate::{CloudOptions, TargetState};

fn cloud() -> Cloud {
    let scenery = Scenery::default();
    Cloud::new(CloudOptions {
        region: scenery.region.clone(),
        account: scenery.account.clone(),
        scale: Scale::REAL,
        seed: 1,
        registry_host: "127.0.0.1:5000".to_owned(),
        start: "2026-11-24T10:00:00Z".parse().expect("a time"),
    })
}

async fn world(options: SimulationOptions) -> (Cloud, Simulation) {
    let cloud = cloud();
    let simulation = Simulation::attach_with(&cloud, options);
    stage::set(&cloud, &Scenery::default(), Scale::REAL).await.expect("a scene");
    tokio::time::sleep(Duration::from_mins(2)).await;
    (cloud, simulation)
}

async fn run_one(cloud: &Cloud) -> TaskView {
    let task = json!({
        "cluster": "myapp-cluster", "taskDefinition": "myapp-myapp-api",
        "networkConfiguration": { "awsvpcConfiguration": { "subnets": ["subnet-1"] } },
    });
    let request = http::Request::post("/")
        .header("authorization", "AWS4-HMAC-SHA256 Credential=rehearsal/x")
        .header("x-amz-target", "AmazonEC2ContainerServiceV20141113.RunTask")
        .body(bytes::Bytes::from(task.to_string()))
        .expect("a request");
    let answer = cloud.handle(request).await;
    assert!(answer.status().is_success(), "{:?}", answer.body());
    tokio::time::sleep(Duration::from_mins(1)).await;
    cloud.snapshot().tasks.into_iter().rfind(|task| task.service.is_none()).expect("the task")
}

#[tokio::test(start_paused = true)]
async fn a_one_off_task_does_what_a_test_says() {
    let one_off = |launch: &Launch| {
        assert_eq!(launch.service, None);
        OneOff { lines: vec!["so far".to_owned(), "so good".to_owned()], code: 3, ..OneOff::default() }
    };
    let options = SimulationOptions { one_off: Arc::new(one_off), ..SimulationOptions::default() };
    assert!(format!("{options:?}").contains("seed"));
    let (cloud, _simulation) = world(options).await;
    assert_eq!(run_one(&cloud).await.exit_code, Some(3));
}

#[tokio::test(start_paused = true)]
async fn faults_of_one_off_tasks_are_played() {
    let (cloud, _simulation) = world(SimulationOptions::default()).await;
    let reason = "CannotPullContainerError: gone";
    let cases = [
        (TaskFault::Crash { after: Duration::ZERO, code: 37 }, Some(37), "Essential container in task exited"),
        (TaskFault::CannotStart { reason: reason.to_owned() }, None, reason),
        (TaskFault::Slow { by: Duration::from_secs(1) }, Some(0), "Essential container in task exited"),
    ];
    for (fault, code, reason) in cases {
        cloud.faults(|faults| faults.add_task(TaskRule::OneOff, fault.clone(), Some(1)));
        let task = run_one(&cloud).await;
        assert_eq!((task.exit_code, task.stopped_reason.as_deref()), (code, Some(reason)), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_test_crashes_tasks_and_turns_their_checks() {
    let (cloud, simulation) = world(SimulationOptions::default()).await;
    let victims = simulation.tasks();
    assert!(simulation.crash(&victims[0], 9));
    assert!(!simulation.crash("nobody", 9));
    simulation.turn(&victims[1], false);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let seen = |task: &str| cloud.snapshot().tasks.into_iter().find(|view| view.arn == task).expect("the task");
    assert_eq!(seen(&victims[0]).exit_code, Some(9));
    assert!(!seen(&victims[1]).in_rotation);
    tokio::time::sleep(Duration::from_mins(2)).await;
    assert_eq!(seen(&victims[1]).last_status, "STOPPED");
    let healthy: u32 = cloud.snapshot().services.iter().map(|service| service.healthy).sum();
    assert_eq!(healthy, 6);
}

#[tokio::test(start_paused = true)]
async fn a_target_of_a_task_that_is_never_ready_is_unhealthy() {
    let cloud = cloud();
    let simulation = Simulation::attach(&cloud);
    let rule = TaskRule::NextDeployment("myapp-api".to_owned());
    cloud.faults(|faults| faults.add_task(rule, TaskFault::NeverReady, None));
    stage::set(&cloud, &Scenery::default(), Scale::REAL).await.expect("a scene");
    tokio::time::sleep(Duration::from_secs(45)).await;
    let targets = cloud.targets("myapp-staging-cluster-myapp-api");
    assert_eq!(targets.len(), 2);
    assert!(targets.iter().all(|target| target.state == TargetState::Unhealthy));
    assert_ne!(targets[0].address, targets[1].address);
    assert_eq!(simulation.launches()[0].fault, Some(TaskFault::NeverReady));
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_makes_the_same_history_and_another_makes_another() {
    let history = async |seed| {
        let (cloud, _simulation) = world(SimulationOptions { seed, ..SimulationOptions::default() }).await;
        let times = cloud.snapshot().tasks.into_iter().map(|task| task.started_at.expect("it runs"));
        times.map(jiff::Timestamp::as_millisecond).collect::<Vec<_>>()
    };
    assert_eq!(history(7).await, history(7).await);
    assert_ne!(history(7).await, history(8).await);
}

#[tokio::test(start_paused = true)]
async fn a_simulation_keeps_no_cloud_alive() {
    let (cloud, simulation) = world(SimulationOptions::default()).await;
    let weak = cloud.downgrade();
    drop(cloud);
    assert!(weak.upgrade().is_none());
    simulation.turn("nobody", true);
    tokio::time::sleep(Duration::from_mins(1)).await;
}
