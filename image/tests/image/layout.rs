//! The layout on the disk: valid, alone, and checked when read.

use std::fs;

use image::digest::Digest;
use image::file::{File, Kind};
use image::layer;
use serde_json::Value;

use crate::support::{Elf, Project};

fn blobs(project: &Project) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(project.path("target/image/blobs/sha256"))
        .expect("blobs")
        .map(|entry| entry.expect("entry").file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort();
    names
}

#[test]
fn every_blob_is_what_its_name_says_and_every_reference_leads_to_one() {
    let project = Project::new();
    let summary = project.assemble(&[]).expect_code(0).json();
    let read = |name: &str| fs::read(project.path("target/image").join(name)).expect(name);
    let marker: Value = serde_json::from_slice(&read("oci-layout")).expect("JSON");
    assert_eq!(marker["imageLayoutVersion"], "1.0.0");
    let mut total = 0;
    for name in blobs(&project) {
        let bytes = read(&format!("blobs/sha256/{name}"));
        assert_eq!(Digest::of(&bytes).hex(), name);
        total += bytes.len();
    }
    assert_eq!(summary["bytes"], total);
    let index: Value = serde_json::from_slice(&read("index.json")).expect("JSON");
    let only = &index["manifests"][0];
    assert_eq!(only["digest"], summary["digest"]);
    assert_eq!(only["annotations"]["org.opencontainers.image.ref.name"], "0123abcd");
}

#[test]
fn a_new_image_takes_the_place_of_the_old_one_and_leaves_nothing_behind() {
    let project = Project::new();
    let first = project.assemble(&[]).expect_code(0).json();
    let before = blobs(&project);
    project.write("app", Elf::with_crates(&[]));
    let second = project.assemble(&[]).expect_code(0).json();
    assert_ne!(first["digest"], second["digest"]);
    let after = blobs(&project);
    assert_eq!(after.len(), 3);
    assert!(before.iter().all(|name| !after.contains(name)));
    let left: Vec<_> = fs::read_dir(project.path("target")).expect("target").collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn a_refused_build_leaves_the_old_image() {
    let project = Project::new();
    project.assemble(&[]).expect_code(0);
    let before = blobs(&project);
    project.write("app", "no program");
    project.assemble(&[]).expect_code(1);
    assert_eq!(blobs(&project), before);
}

#[test]
fn a_layout_that_was_tampered_with_is_not_read() {
    let project = Project::new();
    let summary = project.assemble(&[]).expect_code(0).json();
    let refuse = |expected: &str| {
        let ran = project.image(&["inspect"]).expect_code(1);
        assert!(ran.errors.contains(expected), "{}", ran.errors);
    };
    let digest = summary["config"].as_str().expect("a digest").replace("sha256:", "");
    let config = format!("target/image/blobs/sha256/{digest}");
    let text = fs::read_to_string(project.path(&config)).expect("a configuration");
    project.write(&config, text.replace("65532:65532", "00000:00000"));
    refuse("is not what its name says");
    fs::remove_file(project.path(&config)).expect("removed");
    refuse("cannot read blob");

    project.assemble(&[]).expect_code(0);
    let index = fs::read_to_string(project.path("target/image/index.json")).expect("an index");
    let cases = [
        (index.replace("image.manifest.v1", "image.index.v1"), "points at application/vnd.oci.image.index.v1+json"),
        (r#"{"schemaVersion":2,"manifests":[]}"#.to_owned(), "names 0 images"),
        (index.replace("sha256:", "sha256:../"), "is not a digest"),
        ("{".to_owned(), "in index.json"),
    ];
    for (text, expected) in cases {
        project.write("target/image/index.json", text);
        refuse(expected);
    }
    fs::remove_dir_all(project.path("target/image")).expect("removed");
    refuse("`cargo xtask build` makes one");
}

#[test]
fn a_layer_keeps_every_kind_of_file_and_refuses_what_it_cannot_keep() {
    let file = |path: &str, kind: Kind| File { kind, ..File::regular(path, 0o4755, Vec::new()) };
    let files = [
        file("a", Kind::Regular(b"bytes".to_vec())),
        file("b", Kind::Hardlink("a".to_owned())),
        file("c", Kind::Symlink("/a".to_owned())),
        file("d", Kind::Folder),
    ];
    let tar = layer::write(&files, 1).expect("a layer");
    assert_eq!(layer::read(&tar).expect("readable"), files);
    assert_eq!(layer::decompress(&layer::compress(&tar).expect("compressed")).expect("unpacked"), tar);
    let kinds: Vec<_> = files.iter().map(|file| file.describe().kind).collect();
    assert_eq!(kinds, ["file", "hardlink", "symlink", "folder"]);

    let error = layer::write(&[file("e", Kind::Special('3'))], 1).expect_err("a device");
    assert!(error.to_string().contains("/e is a device or a pipe"), "{error}");
    let error = layer::decompress(&[0x28, 0xb5, 0x2f, 0xfd]).expect_err("zstd");
    assert!(error.to_string().contains("compressed by zstd"), "{error}");
}
