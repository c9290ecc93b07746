//! The service's own figures, against those of the release that serves.

use std::time::Duration;

use delivery::evidence::Judgement::{Failed, Passed};
use delivery::verdict::{Trigger, Verdict};
use delivery::watch::Reach;
use tokio::time::Instant;

use crate::releases::{HitRate, World};
use crate::scene::{Scene, WINDOW, words};

/// A worker and a cache as they should be, and a candidate whose tasks have just started.
fn scene() -> Scene {
    let mut scene = Scene::new();
    scene.settings.watch.cache_lookups = 2_000;
    {
        let mut world = scene.service.world();
        (world.candidate.lag, world.serving.lag) = (Some(0.5), Some(0.25));
        world.serving.cache = Some((|_| 0.9, 5e6));
        world.candidate.cache = Some((|_| 0.9, 0.0));
    }
    scene
}

async fn hold(spoil: impl FnOnce(&mut World)) -> (Verdict, Duration) {
    let scene = scene();
    spoil(&mut scene.service.world());
    let since = Instant::now();
    (scene.hold(5.0).await, since.elapsed())
}

#[track_caller]
fn fails(verdict: &Verdict, says: &str) {
    assert_eq!(verdict.judgement, Failed, "{}", words(verdict));
    assert_eq!(verdict.decided_by().map(|finding| finding.trigger), Some(Trigger::Figures), "{}", words(verdict));
    assert!(verdict.why().contains(says), "{}", verdict.why());
}

#[track_caller]
fn passes(verdict: &Verdict, says: &str) {
    assert_eq!(verdict.judgement, Passed, "{}", words(verdict));
    assert!(words(verdict).contains(says), "{}", words(verdict));
}

#[tokio::test(start_paused = true)]
async fn figures_are_judged_beside_those_of_the_other_release_and_in_the_bake_beside_what_they_were() {
    let scene = scene();
    let mut watch = scene.watch();
    for reach in [Reach::Hold { weight: 0.0 }, Reach::Bake] {
        scene.service.world().weight = reach.weight() / 100.0;
        let verdict = watch.hold(reach, WINDOW, &scene.progress).await;
        passes(&verdict, "figures passed: the worker lags 0.5 s on average, that of the old release 0.2 s");
        passes(&verdict, "figures passed: the cache hits 90 % of ");
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_falls_behind_takes_it_back_in_half_a_minute() {
    let (verdict, took) = hold(|world| world.candidate.lag = Some(40.0)).await;
    fails(&verdict, "the worker lags 40.0 s, that of the old release 0.2 s: over 10 s more, 3 times in a row");
    assert!(took < Duration::from_secs(35), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_falls_behind_in_the_bake_or_where_tasks_are_replaced_is_compared_with_what_was() {
    for reach in [Reach::Bake, Reach::After] {
        let scene = scene();
        let mut watch = scene.watch();
        watch.take_baseline(Duration::from_mins(2), &scene.progress).await;
        scene.service.world().weight = 1.0;
        scene.service.world().candidate.lag = Some(40.0);
        let verdict = watch.hold(reach, WINDOW, &scene.progress).await;
        fails(&verdict, "that of the old release 0.2 s");
    }
}

#[tokio::test(start_paused = true)]
async fn workers_that_both_lag_speak_of_the_database_and_not_of_the_release() {
    let (verdict, _) = hold(|world| (world.candidate.lag, world.serving.lag) = (Some(50.0), Some(45.0))).await;
    passes(&verdict, "the worker lags 50.0 s on average, that of the old release 45.0 s");
}

#[tokio::test(start_paused = true)]
async fn a_cache_that_never_hits_takes_it_back() {
    let (verdict, took) = hold(|world| world.candidate.cache = Some((|_| 0.0, 0.0))).await;
    fails(&verdict, "that of the old release 90 %: under 50 % of it, 6 times in a row");
    assert!(took < Duration::from_mins(3), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_cold_cache_that_fills_takes_nothing_back() {
    // Links that are all looked up as often: some, many, and more than a watch can look up.
    let fills: [HitRate; 3] = [|n| filled(n, 1e3), |n| filled(n, 2e4), |n| filled(n, 1e6)];
    for rate in fills {
        let (verdict, took) = hold(|world| world.candidate.cache = Some((rate, 0.0))).await;
        passes(&verdict, "the cache hits ");
        assert!(took >= WINDOW, "{took:?}");
    }
}

fn filled(lookups: f64, links: f64) -> f64 {
    1.0 - links / lookups.max(1.0) * (1.0 - (-lookups.max(1.0) / links).exp())
}

#[tokio::test(start_paused = true)]
async fn who_tells_no_figures_is_not_judged_by_them_and_says_so() {
    let (verdict, _) = hold(|world| (world.candidate.lag, world.candidate.cache) = (None, None)).await;
    passes(&verdict, "it tells no figures of its worker and its cache in /ready: it is not judged by that");
    let (verdict, _) = hold(|world| {
        (world.serving.lag, world.serving.cache) = (None, None);
        world.candidate.lag = Some(90.0);
        world.candidate.cache = Some((|_| 0.0, 0.0));
    })
    .await;
    passes(&verdict, "the worker lags 90.0 s, and of the old release that is not known: it is not judged by that");
    passes(&verdict, "and of the old release that is not known");
}

#[tokio::test(start_paused = true)]
async fn figures_that_are_switched_off_are_told_and_decide_nothing() {
    let mut scene = scene();
    scene.settings.watch.triggers.retain(|trigger| *trigger != Trigger::Figures);
    scene.service.world().candidate.lag = Some(40.0);
    let verdict = scene.hold(5.0).await;
    passes(&verdict, "figures (told only) failed: the worker lags 40.0 s");
}
