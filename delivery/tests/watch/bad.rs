//! Bad releases, and how soon they are known.

use std::time::Duration;

use delivery::evidence::Judgement::{Failed, Passed};
use delivery::verdict::{Trigger, Verdict};
use delivery::watch::Reach;
use tokio::time::Instant;

use crate::releases::World;
use crate::scene::{Scene, WINDOW, words};

/// One hold at 5 % of a candidate that was made bad: how it ends and how soon.
async fn hold(spoil: impl FnOnce(&mut World)) -> (Verdict, Duration) {
    watch(Scene::new(), spoil).await
}

/// The same without flows, which errors break too.
async fn hold_without_flows(spoil: impl FnOnce(&mut World)) -> (Verdict, Duration) {
    let mut scene = Scene::new();
    scene.settings.smoke.flows = false;
    watch(scene, spoil).await
}

async fn watch(scene: Scene, spoil: impl FnOnce(&mut World)) -> (Verdict, Duration) {
    spoil(&mut scene.service.world());
    let since = Instant::now();
    (scene.hold(5.0).await, since.elapsed())
}

#[track_caller]
fn check(verdict: &Verdict, trigger: Trigger, says: &str) {
    assert_eq!(verdict.judgement, Failed, "{}", words(verdict));
    assert_eq!(verdict.decided_by().map(|finding| finding.trigger), Some(trigger), "{}", words(verdict));
    assert!(verdict.why().contains(says), "{}", verdict.why());
}

#[tokio::test(start_paused = true)]
async fn five_percent_of_errors_end_the_watch_early() {
    let (verdict, took) = hold_without_flows(|world| world.candidate.errors = 0.05).await;
    check(&verdict, Trigger::ErrorRate, "probes failed, the last: GET /health: 500 Internal Server Error; 0 of ");
    assert!(took < Duration::from_mins(2), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_release_that_answers_half_its_requests_is_known_in_seconds() {
    let (verdict, took) = hold_without_flows(|world| world.candidate.errors = 0.5).await;
    check(&verdict, Trigger::ErrorRate, "so that no more are waited for");
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_release_that_gets_bad_with_time_is_known_when_it_does() {
    let (verdict, took) = hold_without_flows(|world| {
        world.candidate.errors = 0.1;
        world.candidate.errors_from = Duration::from_mins(3);
    })
    .await;
    check(&verdict, Trigger::ErrorRate, "probes failed");
    assert!(took > Duration::from_mins(3) && took < Duration::from_mins(4), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_release_that_is_slower_by_half_fails_before_the_window_is_over() {
    let (verdict, took) = hold(|world| world.candidate.median *= 1.5).await;
    check(&verdict, Trigger::Latency, "of the release that serves");
    assert!(took < Duration::from_mins(3), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_release_that_is_slower_by_half_is_known_before_users() {
    let scene = Scene::new();
    scene.service.world().candidate.median *= 1.5;
    let verdict = scene.watch().verify_before_users(&scene.progress).await;
    check(&verdict, Trigger::Latency, "times as long");
}

#[tokio::test(start_paused = true)]
async fn a_release_that_is_slower_in_the_bake_is_compared_with_what_was() {
    let scene = Scene::new();
    let mut watch = scene.watch();
    assert_eq!(watch.verify_before_users(&scene.progress).await.judgement, Passed);
    scene.service.world().weight = 1.0;
    scene.service.world().candidate.median *= 1.5;
    let verdict = watch.hold(Reach::Bake, WINDOW, &scene.progress).await;
    check(&verdict, Trigger::Latency, "of the old release, as measured earlier in this deployment");
}

#[tokio::test(start_paused = true)]
async fn answers_that_come_too_late_are_errors() {
    let (verdict, _) = hold(|world| world.candidate.median = 30.0).await;
    assert_eq!(verdict.judgement, Failed, "{}", words(&verdict));
    assert!(verdict.why().contains("no answer within 5 s"), "{}", verdict.why());
}

#[tokio::test(start_paused = true)]
async fn one_broken_flow_fails_and_names_its_step() {
    let (verdict, took) = hold(|world| world.candidate.broken = Some("/l/")).await;
    check(&verdict, Trigger::Flow, "the life of a link broke at follow (GET /l/flow-");
    assert!(verdict.why().contains("expected status 307, saw status 500"), "{}", verdict.why());
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn lost_readiness_and_a_lost_database_fail() {
    let (verdict, took) = hold(|world| world.candidate.ready = false).await;
    check(&verdict, Trigger::Readiness, "GET /ready: 503 Service Unavailable");
    assert!(took < Duration::from_secs(10), "{took:?}");
    let (verdict, _) = hold(|world| world.candidate.failing = vec!["database"]).await;
    check(&verdict, Trigger::Readiness, "database is failing, which it is not for the release that serves: refused");
}

#[tokio::test(start_paused = true)]
async fn a_release_that_never_gets_ready_fails_before_users_without_a_probe_load() {
    let scene = Scene::new();
    scene.service.world().candidate.ready = false;
    let verdict = scene.watch().verify_before_users(&scene.progress).await;
    check(&verdict, Trigger::Readiness, "503 Service Unavailable");
    assert!(scene.service.world().requests < 10);
}

#[tokio::test(start_paused = true)]
async fn what_is_switched_off_is_told_and_decides_nothing() {
    for (trigger, spoil) in [
        (Trigger::ErrorRate, (|world| world.candidate.errors = 0.05) as fn(&mut World)),
        (Trigger::Latency, |world| world.candidate.median *= 1.5),
        (Trigger::Flow, |world| world.candidate.broken = Some("/l/")),
        (Trigger::Readiness, |world| world.candidate.failing = vec!["database"]),
    ] {
        let mut scene = Scene::new();
        spoil(&mut scene.service.world());
        scene.settings.watch.triggers.retain(|other| *other != trigger);
        // Errors break flows too.
        scene.settings.smoke.flows = trigger == Trigger::Flow;
        if trigger == Trigger::ErrorRate {
            scene.settings.watch.triggers.retain(|other| *other != Trigger::Readiness);
        }
        let verdict = scene.hold(5.0).await;
        assert_eq!(verdict.judgement, Passed, "{trigger}: {}", words(&verdict));
        let told = verdict.findings.iter().find(|finding| finding.trigger == trigger && finding.judgement == Failed);
        assert!(told.is_some_and(|finding| !finding.decides), "{trigger}: {}", words(&verdict));
    }
}

#[tokio::test(start_paused = true)]
async fn readiness_that_is_switched_off_does_not_keep_the_rest_from_being_measured() {
    let mut scene = Scene::new();
    scene.service.world().candidate.ready = false;
    scene.settings.watch.triggers.retain(|trigger| *trigger != Trigger::Readiness);
    let verdict = scene.watch().verify_before_users(&scene.progress).await;
    assert_eq!(verdict.judgement, Passed, "{}", words(&verdict));
    let of_readiness = verdict.findings.iter().find(|finding| finding.trigger == Trigger::Readiness);
    let told = of_readiness.expect("readiness");
    assert_eq!((told.trigger, told.judgement, told.decides), (Trigger::Readiness, Failed, false));
}

#[tokio::test(start_paused = true)]
async fn nobody_answering_at_all_fails() {
    let mut scene = Scene::new();
    scene.settings.rollout.test_url = Some("https://test.nowhere.invalid".parse().expect("a URL"));
    scene.service.world().candidate.errors = 1.0;
    let verdict = scene.watch().verify_before_users(&scene.progress).await;
    assert_eq!(verdict.judgement, Failed, "{}", words(&verdict));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_the_service_repeats_is_in_no_finding() {
    let (verdict, _) = hold(|world| world.candidate.broken = Some("/v1")).await;
    let text = format!("{verdict:?}");
    assert!(verdict.judgement == Failed && !text.contains(crate::releases::TOKEN), "{text}");
}
