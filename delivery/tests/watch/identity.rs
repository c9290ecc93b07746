//! Whose answers they are: without knowing there is no verdict.

use std::time::Duration;

use delivery::evidence::Judgement::{Errored, Passed};
use delivery::watch::Reach;
use tokio::time::Instant;

use crate::releases::Release;
use crate::scene::{Scene, WINDOW, words};

#[tokio::test(start_paused = true)]
async fn a_candidate_that_is_another_commit_is_no_verdict() {
    let scene = Scene::new();
    scene.service.world().candidate.commit = "c".repeat(40);
    let verdict = scene.watch().verify_before_users(&scene.progress).await;
    assert_eq!(verdict.judgement, Errored, "{}", words(&verdict));
    assert!(verdict.why().contains("from cccccccccccc, expected aaaaaaaaaaaa"), "{}", verdict.why());

    let since = Instant::now();
    let verdict = scene.hold(5.0).await;
    assert_eq!(verdict.judgement, Errored, "{}", words(&verdict));
    assert!(since.elapsed() < Duration::from_mins(1), "it is known at once: {:?}", since.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_test_listener_that_leads_to_the_serving_release_is_no_verdict() {
    let mut scene = Scene::new();
    scene.service.world().candidate = Release::of('b');
    // What readiness says of it decides nothing here.
    scene.settings.watch.triggers.retain(|trigger| trigger.to_string() != "readiness");
    let verdict = scene.hold(5.0).await;
    assert_eq!(verdict.judgement, Errored, "{}", words(&verdict));
    let says = "answers through the test listener were by another commit than the candidate's aaaaaaaaaaaa, the last by bbbbbbbbbbbb";
    assert!(verdict.why().contains(says), "{}", verdict.why());
}

#[tokio::test(start_paused = true)]
async fn releases_that_name_no_commit_cannot_be_told_apart_behind_one_address() {
    let mut scene = Scene::new();
    for header in [true, false] {
        scene.settings.watch.probe_paths = vec!["/l/a".to_owned()];
        scene.service.world().candidate.header = header;
        scene.service.world().serving.header = header;
        let verdict = scene.hold(50.0).await;
        if header {
            assert_eq!(verdict.judgement, Passed, "{}", words(&verdict));
        } else {
            assert_eq!(verdict.judgement, Errored, "{}", words(&verdict));
            assert!(verdict.why().contains("do not name a commit in x-commit"), "{}", verdict.why());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_header_the_body_of_health_tells_them_apart() {
    let scene = Scene::new();
    scene.service.world().candidate.header = false;
    scene.service.world().serving.header = false;
    let verdict = scene.hold(50.0).await;
    assert_eq!(verdict.judgement, Passed, "{}", words(&verdict));
}

#[tokio::test(start_paused = true)]
async fn an_old_release_that_still_answers_in_the_bake_is_no_verdict() {
    let scene = Scene::new();
    scene.service.world().weight = 0.7;
    let mut watch = scene.watch();
    let verdict = watch.hold(Reach::Bake, WINDOW, &scene.progress).await;
    assert_eq!(verdict.judgement, Errored, "{}", words(&verdict));
    let says = "answers at the address of users were by another commit than the candidate's aaaaaaaaaaaa, the last by bbbbbbbbbbbb";
    assert!(words(&verdict).contains(says), "{}", words(&verdict));
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_is_dropped_sends_nothing_more_but_what_clears_up() {
    let scene = Scene::new();
    scene.service.world().weight = 0.05;
    let mut watch = scene.watch();
    let hold = watch.hold(Reach::Hold { weight: 5.0 }, WINDOW, &scene.progress);
    tokio::time::timeout(Duration::from_millis(150), hold).await.expect_err("it goes on");
    tokio::time::sleep(Duration::from_mins(1)).await;
    let requests = scene.service.world().requests;
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert_eq!(scene.service.world().requests, requests);
    assert!(scene.service.world().links.is_empty());
}
