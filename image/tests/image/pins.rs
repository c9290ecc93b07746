//! What is pinned in two places is pinned to the same version.

use std::fs;

fn read(name: &str) -> String {
    fs::read_to_string(format!("{}/../{name}", env!("CARGO_MANIFEST_DIR"))).expect(name)
}

#[test]
fn the_dockerfile_builds_with_the_rust_of_the_toolchain_file() {
    let toolchain: toml::Table = read("rust-toolchain.toml").parse().expect("parses");
    let channel = toolchain["toolchain"]["channel"].as_str().expect("a channel");
    let dockerfile = read("Dockerfile");
    let image = dockerfile
        .lines()
        .find_map(|line| line.strip_prefix("FROM rust:"))
        .and_then(|rest| rest.split('-').next())
        .expect("it builds from an image of Rust");
    assert!(channel == image || channel.starts_with(&format!("{image}.")), "{channel} and {image}");
}

#[test]
fn the_dockerfile_asks_nothing_of_the_network_but_its_base_image() {
    assert!(!read("Dockerfile").starts_with("# syntax="));
}

#[test]
fn every_member_of_the_workspace_is_let_into_the_docker_build() {
    let manifest: toml::Table = read("Cargo.toml").parse().expect("parses");
    let ignored = read(".dockerignore");
    for member in manifest["workspace"]["members"].as_array().expect("members") {
        let member = member.as_str().expect("a path");
        assert!(ignored.lines().any(|line| line == format!("!{member}")), "{member} is missing");
    }
}
