//! Good releases, and what there must be to call one good.

use std::time::Duration;

use delivery::evidence::Judgement::{Errored, Failed, Inconclusive, Passed};
use delivery::progress::Event;
use delivery::verdict::{Source, Trigger};
use delivery::watch::Reach;
use tokio::time::Instant;

use crate::scene::{Scene, WINDOW, words};

#[tokio::test(start_paused = true)]
async fn a_good_release_passes_before_users_and_at_every_hold_and_in_the_bake() {
    let scene = Scene::new();
    let mut watch = scene.watch();
    let since = Instant::now();
    let verdict = watch.verify_before_users(&scene.progress).await;
    assert_eq!(verdict.judgement, Passed, "{}", words(&verdict));
    assert!(since.elapsed() < Duration::from_secs(65), "{:?}", since.elapsed());
    let triggers: Vec<Trigger> = verdict.findings.iter().map(|finding| finding.trigger).collect();
    let decide = [Trigger::ErrorRate, Trigger::Latency, Trigger::Latency, Trigger::Flow, Trigger::Readiness];
    assert_eq!(triggers, [&decide[..], &[Trigger::Figures]].concat());
    assert!(words(&verdict).contains("it tells no figures of its worker and its cache"), "{}", words(&verdict));
    for weight in [5.0, 50.0] {
        scene.service.world().weight = weight / 100.0;
        let since = Instant::now();
        let verdict = watch.hold(Reach::Hold { weight }, WINDOW, &scene.progress).await;
        assert_eq!(verdict.judgement, Passed, "{}", words(&verdict));
        assert_eq!(verdict.watch, format!("{weight} %"));
        assert!(since.elapsed() >= WINDOW && since.elapsed() < WINDOW + Duration::from_secs(2));
    }
    scene.service.world().weight = 1.0;
    let verdict = watch.hold(Reach::Bake, WINDOW, &scene.progress).await;
    assert_eq!(verdict.judgement, Passed, "{}", words(&verdict));
    assert!(
        words(&verdict).contains("of the old release, as measured earlier in this deployment"),
        "{}",
        words(&verdict)
    );
    assert_eq!(verdict.checks().len(), 6);
    assert!(scene.service.world().links.is_empty(), "the flows clear up");
}

#[tokio::test(start_paused = true)]
async fn a_watch_says_what_it_measured_every_ten_seconds_and_judges_once() {
    let scene = Scene::new();
    let verdict = scene.hold(5.0).await;
    let events = scene.events();
    let measured: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Measured(measured) => Some(measured),
            _ => None,
        })
        .collect();
    assert!((30..=32).contains(&measured.len()), "{}", measured.len());
    let last = measured.last().expect("the last");
    assert_eq!((last.source, last.watch.as_str()), (Source::Probes, "5 %"));
    // 5 of 100 requests at the address of users are answered by the candidate and count for it.
    let serving = last.serving.expect("the serving release");
    assert!(last.candidate.requests > 1500 && serving.requests < 1500 && serving.requests > 1300, "{last:?}");
    assert_eq!(last.candidate.requests + serving.requests, 3000);
    assert!(last.candidate.p95 > last.candidate.p50 && last.candidate.error_rate.is_some_and(|(_, high)| high < 0.01));
    let judged: Vec<_> = events.iter().filter(|event| matches!(event, Event::Judged { .. })).collect();
    let expected =
        Event::Judged { watch: "5 %".to_owned(), judgement: verdict.judgement, findings: verdict.findings.clone() };
    assert_eq!(judged, [&expected]);
}

#[tokio::test(start_paused = true)]
async fn what_the_probes_before_users_do_not_tell_a_thousand_of_them_do() {
    let scene = Scene::new();
    scene.service.world().fails_once_after = Some(100);
    let since = Instant::now();
    let verdict = scene.watch().verify_before_users(&scene.progress).await;
    assert_eq!(verdict.judgement, Passed, "{}", words(&verdict));
    assert!(words(&verdict).contains("1 of 1000 probes failed"), "{}", words(&verdict));
    assert!(since.elapsed() < Duration::from_secs(205), "{:?}", since.elapsed());
    let said = "before users: not told by 300 probes, so that there will be 1000: error rate: 1 of 300 probes failed";
    assert!(scene.lines().iter().any(|line| line.starts_with(said)), "{:?}", scene.lines());
}

#[tokio::test(start_paused = true)]
async fn half_a_percent_of_errors_on_everything_the_flows_and_readiness_too_fails_no_release() {
    for seed in 0..8 {
        let scene = Scene::new();
        scene.service.world().reseed(seed);
        scene.service.world().candidate.errors = 0.005;
        let verdict = scene.hold(5.0).await;
        assert_ne!(verdict.judgement, Failed, "{seed}: {}", words(&verdict));
    }
}

#[tokio::test(start_paused = true)]
async fn a_window_that_is_too_short_says_so_up_front_and_does_not_pass() {
    let scene = Scene::new();
    scene.service.world().weight = 0.05;
    let verdict = scene.watch().hold(Reach::Hold { weight: 5.0 }, Duration::from_secs(30), &scene.progress).await;
    assert_eq!(verdict.judgement, Inconclusive, "{}", words(&verdict));
    let warned = "5 %: 150 probes in 30 s at 5 a second are fewer than the 299 without an error that a pass takes";
    assert!(scene.lines().iter().any(|line| line.starts_with(warned)), "{:?}", scene.lines());
    assert!(verdict.why().contains("more requests without another error would have"), "{}", verdict.why());
}

#[tokio::test(start_paused = true)]
async fn without_anything_to_compare_with_the_bake_does_not_pass() {
    let scene = Scene::new();
    scene.service.world().weight = 1.0;
    let verdict = scene.watch().hold(Reach::Bake, WINDOW, &scene.progress).await;
    assert_eq!(verdict.judgement, Inconclusive, "{}", words(&verdict));
    assert_eq!(verdict.decided_by().map(|finding| finding.trigger), Some(Trigger::Latency));
}

#[tokio::test(start_paused = true)]
async fn what_took_the_place_of_another_is_compared_with_what_was_measured_of_that() {
    let scene = Scene::new();
    let mut watch = scene.watch();
    watch.take_baseline(Duration::from_mins(2), &scene.progress).await;
    assert!((590..=610).contains(&watch.remembered()), "{}", watch.remembered());
    scene.service.world().weight = 1.0;
    let verdict = watch.hold(Reach::After, WINDOW, &scene.progress).await;
    assert_eq!(verdict.judgement, Passed, "{}", words(&verdict));
    assert!(!scene.events().iter().any(|event| matches!(event, Event::Judged { watch, .. } if watch == "baseline")));
}

#[tokio::test(start_paused = true)]
async fn a_release_of_which_nothing_was_known_is_compared_with_its_own_beginning() {
    let mut scene = Scene::new();
    scene.serving = None;
    scene.service.world().weight = 1.0;
    let verdict = scene.watch().hold(Reach::Alone, WINDOW, &scene.progress).await;
    assert_eq!(verdict.judgement, Passed, "{}", words(&verdict));
    assert!(words(&verdict).contains("of the first half of the watch"), "{}", words(&verdict));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_asked_is_no_pass() {
    let mut scene = Scene::new();
    scene.token = None;
    let verdict = scene.hold(5.0).await;
    assert_eq!(verdict.judgement, Errored, "{}", words(&verdict));
    assert!(verdict.why().contains("SLIPWAY_STAGING_API_TOKEN is not set"), "{}", verdict.why());

    let mut scene = Scene::new();
    scene.settings.rollout.test_url = None;
    let verdict = scene.watch().verify_before_users(&scene.progress).await;
    assert_eq!(verdict.judgement, Errored);
    let verdict = scene.hold(5.0).await;
    assert_eq!(verdict.judgement, Errored, "{}", words(&verdict));
    assert!(verdict.why().contains("there is no test_url"), "{}", verdict.why());
}

#[tokio::test(start_paused = true)]
async fn what_fails_for_the_serving_release_too_does_not_speak_against_the_candidate() {
    let scene = Scene::new();
    scene.service.world().candidate.failing = vec!["database"];
    scene.service.world().serving.failing = vec!["database"];
    let verdict = scene.hold(5.0).await;
    assert_eq!(verdict.judgement, Passed, "{}", words(&verdict));
}
