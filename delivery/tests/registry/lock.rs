//! The lock of an environment.

use std::time::Duration;

use delivery::environment::Environment;
use delivery::exit::{self, Ending};
use delivery::lock::{self, Guard, Held, Wish};
use delivery::progress::Progress;
use rehearsal::faults::ApiFault;
use rehearsal::registry::Mutability;

use crate::cloud::{REPOSITORY, Scene, commit};

const EXPIRY: Duration = Duration::from_mins(90);

fn wish(owner: &str) -> Wish {
    Wish {
        environment: Environment::Staging,
        owner: owner.to_owned(),
        commit: Some(commit('a')),
        expiry: EXPIRY,
        break_it: false,
    }
}

async fn take(scene: &Scene, wish: &Wish) -> Result<Guard, Held> {
    lock::take(&scene.registry, wish, &scene.edge, &Progress::silent()).await
}

async fn holder(scene: &Scene) -> Option<String> {
    let holder = lock::holder_of(&scene.registry, Environment::Staging).await.expect("an answer");
    holder.map(|holder| holder.owner)
}

#[tokio::test(start_paused = true)]
async fn one_holds_it_the_other_is_told_who_and_gets_it_afterwards() {
    let scene = Scene::new();
    let guard = take(&scene, &wish("ann")).await.expect("it is free");
    guard.check().await.expect("it is ours");
    let held = take(&scene, &wish("bob")).await.expect_err("ann has it");
    let ending = Ending::from(held);
    assert_eq!(ending.code(), exit::REFUSED);
    let text = ending.to_string();
    assert!(text.contains("ann holds the lock of staging for aaaaaaaaaaaa, since 2026-11-24T10:00:00Z"), "{text}");
    let production = Wish { environment: Environment::Production, ..wish("bob") };
    take(&scene, &production).await.expect("another environment is free").release().await.expect("an answer");
    guard.release().await.expect("an answer");
    assert_eq!(holder(&scene).await, None);
    let guard = take(&scene, &wish("bob")).await.expect("it is free again");
    assert_eq!(holder(&scene).await.as_deref(), Some("bob"));
    guard.release().await.expect("an answer");
}

#[tokio::test(start_paused = true)]
async fn it_outlives_its_expiry_while_it_is_held() {
    let scene = Scene::new();
    let guard = take(&scene, &wish("ann")).await.expect("it is free");
    for _ in 0..5 {
        tokio::time::sleep(EXPIRY).await;
        guard.check().await.expect("it is ours");
        take(&scene, &wish("bob")).await.expect_err("ann has it");
    }
    guard.release().await.expect("an answer");
    let left = scene.cloud.registry().repository(REPOSITORY).expect("a repository");
    assert!(left.tags.is_empty() && left.manifests.is_empty(), "{:?}", left.tags);
}

#[tokio::test(start_paused = true)]
async fn it_is_taken_from_the_dead_and_not_before() {
    let scene = Scene::new();
    // A guard that is dropped is no longer renewed, as when its process was killed.
    drop(take(&scene, &wish("ann")).await.expect("it is free"));
    tokio::time::sleep(EXPIRY).await;
    take(&scene, &wish("bob")).await.expect_err("its end has only just come");
    tokio::time::sleep(Duration::from_mins(2)).await;
    take(&scene, &wish("bob")).await.expect("ann is dead").release().await.expect("an answer");
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_was_broken_is_lost_and_its_release_touches_nobody_elses() {
    let scene = Scene::new();
    let anns = take(&scene, &wish("ann")).await.expect("it is free");
    let bobs = take(&scene, &Wish { break_it: true, ..wish("bob") }).await.expect("it is broken");
    let why = format!("{:#}", anns.check().await.expect_err("it is lost"));
    assert!(why.contains("somebody broke our lock of staging"), "{why}");
    let why = tokio::time::timeout(EXPIRY, anns.lost()).await.expect("the next renewal notices");
    assert!(why.contains("somebody broke our lock of staging"), "{why}");
    anns.release().await.expect("an answer");
    bobs.check().await.expect("it is bob's");
    bobs.release().await.expect("an answer");
}

#[tokio::test(start_paused = true)]
async fn whatever_happens_to_a_call_nobody_holds_it_by_mistake() {
    let faults =
        [ApiFault::Throttle, ApiFault::ServerError, ApiFault::Hang, ApiFault::LostAnswer, ApiFault::ExpiredToken];
    for operation in ["PutImage", "BatchGetImage", "DescribeImages", "DescribeRepositories", "BatchDeleteImage"] {
        for fault in faults {
            for times in [1, 3] {
                let scene = Scene::new();
                scene.fault(operation, fault, 0, times);
                let case = format!("{operation} {fault:?} {times}");
                let taken = take(&scene, &wish("ann")).await;
                scene.cloud.faults(rehearsal::faults::Faults::clear);
                match taken {
                    Ok(guard) => {
                        assert_eq!(holder(&scene).await.as_deref(), Some("ann"), "{case}");
                        take(&scene, &wish("bob")).await.expect_err(&case);
                        guard.release().await.expect(&case);
                    }
                    Err(held) => {
                        assert_eq!(Ending::from(held).code(), exit::COULD_NOT_TELL, "{case}");
                        assert_eq!(holder(&scene).await, None, "{case}");
                    }
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_put_that_nobody_ever_answers_leaves_either_our_lock_or_none() {
    let scene = Scene::new();
    scene.fault("PutImage", ApiFault::LostAnswer, 0, u64::MAX);
    let guard = take(&scene, &wish("ann")).await.expect("the lock is read back");
    assert_eq!(holder(&scene).await.as_deref(), Some("ann"));
    guard.release().await.expect("an answer");
}

#[tokio::test(start_paused = true)]
async fn a_repository_whose_tags_move_cannot_hold_a_lock() {
    let scene = Scene::with(Mutability::MUTABLE);
    let ending = Ending::from(take(&scene, &wish("ann")).await.expect_err("a tag that moves is no lock"));
    assert_eq!(ending.code(), exit::REFUSED);
    assert!(ending.to_string().contains("IMMUTABLE_WITH_EXCLUSION"), "{ending}");
}

#[tokio::test(start_paused = true)]
async fn something_else_under_the_tag_is_named_and_not_touched() {
    let scene = Scene::new();
    let seeded = scene.cloud.registry().seed(REPOSITORY, Some("lock-staging"), &[], crate::cloud::start());
    let digest = seeded.expect("it is taken");
    let ending = Ending::from(take(&scene, &wish("ann")).await.expect_err("the tag is taken"));
    assert_eq!(ending.code(), exit::REFUSED);
    assert!(ending.to_string().contains("is no lock"), "{ending}");
    let repository = scene.cloud.registry().repository(REPOSITORY).expect("a repository");
    assert_eq!(repository.tags.get("lock-staging"), Some(&digest));
}
