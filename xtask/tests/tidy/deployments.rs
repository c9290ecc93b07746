//! Workflows that deploy: no keys, no role without its environment, no deployment cut off half way.

use saphyr::{LoadableYamlNode as _, Yaml};

use crate::workflows::{elements, values};
use crate::{assert_finds, assert_tidy, files};

/// The variables with the roles that deploy, and the environments whose protection goes with them.
const ROLES: [(&str, &str); 2] = [("AWS_STAGING_ROLE", "staging"), ("AWS_PRODUCTION_ROLE", "production")];
/// The verb that only watches, and the flag with which it changes what runs.
const WATCHES: (&str, &str) = ("monitor", "--roll-back");
/// The verbs that change what runs.
const VERBS: [&str; 3] = ["deploy-staging", "promote", "rollback"];
/// The start of the name under which the tool is kept.
const TOOL: &str = "tool-";

fn rule(path: &str, text: &str) -> Vec<String> {
    let Ok(documents) = Yaml::load_from_str(text) else {
        return vec![format!("{path}: not YAML")];
    };
    let mut findings = Vec::new();
    for workflow in &documents {
        let concurrency = workflow.as_mapping_get("concurrency");
        for (name, job) in workflow.as_mapping_get("jobs").and_then(|jobs| jobs.as_mapping()).into_iter().flatten() {
            let name = name.as_str().unwrap_or_default();
            findings.extend(job_findings(job, concurrency).map(|finding| format!("{path}: job {name}: {finding}")));
        }
    }
    findings
}

fn job_findings<'a>(job: &'a Yaml<'a>, around: Option<&'a Yaml<'a>>) -> impl Iterator<Item = String> {
    let steps: Vec<_> = elements(job.as_mapping_get("steps")).collect();
    let acts = steps.iter().any(|step| step.as_mapping_get("run").and_then(|run| run.as_str()).is_some_and(changes));
    let mut findings = Vec::new();
    for given in steps.iter().filter_map(|step| step.as_mapping_get("with")) {
        let text = |key: &str| given.as_mapping_get(key).and_then(|value| value.as_str());
        for key in ["aws-access-key-id", "aws-secret-access-key", "aws-session-token"] {
            if text(key).is_some() {
                findings.push(format!("`{key}`: a key can be stolen and does not end; take a role"));
            }
        }
        if let Some(role) = text("role-to-assume") {
            findings.extend(role_findings(job, role));
        }
    }
    let may_take_a_role = text_at(job, &["permissions", "id-token"]) == Some("write");
    if may_take_a_role && !steps.iter().any(|step| text_at(step, &["with", "role-to-assume"]).is_some()) {
        findings.push("`id-token: write` without taking a role".to_owned());
    }
    let scans = |run: &str| run.starts_with("cargo xtask scan") || run.starts_with("cargo xtask ci");
    if may_take_a_role && steps.iter().filter_map(|step| text_at(step, &["run"])).any(scans) {
        findings.push("a scanner is a program from elsewhere: not in a job that may take a role".to_owned());
    }
    if acts && is(job, &["concurrency", "cancel-in-progress"]) != Some(false) {
        findings.push("it deploys, so its own `concurrency` has `cancel-in-progress: false`".to_owned());
    }
    if acts && around.is_some_and(|around| is(around, &["cancel-in-progress"]) != Some(false)) {
        findings.push("it deploys, so no `concurrency` around it may cancel it".to_owned());
    }
    if acts && text_at(job, &["concurrency", "queue"]) != Some("max") {
        findings.push("it deploys, so it waits its turn, however many do: `queue: max`".to_owned());
    }
    for step in &steps {
        let checks_out = text_at(step, &["uses"]).is_some_and(|uses| uses.starts_with("actions/checkout@"));
        if checks_out && is(step, &["with", "persist-credentials"]) != Some(false) {
            findings.push("a checkout leaves no token behind: `persist-credentials: false`".to_owned());
        }
    }
    findings.into_iter()
}

fn role_findings<'a>(job: &'a Yaml<'a>, role: &'a str) -> impl Iterator<Item = String> {
    let environment = text_at(job, &["environment"]).or_else(|| text_at(job, &["environment", "name"]));
    let known = ROLES.iter().find(|(variable, _)| role == format!("${{{{ vars.{variable} }}}}"));
    match known {
        Some((_, needed)) if environment == Some(needed) => None,
        Some((variable, needed)) => {
            Some(format!("{variable} is taken in `environment: {needed}` and nowhere else, not in {environment:?}"))
        }
        None => Some(format!("`role-to-assume: {role}` is neither of the roles that deploy")),
    }
    .into_iter()
}

/// Whether a line changes what runs; asked for its help, a verb does not.
fn changes(run: &str) -> bool {
    let words: Vec<_> = run.split_whitespace().collect();
    let acts = |verb: &&str| VERBS.contains(verb) || *verb == WATCHES.0 && words.contains(&WATCHES.1);
    words.get(2).is_some_and(acts) && !words.contains(&"--help")
}

fn at<'a>(node: &'a Yaml<'a>, path: &[&str]) -> Option<&'a Yaml<'a>> {
    path.iter().try_fold(node, |node, key| node.as_mapping_get(key))
}

fn text_at<'a>(node: &'a Yaml<'a>, path: &[&str]) -> Option<&'a str> {
    at(node, path)?.as_str()
}

fn is(node: &Yaml<'_>, path: &[&str]) -> Option<bool> {
    at(node, path)?.as_bool()
}

/// Every path and key under which the tool is kept or looked for.
fn tools(text: &str) -> Vec<(String, String)> {
    let documents = Yaml::load_from_str(text).expect("YAML");
    let mut found = Vec::new();
    for workflow in &documents {
        for step in values(workflow.as_mapping_get("jobs")).flat_map(|job| elements(job.as_mapping_get("steps"))) {
            let key = text_at(step, &["with", "key"]).unwrap_or_default();
            let path = text_at(step, &["with", "path"]).unwrap_or_default();
            if key.starts_with(TOOL) || key.contains("steps.tool.outputs") {
                found.push((path.to_owned(), key.to_owned()));
            }
        }
    }
    found
}

#[test]
fn workflows_that_deploy_keep_their_rules() {
    assert_tidy(|path| path.starts_with(".github/workflows/"), rule);
}

#[test]
fn the_tool_is_looked_for_as_it_was_kept() {
    let workflows = files(|path| path.starts_with(".github/workflows/"));
    let found: Vec<_> = workflows.iter().flat_map(|(_, text)| tools(text)).collect();
    assert!(found.len() >= 5, "{found:?}");
    let (path, _) = &found[0];
    let (_, key) = found.iter().find(|(_, key)| key.starts_with(TOOL)).expect("a key");
    for (its_path, its_key) in &found {
        assert_eq!(its_path, path, "a cache is found by its paths too");
        assert!(its_key == key || its_key == "${{ steps.tool.outputs.cache-primary-key }}", "{its_key}");
    }
    for folder in ["xtask", "delivery", "flows"] {
        assert!(key.contains(&format!("'{folder}/**'")), "{key} does not depend on {folder}");
        assert!(path.lines().any(|line| line.trim() == folder), "{folder} is not kept in {path}");
    }
}

#[test]
fn the_rule_for_deployments_finds_what_it_is_for() {
    let job = |environment: &str, around: &str, concurrency: &str, with: &str, run: &str| {
        format!(
            "on: push\nconcurrency: {around}\njobs:\n  it:\n    environment: {environment}\n    permissions: \
             {{ id-token: write }}\n    concurrency: {concurrency}\n    steps:\n      - uses: a/role@1\n        with: \
             {{ {with} }}\n      - run: cargo xtask {run}\n"
        )
    };
    let around = "{ group: a, cancel-in-progress: false }";
    let waits = "{ group: a, cancel-in-progress: false, queue: max }";
    let role = "role-to-assume: '${{ vars.AWS_PRODUCTION_ROLE }}'";
    let cases = [
        (job("production", around, waits, role, "promote"), 0),
        (job("{ name: production }", around, waits, role, "promote"), 0),
        (job("production", around, around, role, "promote --help"), 0),
        (job("staging", around, waits, role, "promote"), 1),
        (job("production", around, waits, "role-to-assume: '${{ inputs.role }}'", "promote"), 1),
        (job("production", around, waits, &format!("{role}, aws-access-key-id: AKIA"), "promote"), 1),
        (job("production", around, waits, "aws-region: here", "promote"), 1),
        (job("production", around, around, role, "promote"), 1),
        (job("production", around, "{ group: a, cancel-in-progress: true, queue: max }", role, "rollback"), 1),
        (job("production", "{ group: a, cancel-in-progress: true }", waits, role, "rollback"), 1),
        (job("production", around, "a", role, "deploy-staging --wait"), 2),
        (job("production", around, waits, role, "scan"), 1),
        (job("production", around, "a", role, "monitor --for 1h"), 0),
        (job("production", around, "a", role, "monitor --for 1h --roll-back"), 2),
    ];
    for (workflow, count) in &cases {
        assert_finds(".github/workflows/a.yml", &[(workflow, *count)], rule);
    }
    let checkout = |with: &str| format!("on: push\njobs:\n  it:\n    steps:\n      - uses: actions/checkout@1\n{with}");
    let leaves_nothing = "        with: { persist-credentials: false }\n";
    assert_finds(".github/workflows/a.yml", &[(&checkout(leaves_nothing), 0), (&checkout(""), 1)], rule);
}
