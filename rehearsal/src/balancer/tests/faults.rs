//! Faults of tasks, as they are played between real sockets.

use std::sync::atomic::Ordering;
use std::time::Instant;

use super::super::*;
use super::stage::{Stage, ask, eventually, serve, status};
use crate::world::When;

#[tokio::test]
async fn faults_are_played_in_the_targets_stead() {
    let (a, b) = (serve().await, serve().await);
    let targets = [("never ready", a.address), ("errors", b.address)];
    let (stage, balancer, address) = Stage::with_faults(&targets, BalancerOptions::default(), |task| {
        Some(if task == "errors" { TaskFault::Errors { rate: 0.5 } } else { TaskFault::NeverReady })
    })
    .await;
    stage.heard("errors", true).await;
    stage.heard("never ready", false).await;
    let mut statuses = Vec::new();
    for _ in 0..10 {
        statuses.push(status(&address).await);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 500).count(), 5, "{statuses:?}");
    assert_eq!(balancer.counts()[0].total.target_answers, BTreeMap::from([(2, 5), (5, 5)]));
    assert_eq!(a.behaviour.checked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_slow_target_is_slow_by_what_was_planted() {
    let a = serve().await;
    let by = |_: &TaskArn| Some(TaskFault::Slow { by: Duration::from_millis(50) });
    let (_stage, balancer, address) = Stage::with_faults(&[("a", a.address)], BalancerOptions::default(), by).await;
    assert_eq!(status(&address).await, 200);
    assert!(balancer.counts()[0].total.response_time.longest() >= Duration::from_millis(50));
}

#[tokio::test]
async fn an_error_in_a_targets_stead_says_which_program_failed() {
    let a = serve().await;
    let all = |_: &TaskArn| Some(TaskFault::Errors { rate: 1.0 });
    let (_stage, _balancer, address) = Stage::with_faults(&[("a", a.address)], BalancerOptions::default(), all).await;
    let answer = ask(&address, "").await;
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    assert!(answer.contains("x-commit: c0ffee\r\n"), "{answer}");
    assert!(a.behaviour.last.lock().expect("lock").starts_with("HEAD /ready HTTP/1.1"));
}

#[tokio::test]
async fn a_slower_target_takes_as_many_times_as_long_network_and_all() {
    let a = serve().await;
    a.behaviour.slowness.store(20, Ordering::Relaxed);
    let factor = |_: &TaskArn| Some(TaskFault::Slower { factor: 2.0 });
    let network = Network { base: Duration::from_millis(30), jitter: Duration::ZERO };
    let options = BalancerOptions { network, ..BalancerOptions::default() };
    let (_stage, balancer, address) = Stage::with_faults(&[("a", a.address)], options, factor).await;
    assert_eq!(status(&address).await, 200);
    let longest = balancer.counts()[0].total.response_time.longest();
    assert!(longest >= Duration::from_millis(100), "{longest:?}");
}

#[tokio::test]
async fn the_way_takes_its_time_without_any_fault() {
    let a = serve().await;
    let network = Network { base: Duration::from_millis(25), jitter: Duration::from_millis(1) };
    let options = BalancerOptions { network, ..BalancerOptions::default() };
    let (_stage, balancer, address) = Stage::new(&[("a", a.address)], options).await;
    let began = Instant::now();
    assert_eq!(status(&address).await, 200);
    assert!(began.elapsed() >= network.base);
    assert!(balancer.counts()[0].total.response_time.longest() >= network.base);
}

#[tokio::test]
async fn one_path_is_broken_and_the_others_are_not() {
    let a = serve().await;
    let broken = |_: &TaskArn| Some(TaskFault::Errors { rate: 1.0 }.only(When::Path("/path".to_owned())));
    let (stage, balancer, address) = Stage::with_faults(&[("a", a.address)], BalancerOptions::default(), broken).await;
    stage.heard("a", true).await;
    assert_eq!(status(&address).await, 500);
    let elsewhere = crate::load::Load::start(crate::load::LoadOptions::get(&address.url(), "/elsewhere", 200.0));
    let elsewhere = elsewhere.expect("load");
    eventually(|| balancer.counts()[0].total.target_answers.get(&2).is_some_and(|count| *count > 3)).await;
    assert_eq!(elsewhere.stop().await.total().failures(), 0);
}

#[tokio::test]
async fn a_task_that_leaks_is_killed_by_whoever_runs_it() {
    let a = serve().await;
    let stage = Stage::with_groups(&[("web", &[("a", a.address)])]);
    let leak = |_: &TaskArn| Some(TaskFault::Leak { requests: 3, code: 137 });
    let (balancer, planted) = stage.balancer(leak, BalancerOptions::default());
    let address = balancer.listen(0, vec![Forward { group: "web".to_owned(), weight: 1 }]).await.expect("port");
    for expected in [0, 0, 1, 1] {
        assert_eq!(status(&address).await, 200);
        assert_eq!(planted.killed.lock().expect("lock").len(), expected);
    }
    assert_eq!(*planted.killed.lock().expect("lock"), [("a".to_owned(), 137)]);
}

#[tokio::test]
async fn a_fault_waits_until_its_group_has_all_the_traffic() {
    let (blue, green) = (serve().await, serve().await);
    let stage = Stage::with_groups(&[("blue", &[("a", blue.address)]), ("green", &[("b", green.address)])]);
    let late = |task: &TaskArn| {
        let fault = TaskFault::All(vec![TaskFault::Errors { rate: 1.0 }, TaskFault::NeverReady]);
        (task == "b").then(|| fault.only(When::Share(1.0)))
    };
    let (balancer, _planted) = stage.balancer(late, BalancerOptions::default());
    let address = balancer.listen_by_rule(0, "production").await.expect("port");
    stage.shift("production", &[("blue", 500), ("green", 500)]);
    stage.heard("b", true).await;
    for _ in 0..4 {
        assert_eq!(status(&address).await, 200);
    }
    stage.shift("production", &[("blue", 0), ("green", 1000)]);
    assert_eq!(status(&address).await, 500);
    stage.heard("b", false).await;
}
