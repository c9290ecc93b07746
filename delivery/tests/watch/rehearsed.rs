//! What a load balancer counted, as the rehearsal's CloudWatch tells it.

use std::time::Duration;

use delivery::aws::{Clients, Transport};
use http::StatusCode;
use rehearsal::metrics::{MetricsFault, Outcome, Sample};
use rehearsal::{Cloud, CloudOptions, Scale};

use crate::in_memory::InMemory;

const BALANCER: &str = "app/web/50dc6c";
const GREEN: &str = "targetgroup/green/1";
const BLUE: &str = "targetgroup/blue/2";

fn cloud() -> (Cloud, Clients) {
    let cloud = Cloud::new(CloudOptions {
        region: "ap-northeast-1".to_owned(),
        account: "123456789012".to_owned(),
        scale: Scale::REAL,
        seed: 1,
        registry_host: "127.0.0.1:5000".to_owned(),
        start: "2026-11-24T10:00:00Z".parse().expect("a time"),
    });
    let clients = Clients::over(Transport::through(InMemory(cloud.clone())), "http://127.0.0.1:5000", "ap-northeast-1");
    (cloud, clients.expect("clients"))
}

fn record(cloud: &Cloud, group: &str, number: u64, errors: u64) {
    for number in 0..number {
        let status = if number < errors { StatusCode::BAD_GATEWAY } else { StatusCode::OK };
        cloud.record(&Sample {
            load_balancer: BALANCER.to_owned(),
            target_group: group.to_owned(),
            outcome: Outcome::Answered(status, Duration::from_millis(10)),
        });
    }
}

#[tokio::test(start_paused = true)]
async fn each_target_group_has_its_own_minutes_and_what_did_not_happen_is_not_told() {
    let (cloud, clients) = cloud();
    let from = cloud.now();
    record(&cloud, GREEN, 20, 3);
    record(&cloud, BLUE, 100, 0);
    tokio::time::sleep(Duration::from_mins(1)).await;
    record(&cloud, BLUE, 50, 0);
    tokio::time::sleep(Duration::from_mins(5)).await;
    let groups = clients.target_group_minutes(BALANCER, &[GREEN, BLUE], from, cloud.now()).await.expect("minutes");
    let [green, blue] = groups.as_slice() else { panic!("{groups:?}") };
    let minute = |number: i64| from.as_second() + number * 60;
    let first = green[&minute(0)];
    assert_eq!((first.requests, first.errors), (Some(20.0), Some(3.0)), "{green:?}");
    assert!(first.p95.is_some_and(|p95| (p95 - 0.010).abs() < 0.001), "{first:?}");
    assert_eq!(green.get(&minute(1)).and_then(|minute| minute.requests), None, "{green:?}");
    assert_eq!((blue[&minute(0)].requests, blue[&minute(0)].errors), (Some(100.0), None), "{blue:?}");
    assert_eq!(blue[&minute(1)].requests, Some(50.0));
}

#[tokio::test(start_paused = true)]
async fn metrics_that_are_missing_are_no_zeros() {
    let (cloud, clients) = cloud();
    let from = cloud.now();
    record(&cloud, GREEN, 20, 3);
    tokio::time::sleep(Duration::from_mins(5)).await;
    cloud.faults(|faults| faults.set_metrics(Some(MetricsFault::Missing)));
    let groups = clients.target_group_minutes(BALANCER, &[GREEN], from, cloud.now()).await.expect("an answer");
    assert!(groups.len() == 1 && groups[0].is_empty(), "{groups:?}");
}
