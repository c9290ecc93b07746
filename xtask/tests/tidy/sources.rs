//! Rust sources: small rooms with a sign on the door.

use crate::{assert_finds, assert_tidy};

/// More than this does not fit in one reading.
const LONGEST: usize = 400;
/// Names that say nothing about what lives in a file.
const EMPTY_NAMES: [&str; 9] =
    ["mod.rs", "utils.rs", "util.rs", "helper.rs", "helpers.rs", "manager.rs", "service.rs", "common.rs", "misc.rs"];

fn rule(path: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let name = path.rsplit('/').next().unwrap_or(path);
    // In a folder of ECS's a service is what ECS calls one.
    if EMPTY_NAMES.contains(&name) && !path.ends_with("/ecs/service.rs") {
        findings.push(format!("{path}: name the file after what lives in it"));
    }
    if !text.starts_with("//! ") {
        findings.push(format!("{path}:1: begin with a `//!` line that says what lives here"));
    }
    let lines = text.lines().count();
    if lines > LONGEST {
        findings.push(format!("{path}: {lines} lines do not fit in one reading ({LONGEST}); split it by concern"));
    }
    for (number, line) in (1..).zip(text.lines()) {
        if line.contains("#[ignore") {
            findings.push(format!("{path}:{number}: a test that is ignored cannot fail; skip with a reason instead"));
        }
    }
    findings
}

#[test]
fn sources_are_small_and_say_what_lives_in_them() {
    assert_tidy(|path| path.ends_with(".rs") && !path.ends_with("tidy/sources.rs"), rule);
}

#[test]
fn the_rule_for_sources_finds_what_it_is_for() {
    let long = format!("//! Long.\n{}", "// line\n".repeat(LONGEST));
    let cases = [
        ("//! A door sign.\nfn main() {}\n", 0),
        ("fn main() {}\n", 1),
        (long.as_str(), 1),
        ("//! Tests.\n#[test]\n#[ignore = \"slow\"]\nfn a() {}\n", 1),
    ];
    assert_finds("app/src/links.rs", &cases, rule);
    for name in EMPTY_NAMES {
        assert_finds(&format!("app/src/{name}"), &[("//! Anything.\n", 1)], rule);
    }
    assert_finds("delivery/src/aws/ecs/service.rs", &[("//! A service of ECS.\n", 0)], rule);
}
