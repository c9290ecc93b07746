//! The requests of users, as CloudWatch tells them, or does not.

use std::time::Duration;

use delivery::evidence::Judgement::{Errored, Failed, Inconclusive, Passed};
use delivery::progress::Event;
use delivery::verdict::{Source, Trigger};
use delivery::watch::Reach;
use tokio::time::Instant;

use crate::cloudwatch::Metrics;
use crate::scene::{Scene, words};

#[tokio::test(start_paused = true)]
async fn users_and_probes_are_told_apart_and_judged_apart() {
    let scene = Scene::new().with_users(2000.0);
    let verdict = scene.hold_long(50.0).await;
    assert_eq!(verdict.judgement, Passed, "{}", words(&verdict));
    // Eleven minutes have been told for certain in fifteen.
    let found = words(&verdict);
    assert!(
        found.contains("0 of 11000 requests of users failed; at 95 % confidence the error rate is under 0.027 %"),
        "{found}"
    );
    let users: Vec<_> = scene
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::Measured(measured) if measured.source == Source::Users => Some(measured),
            _ => None,
        })
        .collect();
    let last = users.last().expect("users");
    assert!(
        last.candidate.requests >= 11_000 && last.serving.is_some_and(|serving| serving.requests >= 11_000),
        "{last:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_fails_for_users_alone_fails_within_minutes() {
    let scene = Scene::new().with_users(2000.0);
    scene.service.world().users_fail = 50;
    let since = Instant::now();
    let verdict = scene.hold_long(5.0).await;
    assert_eq!(verdict.judgement, Failed, "{}", words(&verdict));
    assert!(verdict.why().contains("requests of users failed"), "{}", verdict.why());
    assert!(since.elapsed() < Duration::from_mins(5), "{:?}", since.elapsed());
}

#[tokio::test(start_paused = true)]
async fn no_users_at_all_and_one_a_minute_are_made_up_for_by_probes() {
    for (a_minute, says) in [(0.0, "there were no requests of users"), (1.0, "0 of 11 requests of users failed")] {
        let scene = Scene::new().with_users(a_minute);
        let verdict = scene.hold_long(60.0).await;
        assert_eq!(verdict.judgement, Passed, "{}", words(&verdict));
        assert!(words(&verdict).contains(says), "{}", words(&verdict));
    }
}

#[tokio::test(start_paused = true)]
async fn without_probes_too_few_users_do_not_pass() {
    for a_minute in [0.0, 1.0] {
        let mut scene = Scene::new().with_users(a_minute);
        scene.settings.watch.probe_rate = 0;
        let verdict = scene.hold_long(60.0).await;
        assert_eq!(verdict.judgement, Inconclusive, "{}", words(&verdict));
    }
    let mut scene = Scene::new().with_users(1000.0);
    scene.settings.watch.probe_rate = 0;
    scene.settings.watch.triggers.retain(|trigger| *trigger != Trigger::Latency);
    let verdict = scene.hold_long(60.0).await;
    assert_eq!(verdict.judgement, Passed, "{}", words(&verdict));
}

#[tokio::test(start_paused = true)]
async fn metrics_that_answer_with_errors_are_no_verdict() {
    for (metrics, says) in [(Metrics::Refuse, "AccessDeniedException"), (Metrics::Break, "InternalError")] {
        let scene = Scene::new().with_users(1000.0);
        scene.service.world().metrics = metrics;
        let verdict = scene.hold_long(5.0).await;
        assert_eq!(verdict.judgement, Errored, "{}", words(&verdict));
        let why = verdict.why();
        assert!(why.contains("CloudWatch does not say how requests of users fare") && why.contains(says), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn metrics_that_never_answer_are_no_verdict_and_not_waited_for() {
    let scene = Scene::new().with_users(1000.0);
    scene.service.world().metrics = Metrics::Hang;
    let since = Instant::now();
    let verdict = scene.hold_long(5.0).await;
    assert_eq!(verdict.judgement, Errored, "{}", words(&verdict));
    assert!(since.elapsed() < Duration::from_mins(15) + Duration::from_secs(2), "{:?}", since.elapsed());
}

#[tokio::test(start_paused = true)]
async fn metrics_that_are_switched_off_are_not_missed() {
    let mut scene = Scene::new().with_users(1000.0);
    scene.service.world().metrics = Metrics::Refuse;
    scene.settings.watch.metrics = false;
    let verdict = scene.hold_long(5.0).await;
    assert_eq!(verdict.judgement, Passed, "{}", words(&verdict));
    assert!(!words(&verdict).contains("users failed"));
}

#[tokio::test(start_paused = true)]
async fn metrics_that_are_late_are_waited_for_and_those_that_are_missing_are_no_zeros() {
    for (metrics, judgement, says) in [
        (Metrics::Late(60), Passed, "requests of users failed"),
        (Metrics::Late(170), Passed, "requests of users failed"),
        (Metrics::Late(3600), Errored, "in which it should have counted at least the engine's own requests"),
        (Metrics::Missing, Errored, "in which it should have counted at least the engine's own requests"),
        (Metrics::Only(9), Passed, "minutes are missing"),
        (Metrics::Only(3), Errored, "in which it should have counted"),
    ] {
        let scene = Scene::new().with_users(2000.0);
        scene.service.world().metrics = metrics;
        let verdict = scene.hold_long(50.0).await;
        assert_eq!(verdict.judgement, judgement, "{metrics:?} {}", words(&verdict));
        assert!(words(&verdict).contains(says), "{metrics:?} {}", words(&verdict));
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_is_over_before_cloudwatch_tells_anything_is_judged_by_probes() {
    let mut scene = Scene::new().with_users(2000.0);
    scene.settings.watch.probe_rate = 5;
    scene.service.world().metrics = Metrics::Late(120);
    scene.service.world().weight = 0.5;
    let verdict = scene.watch().hold(Reach::Hold { weight: 50.0 }, Duration::from_mins(2), &scene.progress).await;
    assert_eq!(verdict.judgement, Passed, "{}", words(&verdict));
    assert!(words(&verdict).contains("later than this watch lasted: probes judge"), "{}", words(&verdict));
}
