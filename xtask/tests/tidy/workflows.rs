//! Workflows: a step runs one `cargo xtask` line, and YAML decides nothing.

use saphyr::{LoadableYamlNode as _, Yaml};

use crate::{assert_finds, assert_tidy};

/// What makes a line a program: substitution, sequence, pipe, redirection, comment.
const SHELL: &[char] = &['$', '`', ';', '|', '&', '<', '>', '(', ')', '{', '}', '#', '\\', '\n'];

fn rule(path: &str, text: &str) -> Vec<String> {
    let documents = match Yaml::load_from_str(text) {
        Ok(documents) => documents,
        Err(error) => return vec![format!("{path}: not YAML: {error}")],
    };
    let mut findings = Vec::new();
    for workflow in &documents {
        let steps = values(workflow.as_mapping_get("jobs")).flat_map(|job| elements(job.as_mapping_get("steps")));
        for step in steps {
            findings.extend(step_findings(step).map(|finding| format!("{path}: {finding}")));
        }
        let triggers = workflow.as_mapping_get("on");
        let dangerous = triggers.is_some_and(|on| {
            on.as_str() == Some("pull_request_target")
                || on.as_mapping_get("pull_request_target").is_some()
                || elements(Some(on)).any(|event| event.as_str() == Some("pull_request_target"))
        });
        if dangerous {
            findings.push(format!("{path}: pull_request_target runs a stranger's code with this repository's rights"));
        }
    }
    findings
}

fn step_findings(step: &Yaml<'_>) -> impl Iterator<Item = String> {
    let text = |key: &str| step.as_mapping_get(key).and_then(|value| value.as_str());
    let run = text("run").and_then(|run| {
        let line = run.trim_end();
        let fine = line.starts_with("cargo xtask ") && !line.contains(SHELL);
        (!fine).then(|| format!("`run: {run}` has to be exactly one `cargo xtask` line, without shell or `${{{{ }}}}`"))
    });
    let uses = text("uses").and_then(|uses| {
        let commit = uses.rsplit_once('@').map(|(_, commit)| commit).unwrap_or_default();
        let pinned =
            uses.starts_with("./") || (commit.len() == 40 && commit.bytes().all(|digit| digit.is_ascii_hexdigit()));
        (!pinned).then(|| format!("`uses: {uses}` can move; pin it to a commit, with the version behind it"))
    });
    let shell = text("shell").map(|shell| format!("`shell: {shell}`: a `cargo xtask` line needs no other shell"));
    [run, uses, shell].into_iter().flatten()
}

pub(crate) fn values<'a, 'b>(node: Option<&'a Yaml<'b>>) -> impl Iterator<Item = &'a Yaml<'b>> {
    node.and_then(|node| node.as_mapping()).into_iter().flat_map(|mapping| mapping.values())
}

pub(crate) fn elements<'a, 'b>(node: Option<&'a Yaml<'b>>) -> impl Iterator<Item = &'a Yaml<'b>> {
    node.and_then(|node| node.as_sequence()).into_iter().flatten()
}

#[test]
fn workflows_run_nothing_but_xtask() {
    assert_tidy(|path| path.starts_with(".github/workflows/"), rule);
}

#[test]
fn the_rule_for_workflows_finds_what_it_is_for() {
    let steps = [
        ("run: cargo xtask lint", 0),
        ("run: cargo xtask scan --max-database-age 7d", 0),
        ("run: cargo test", 1),
        ("run: cargo xtask lint && cargo xtask test", 1),
        ("run: cargo xtask promote --image-tag ${{ inputs.image_tag }}", 1),
        ("run: cargo xtask promote --image-tag $IMAGE_TAG", 1),
        ("run: |\n          cargo xtask lint\n          cargo xtask test", 1),
        ("run: |\n          if true; then cargo xtask lint; fi", 1),
        ("run: if true; then cargo xtask lint; fi", 1),
        ("uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", 0),
        ("uses: actions/checkout@v7", 1),
        ("uses: actions/checkout", 1),
        ("uses: ./.github/actions/setup", 0),
        ("run: cargo xtask lint\n        shell: python", 1),
    ];
    for (step, count) in steps {
        let workflow = format!("on: pull_request\njobs:\n  lint:\n    steps:\n      - {step}\n");
        assert_finds(".github/workflows/a.yml", &[(&workflow, count)], rule);
    }
    for trigger in ["pull_request_target", "[push, pull_request_target]", "{ pull_request_target: {} }"] {
        assert_finds(".github/workflows/a.yml", &[(&format!("on: {trigger}\njobs: {{}}\n"), 1)], rule);
    }
    assert_finds(".github/workflows/a.yml", &[("on: [push\n", 1)], rule);
}
