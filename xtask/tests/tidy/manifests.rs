//! Manifests: versions stand once, in the workspace's table.

use crate::{assert_finds, assert_tidy};

fn rule(path: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let mut in_dependencies = false;
    let mut lints = false;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.starts_with('[') {
            in_dependencies = line.trim_matches(['[', ']']).ends_with("dependencies");
            lints |= line == "[lints]";
        } else if in_dependencies && line.contains('=') && !line.starts_with('#') && !line.contains("workspace = true")
        {
            findings.push(format!("{path}:{number}: `{line}`: take the version from the workspace's table"));
        }
    }
    if !lints {
        findings.push(format!("{path}: take the workspace's lints: `[lints]` with `workspace = true`"));
    }
    findings
}

#[test]
fn versions_stand_once_and_lints_are_everybodys() {
    assert_tidy(|path| path.ends_with("/Cargo.toml"), rule);
}

#[test]
fn the_rule_for_manifests_finds_what_it_is_for() {
    let with = |dependencies: &str| format!("[lints]\nworkspace = true\n\n[dev-dependencies]\n{dependencies}\n");
    let cases = [
        (with("serde.workspace = true"), 0),
        (with("serde = { workspace = true, features = [\"rc\"] }"), 0),
        (with("serde = \"1\""), 1),
        (with("serde = { version = \"1\" }"), 1),
        ("[package]\nname = \"a\"\n".to_owned(), 1),
    ];
    for (manifest, count) in &cases {
        assert_finds("app/Cargo.toml", &[(manifest, *count)], rule);
    }
}
