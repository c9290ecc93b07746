//! Requests without sockets.

use std::collections::BTreeMap;

use super::*;
use crate::RuleKind;
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
async fn a_service_has_an_entrance_for_users_and_one_for_tests() {
    let (cloud, simulation) = world(SimulationOptions::default()).await;
    let entrance = |kind| cloud.entrance("myapp-cluster", "myapp-api", kind).expect("an entrance");
    let (users, tests) = (entrance(RuleKind::Production), entrance(RuleKind::Test));
    assert_ne!(users, tests);
    for entrance in [&users, &tests] {
        let routed = simulation.route(entrance, "/").expect("a target");
        assert!(routed.task.contains("/myapp-cluster/"), "{routed:?}");
    }
    assert_eq!(cloud.entrance("myapp-cluster", "nobody", RuleKind::Production), None);
}

#[tokio::test(start_paused = true)]
async fn what_is_answered_is_measured() {
    let (cloud, simulation) = world(SimulationOptions::default()).await;
    let users = cloud.entrance("myapp-cluster", "myapp-api", RuleKind::Production).expect("an entrance");
    for number in 0..20 {
        let status = if number == 0 { 502 } else { 200 };
        assert_eq!(simulation.route(&users, "/").expect("a target").answer(status).await, status);
    }
    tokio::time::sleep(Duration::from_mins(3)).await;
    let Entrance::Rule(rule) = &users else { panic!("{users:?}") };
    let dimension = json!({ "Name": "LoadBalancer", "Value": crate::metrics::balancer_of_rule(rule) });
    let seconds = |minutes: i64| cloud.now().as_second() + minutes * 60;
    let query = |id: &str, name: &str| {
        let metric = json!({ "Namespace": "AWS/ApplicationELB", "MetricName": name, "Dimensions": [dimension] });
        json!({ "Id": id, "MetricStat": { "Metric": metric, "Period": 60, "Stat": "Sum" } })
    };
    let input = json!({
        "MetricDataQueries": [query("all", "RequestCount"), query("bad", "HTTPCode_Target_5XX_Count")],
        "StartTime": seconds(-10), "EndTime": seconds(10),
    });
    let request = http::Request::post("/")
        .header("authorization", "AWS4-HMAC-SHA256 Credential=rehearsal/x")
        .header("x-amz-target", "GraniteServiceVersion20100801.GetMetricData")
        .body(bytes::Bytes::from(input.to_string()))
        .expect("a request");
    let answer: serde_json::Value = serde_json::from_slice(cloud.handle(request).await.body()).expect("JSON");
    let values = |number: usize| &answer["MetricDataResults"][number]["Values"];
    assert_eq!((values(0), values(1)), (&json!([20.0]), &json!([1.0])));
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
    let fault = TaskFault::NeverReady.only(When::InProduction(Duration::from_secs(20)));
    let (cloud, simulation) = broken(fault, SimulationOptions::default()).await;
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
