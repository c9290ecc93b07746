//! What AWS is told (`docs/aws`): JSON that can be read, and a role for each environment that allows
//! what the release engine calls, there and nowhere else.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::files;

/// The clients of the engine by the names of their fields, and what IAM calls their services.
const SERVICES: [(&str, &str); 5] =
    [("ecs", "ecs"), ("ecr", "ecr"), ("secrets", "secretsmanager"), ("sts", "sts"), ("cloudwatch", "cloudwatch")];
/// What is signed by hand: the words before the operation, what IAM calls the service, what ends it.
const BY_HAND: [(&str, &str); 3] =
    [("Logs_20140328.", "logs"), ("AmazonSSM.", "ssm"), ("append_pair(\"Action\", \"", "iam")];
/// Whatever pushes to a registry and reads it over its own protocol needs these.
const REGISTRY: [&str; 7] = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
];
/// What AWS lets nobody narrow to a resource.
const EVERYWHERE: [&str; 9] = [
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetMetricData",
    "ecr:GetAuthorizationToken",
    "ecs:DescribeTaskDefinition",
    "ecs:ListTaskDefinitions",
    "ecs:ListTasks",
    "ecs:RegisterTaskDefinition",
    "ssm:DescribeParameters",
    "sts:GetCallerIdentity",
];

/// The operations that a source calls, as IAM names them.
fn operations(source: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (field, service) in SERVICES {
        let start = format!(".{field}");
        for (at, _) in source.match_indices(&start) {
            let rest = source[at + start.len()..].trim_start();
            let method = rest.strip_prefix('.').and_then(|rest| rest.split_once("()")).map(|(method, _)| method);
            let operation = |method: &&str| {
                method.contains('_') && method.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            };
            if let Some(method) = method.filter(operation).filter(|method| !method.starts_with("is_")) {
                found.insert(format!("{service}:{}", camel(method)));
            }
        }
    }
    for (start, service) in BY_HAND {
        for (at, _) in source.match_indices(start) {
            let name = source[at + start.len()..].chars().take_while(char::is_ascii_alphanumeric).collect::<String>();
            found.insert(format!("{service}:{name}"));
        }
    }
    found
}

fn camel(method: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    method.split('_').map(capital).collect()
}

fn document(name: &str) -> Value {
    let (_, text) = files(|path| path == format!("docs/aws/{name}.json")).remove(0);
    serde_json::from_str(&text).expect("JSON")
}

fn texts(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .map_or_else(|| value.as_str().into_iter().collect(), |all| all.iter().filter_map(Value::as_str).collect())
}

fn allowed(policy: &Value) -> BTreeSet<String> {
    let statements = policy["Statement"].as_array().expect("statements").iter();
    statements.flat_map(|statement| texts(&statement["Action"])).map(str::to_owned).collect()
}

#[test]
fn what_aws_is_told_is_json() {
    for (path, text) in files(|path| path.starts_with("docs/aws/") && path.ends_with(".json")) {
        let read: Result<Value, _> = serde_json::from_str(&text);
        assert!(read.is_ok(), "{path}: {read:?}");
    }
}

#[test]
fn the_roles_may_do_what_the_engine_calls() {
    let sources = files(|path| path.starts_with("delivery/src/") && path.ends_with(".rs"));
    let mut called: BTreeSet<_> = sources.iter().flat_map(|(_, text)| operations(text)).collect();
    assert!(called.contains("ecs:UpdateService") && called.contains("iam:GetRole"), "found only {called:?}");
    called.extend(REGISTRY.map(str::to_owned));
    // What goes with registering a task definition that has roles and tags.
    called.extend(["iam:PassRole", "ecs:TagResource"].map(str::to_owned));
    for environment in ["staging", "production"] {
        let allowed = allowed(&document(&format!("deploy-{environment}")));
        let missing: Vec<_> = called.difference(&allowed).collect();
        assert!(missing.is_empty(), "docs/aws/deploy-{environment}.json does not allow {missing:?}");
    }
}

#[test]
fn a_role_reaches_no_further_than_its_environment() {
    for (environment, cluster, other) in
        [("staging", "myapp-staging-cluster", "production"), ("production", "myapp-cluster", "staging")]
    {
        let policy = document(&format!("deploy-{environment}"));
        let text = policy.to_string();
        assert!(text.contains(&format!("service/{cluster}/")) && !text.contains(other), "{environment}");
        for statement in policy["Statement"].as_array().expect("statements") {
            let everywhere = texts(&statement["Resource"]).contains(&"*");
            for action in texts(&statement["Action"]) {
                assert!(!action.contains('*'), "{environment}: {action} allows what nobody has thought of");
                assert!(!everywhere || EVERYWHERE.contains(&action), "{environment}: {action} on everything");
                let passed = &statement["Condition"]["StringEquals"]["iam:PassedToService"];
                assert!(action != "iam:PassRole" || passed == "ecs-tasks.amazonaws.com", "{environment}: {action}");
            }
        }
        let trust = document(&format!("trust-{environment}"));
        let conditions = trust["Statement"][0]["Condition"].as_object().expect("conditions");
        assert_eq!(conditions.keys().collect::<Vec<_>>(), ["StringEquals"], "{environment}");
        for claim in ["aud", "sub", "repository_id", "environment"] {
            let value = &conditions["StringEquals"][format!("token.actions.githubusercontent.com:{claim}")];
            assert!(value.as_str().is_some_and(|value| !value.contains('*')), "{environment}: {claim} is {value}");
        }
        let subject = conditions["StringEquals"]["token.actions.githubusercontent.com:sub"].as_str();
        assert!(subject.is_some_and(|subject| subject.ends_with(&format!(":environment:{environment}"))));
    }
}

#[test]
fn no_rule_of_the_repository_takes_evidence_or_a_lock() {
    let lifecycle = document("lifecycle");
    let rules = lifecycle["rules"].as_array().expect("rules");
    assert!(rules.iter().all(|rule| rule["selection"]["tagStatus"] == "tagged"), "evidence has no tag");
    let patterns: Vec<_> = rules.iter().flat_map(|rule| texts(&rule["selection"]["tagPatternList"])).collect();
    assert_eq!(patterns, ["*-latest", "lock-*", "*"], "what serves and what is locked is known first");
}

#[test]
fn operations_are_found_in_a_source() {
    let source = "self.ecs\n            .update_service()\n; clients.secrets.describe_secret().x(); self.secrets().iter();\n\
                  self.secrets.is_empty(); Some(\"Logs_20140328.GetLogEvents\"); .append_pair(\"Action\", \"GetRole\")";
    let expected = ["ecs:UpdateService", "iam:GetRole", "logs:GetLogEvents", "secretsmanager:DescribeSecret"];
    assert_eq!(operations(source).into_iter().collect::<Vec<_>>(), expected);
}
