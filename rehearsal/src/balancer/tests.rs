//! Tests of the balancer between real sockets.

mod faults;
mod rules;
mod stage;

use std::sync::atomic::Ordering;

use self::stage::{Served, Stage, ask, eventually, serve, status};
use super::*;
use crate::load::{Load, LoadOptions};
use crate::{Target, TargetState};

#[tokio::test]
async fn without_a_target_the_answer_is_503_as_awss() {
    let (_stage, balancer, address) = Stage::new(&[], BalancerOptions::default()).await;
    let answer = ask(&address, "").await;
    assert!(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{answer}");
    assert!(answer.contains("server: awselb/2.0") && answer.contains("<h1>503 Service Unavailable</h1>"), "{answer}");
    assert_eq!(balancer.counts()[0].total.balancer_answers, BTreeMap::from([(503, 1)]));
}

#[tokio::test]
async fn requests_go_round_the_healthy_targets_by_weight() {
    let (a, b, c) = (serve().await, serve().await, serve().await);
    c.behaviour.unready.store(true, Ordering::Relaxed);
    let targets = [("a", a.address), ("b", b.address), ("c", c.address)];
    let (stage, balancer, address) = Stage::new(&targets, BalancerOptions::default()).await;
    for (task, healthy) in [("a", true), ("b", true), ("c", false)] {
        stage.heard(task, healthy).await;
    }
    stage.change(|targets| targets[0].weight = 3);
    for _ in 0..40 {
        assert_eq!(status(&address).await, 200);
    }
    let answered = |served: &Served| served.behaviour.answered.load(Ordering::Relaxed);
    assert_eq!((answered(&a), answered(&b), answered(&c)), (30, 10, 0));
    let counts = &balancer.counts()[0];
    assert_eq!(counts.total.target_answers, BTreeMap::from([(2, 40)]));
    assert_eq!(counts.targets["a"].requests, 30);
}

#[tokio::test]
async fn when_no_target_passes_all_of_them_are_tried() {
    let a = serve().await;
    a.behaviour.unready.store(true, Ordering::Relaxed);
    let (stage, _balancer, address) = Stage::new(&[("a", a.address)], BalancerOptions::default()).await;
    stage.heard("a", false).await;
    assert_eq!(status(&address).await, 200);
}

#[tokio::test]
async fn a_target_that_changes_is_noticed_in_both_directions() {
    let a = serve().await;
    let (stage, _balancer, _address) = Stage::new(&[("a", a.address)], BalancerOptions::default()).await;
    stage.heard("a", true).await;
    a.behaviour.unready.store(true, Ordering::Relaxed);
    stage.heard("a", false).await;
    a.behaviour.unready.store(false, Ordering::Relaxed);
    eventually(|| stage.reports.lock().expect("lock").len() == 3).await;
    let changes: Vec<_> = stage.reports.lock().expect("lock").iter().map(|(_, healthy)| *healthy).collect();
    assert_eq!(changes, [true, false, true]);
}

#[tokio::test]
async fn a_target_that_refuses_or_breaks_off_is_502_and_one_that_is_silent_504() {
    let gone = TcpListener::bind("127.0.0.1:0").await.expect("port").local_addr().expect("address");
    let options = BalancerOptions { idle_timeout: Duration::from_millis(100), ..BalancerOptions::default() };
    let (_stage, balancer, address) = Stage::new(&[("gone", gone)], options).await;
    assert_eq!(status(&address).await, 502);
    assert_eq!(balancer.counts()[0].total.connection_errors, 1);

    let rude = serve().await;
    rude.behaviour.rude.store(true, Ordering::Relaxed);
    let (_stage, _balancer, address) = Stage::new(&[("rude", rude.address)], options).await;
    assert_eq!(status(&address).await, 502);

    let silent = serve().await;
    silent.behaviour.silent.store(true, Ordering::Relaxed);
    let (_stage, _balancer, address) = Stage::new(&[("silent", silent.address)], options).await;
    assert_eq!(status(&address).await, 504);
}

#[tokio::test]
async fn connections_to_targets_are_reused_unless_the_target_says_close() {
    for (closing, expected) in [(false, 1), (true, 10)] {
        let a = serve().await;
        a.behaviour.closing.store(closing, Ordering::Relaxed);
        let (stage, _balancer, address) = Stage::new(&[("a", a.address)], BalancerOptions::default()).await;
        stage.heard("a", true).await;
        for _ in 0..10 {
            assert_eq!(status(&address).await, 200);
        }
        let checks = a.behaviour.checked.load(Ordering::Relaxed);
        let connections = u64::from(a.behaviour.connections.load(Ordering::Relaxed));
        // A check that is just being made has its connection and is not counted yet.
        assert!((expected..=expected + 1).contains(&(connections - checks)), "{closing}: {connections} - {checks}");
    }
}

#[tokio::test]
async fn a_target_learns_who_asks() {
    let a = serve().await;
    let (_stage, _balancer, address) = Stage::new(&[("a", a.address)], BalancerOptions::default()).await;
    ask(&address, "x-forwarded-for: 203.0.113.9\r\nte: trailers\r\n").await;
    let request = a.behaviour.last.lock().expect("lock").clone();
    let port = address.socket.port();
    for line in [
        "GET /path?query HTTP/1.1",
        "host: shop.example",
        "x-forwarded-for: 203.0.113.9, 127.0.0.1",
        "x-forwarded-proto: http",
        &format!("x-forwarded-port: {port}"),
        "x-amzn-trace-id: Root=1-",
    ] {
        assert!(request.contains(&format!("{line}\r\n")) || line.ends_with('-') && request.contains(line), "{request}");
    }
    assert!(!request.contains("te: trailers"), "{request}");
}

#[tokio::test]
async fn a_deregistered_target_finishes_what_it_has_and_gets_nothing_new() {
    let (a, b) = (serve().await, serve().await);
    let (stage, _balancer, address) = Stage::new(&[("a", a.address)], BalancerOptions::default()).await;
    stage.heard("a", true).await;
    a.behaviour.silent.store(true, Ordering::Relaxed);
    let under_way = tokio::spawn(async move { status(&address).await });
    eventually(|| !a.behaviour.last.lock().expect("lock").is_empty()).await;
    stage.change(|targets| {
        targets[0].state = TargetState::Draining;
        let other =
            Target { task: "b".to_owned(), address: b.address, state: TargetState::Initial, ..targets[0].clone() };
        targets.push(other);
    });
    for _ in 0..20 {
        assert_eq!(status(&address).await, 200);
    }
    assert_eq!(b.behaviour.answered.load(Ordering::Relaxed), 20);
    a.behaviour.go_on.notify_one();
    assert_eq!(under_way.await.expect("answer"), 200);
}

#[tokio::test]
async fn what_is_not_finished_within_the_delay_is_cut() {
    let a = serve().await;
    let (stage, _balancer, address) = Stage::new(&[("a", a.address)], BalancerOptions::default()).await;
    stage.heard("a", true).await;
    a.behaviour.silent.store(true, Ordering::Relaxed);
    let under_way = tokio::spawn(async move { status(&address).await });
    eventually(|| !a.behaviour.last.lock().expect("lock").is_empty()).await;
    stage.change(Vec::clear);
    assert_eq!(under_way.await.expect("answer"), 502);
}

#[tokio::test]
async fn a_fleet_is_replaced_ten_times_under_load_without_a_lost_request() {
    let first = serve().await;
    let (stage, balancer, address) = Stage::new(&[("0", first.address)], BalancerOptions::default()).await;
    stage.heard("0", true).await;
    stage.be_patient();
    let under_way = |task: &str| balancer.counts()[0].targets[task].under_way;
    let load = Load::start(LoadOptions::get(&address.url(), "/", 400.0)).expect("load");
    let mut serving = first;
    for number in 1..=10 {
        // Each is used before it goes.
        eventually(|| serving.behaviour.answered.load(Ordering::Relaxed) > 5).await;
        let next = serve().await;
        let task = number.to_string();
        stage.change(|targets| {
            targets.push(Target { task: task.clone(), address: next.address, weight: 1, state: TargetState::Initial });
        });
        stage.heard(&task, true).await;
        // As a service does it: deregistered, told to end, connections closed one by one, gone.
        stage.change(|targets| targets[0].state = TargetState::Draining);
        serving.behaviour.closing.store(true, Ordering::Relaxed);
        let leaves = (number - 1).to_string();
        eventually(|| under_way(&leaves) == 0).await;
        serving.accepting.abort();
        stage.change(|targets| drop(targets.remove(0)));
        serving = next;
    }
    // So is the last, which stays.
    eventually(|| serving.behaviour.answered.load(Ordering::Relaxed) > 5).await;
    let summary = load.stop().await;
    assert_eq!(summary.total().failures(), 0, "{:?}", summary.failures);
    assert!(summary.total().requests() > 50);
}
