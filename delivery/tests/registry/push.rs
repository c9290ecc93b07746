//! Images from a layout into the registry.

use std::fs;

use delivery::aws::ecr::Reference;
use delivery::exit;
use delivery::registry::Layout;
use rehearsal::faults::ApiFault;
use tempfile::TempDir;

use crate::cloud::{REPOSITORY, Scene, commit};
use crate::layout::write_layout;

fn layout(letter: char, layer: &[u8]) -> (TempDir, Layout) {
    let folder = tempfile::tempdir().expect("a folder");
    let digest = write_layout(folder.path(), commit(letter).as_str(), layer);
    let layout = Layout::read(folder.path()).expect("a layout");
    assert_eq!(*layout.digest(), digest);
    assert_eq!(layout.commit(), Some(&commit(letter)));
    (folder, layout)
}

/// More than goes through in one piece.
fn large() -> Vec<u8> {
    (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect()
}

#[tokio::test(start_paused = true)]
async fn a_push_brings_in_what_is_missing_and_nothing_twice() {
    let scene = Scene::new();
    let (_folder, layout) = layout('a', &large());
    let pushed = scene.registry.push(&layout, commit('a').as_str()).await.expect("a push");
    assert_eq!((pushed.blobs, pushed.known), (2, false));
    assert!(pushed.bytes >= 12_000_000);
    let image = scene.clients.image(REPOSITORY, Reference::Tag(commit('a').as_str())).await.expect("an answer");
    assert_eq!(image.expect("an image").digest, *layout.digest());
    let puts = scene.count("PUT");
    let again = scene.registry.push(&layout, commit('a').as_str()).await.expect("a push");
    assert_eq!((again.blobs, again.bytes, again.known), (0, 0, true));
    assert_eq!(scene.count("PUT"), puts);
}

#[tokio::test(start_paused = true)]
async fn a_new_commit_with_the_same_code_sends_no_layer() {
    let scene = Scene::new();
    let layer = large();
    let (_folder, first) = layout('a', &layer);
    let (_other, second) = layout('b', &layer);
    scene.registry.push(&first, commit('a').as_str()).await.expect("a push");
    let pushed = scene.registry.push(&second, commit('b').as_str()).await.expect("a push");
    assert_eq!(pushed.blobs, 1);
    assert!(pushed.bytes < 1_000, "{}", pushed.bytes);
}

#[tokio::test(start_paused = true)]
async fn a_tag_of_a_commit_never_moves() {
    let scene = Scene::new();
    let (_folder, first) = layout('a', b"one");
    let (_other, second) = layout('a', b"two");
    scene.registry.push(&first, commit('a').as_str()).await.expect("a push");
    let error = scene.registry.push(&second, commit('a').as_str()).await.expect_err("the tag is taken");
    assert_eq!(exit::code_of(&error), exit::REFUSED, "{error:#}");
    let there = scene.clients.digest_of_tag(REPOSITORY, commit('a').as_str()).await.expect("an answer");
    assert_eq!(there.as_ref(), Some(first.digest()));
}

#[tokio::test(start_paused = true)]
async fn whatever_happens_to_a_request_the_push_comes_through() {
    let faults =
        [ApiFault::ServerError, ApiFault::Hang, ApiFault::LostAnswer, ApiFault::Throttle, ApiFault::ExpiredToken];
    for operation in ["HEAD", "POST", "PUT", "GetAuthorizationToken"] {
        for fault in faults {
            for after in 0..3 {
                let scene = Scene::new();
                let (_folder, layout) = layout('a', b"layer");
                scene.fault(operation, fault, after, 1);
                let pushed = scene.registry.push(&layout, commit('a').as_str()).await;
                let pushed = pushed.unwrap_or_else(|error| panic!("{operation} {fault:?} {after}: {error:#}"));
                assert_eq!(pushed.digest, *layout.digest());
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_never_answers_is_given_up() {
    let scene = Scene::new();
    let (_folder, layout) = layout('a', b"layer");
    scene.fault("HEAD", ApiFault::Hang, 0, u64::MAX);
    let error = scene.registry.push(&layout, commit('a').as_str()).await.expect_err("nobody answers");
    assert!(format!("{error:#}").contains("no answer within"), "{error:#}");
}

#[test]
fn a_layout_with_a_blob_that_is_not_what_it_says_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    write_layout(folder.path(), commit('a').as_str(), b"layer");
    for blob in fs::read_dir(folder.path().join("blobs/sha256")).expect("a folder") {
        let path = blob.expect("a blob").path();
        let whole = fs::read(&path).expect("its bytes");
        let mut flipped = whole.clone();
        flipped[0] ^= 1;
        let mut cut = whole.clone();
        cut.pop();
        for wrong in [flipped, cut] {
            fs::write(&path, wrong).expect("a blob");
            let error = format!("{:#}", Layout::read(folder.path()).expect_err("it is not what it says"));
            assert!(error.contains("cannot use the image layout"), "{error}");
        }
        fs::remove_file(&path).expect("a blob");
        assert!(Layout::read(folder.path()).is_err());
        fs::write(&path, whole).expect("a blob");
    }
    Layout::read(folder.path()).expect("it is whole again");
}

#[tokio::test(start_paused = true)]
async fn a_retag_moves_the_tag_by_the_manifest_alone() {
    let scene = Scene::new();
    let (one, two) = (scene.seed(&commit('a')), scene.seed(&commit('b')));
    for fault in [None, Some(ApiFault::LostAnswer), Some(ApiFault::Throttle)] {
        for release in [&one, &two] {
            if let Some(fault) = fault {
                scene.fault("PutImage", fault, 0, 1);
            }
            assert!(scene.clients.retag(REPOSITORY, &release.digest, "production-latest").await.expect("a retag"));
            assert!(!scene.clients.retag(REPOSITORY, &release.digest, "production-latest").await.expect("a retag"));
            let there = scene.clients.digest_of_tag(REPOSITORY, "production-latest").await.expect("an answer");
            assert_eq!(there.as_ref(), Some(&release.digest));
        }
    }
    assert_eq!(scene.count("GET") + scene.count("PUT") + scene.count("POST"), 0, "no layer moved");
    let error = scene.clients.retag(REPOSITORY, &one.digest, commit('b').as_str()).await.expect_err("it is immutable");
    assert_eq!(exit::code_of(&error), exit::REFUSED, "{error:#}");
}
