//! Listeners that follow a rule of the cloud.

use std::sync::atomic::Ordering;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::super::*;
use super::stage::{Served, Stage, eventually, serve, status};
use crate::load::{Load, LoadOptions};
use crate::{Target, TargetState};

fn answered(served: &Served) -> u64 {
    served.behaviour.answered.load(Ordering::Relaxed)
}

/// Two groups with a target each, and the listener of the rule `production`.
async fn two_groups() -> (Arc<Stage>, Balancer, Address, Served, Served) {
    let (blue, green) = (serve().await, serve().await);
    let stage = Stage::with_groups(&[("blue", &[("a", blue.address)]), ("green", &[("b", green.address)])]);
    let (balancer, _) = stage.balancer(|_| None, BalancerOptions::default());
    let address = balancer.listen_by_rule(0, "production").await.expect("port");
    (stage, balancer, address, blue, green)
}

#[tokio::test]
async fn a_rule_that_is_not_there_is_503_until_it_is() {
    let (stage, _balancer, address, blue, _green) = two_groups().await;
    assert_eq!(status(&address).await, 503);
    stage.shift("production", &[("blue", 1000), ("green", 0)]);
    assert_eq!(status(&address).await, 200);
    assert_eq!(answered(&blue), 1);
}

#[tokio::test]
async fn weights_are_kept_exactly_over_short_runs() {
    let (stage, _balancer, address, blue, green) = two_groups().await;
    for (tenths, requests, expected) in [(50, 20, 1), (100, 20, 2), (500, 20, 10), (1000, 20, 20)] {
        let before = (answered(&blue), answered(&green));
        stage.shift("production", &[("blue", 1000 - tenths), ("green", tenths)]);
        for _ in 0..requests {
            assert_eq!(status(&address).await, 200);
        }
        let seen = (answered(&blue) - before.0, answered(&green) - before.1);
        assert_eq!(seen, (requests - expected, expected), "{tenths}");
    }
}

#[tokio::test]
async fn a_shift_holds_for_the_next_request_also_of_a_connection_that_is_open() {
    let (stage, _balancer, address, blue, green) = two_groups().await;
    let mut stream = TcpStream::connect(address.socket).await.expect("connection");
    let mut ask = async || {
        stream.write_all(b"GET / HTTP/1.1\r\nhost: shop.example\r\n\r\n").await.expect("request");
        let mut answer = Vec::new();
        let mut buffer = [0; 1024];
        while !answer.ends_with(b"ok") {
            let count = stream.read(&mut buffer).await.expect("answer");
            assert!(count > 0, "the connection was closed");
            answer.extend_from_slice(&buffer[..count]);
        }
    };
    for (weights, expected) in [([1000, 0], (1, 0)), ([0, 1000], (1, 1)), ([1000, 0], (2, 1))] {
        stage.shift("production", &[("blue", weights[0]), ("green", weights[1])]);
        ask().await;
        assert_eq!((answered(&blue), answered(&green)), expected);
    }
}

#[tokio::test]
async fn each_rule_goes_its_own_way() {
    let (stage, balancer, users, blue, green) = two_groups().await;
    let testers = balancer.listen_by_rule(0, "test").await.expect("port");
    stage.shift("production", &[("blue", 1000), ("green", 0)]);
    stage.shift("test", &[("blue", 0), ("green", 1000)]);
    for _ in 0..3 {
        assert_eq!((status(&users).await, status(&testers).await), (200, 200));
    }
    assert_eq!((answered(&blue), answered(&green)), (3, 3));
}

#[tokio::test]
async fn flips_after_which_the_old_side_leaves_at_once_lose_no_request() {
    let (stage, balancer, address, mut serving, mut leaving) = two_groups().await;
    stage.be_patient();
    stage.shift("production", &[("blue", 1000), ("green", 0)]);
    stage.heard("a", true).await;
    let load = Load::start(LoadOptions::get(&address.url(), "/", 200.0)).expect("load");
    let groups = ["blue", "green"];
    for flip in 0..8 {
        let (from, to) = (flip % 2, (flip + 1) % 2);
        eventually(|| answered(&serving) > 5).await;
        let next = serve().await;
        let task = format!("task {flip}");
        stage.change_in(to, |targets| {
            let (task, address) = (task.clone(), next.address);
            *targets = vec![Target { task, address, weight: 1, state: TargetState::Initial }];
        });
        stage.heard(&task, true).await;
        stage.shift("production", &[(groups[from], 0), (groups[to], 1000)]);
        stage.change_in(from, |targets| targets[0].state = TargetState::Draining);
        // What is under way finishes within the delay: it is kept until the next flip.
        leaving = std::mem::replace(&mut serving, next);
    }
    eventually(|| answered(&serving) > 5).await;
    let summary = load.stop().await;
    assert_eq!(summary.total().failures(), 0, "{:?}", summary.failures);
    assert!(answered(&leaving) > 5);
    let requests: u64 = balancer.counts().iter().map(|counts| counts.total.requests).sum();
    assert_eq!(requests, summary.total().requests());
}
