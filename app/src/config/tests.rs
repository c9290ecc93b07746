//! What is accepted, what is refused, and that it is refused all at once.

use clap::Parser;

use super::*;

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    arguments: ServeArguments,
}

const URL: &str = "postgres://app:hunter2hunter2@db.example:5432/links";
const TOKEN: &str = "an-api-token-of-some-length";

fn read_from(flags: &[&str], variables: &[(&str, &str)]) -> Result<Config, Problems> {
    let command = Command::parse_from(std::iter::once("serve").chain(flags.iter().copied()));
    let environment = |name: &str| {
        let found = variables.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    read(&command.arguments, &environment)
}

#[test]
fn the_secrets_are_all_that_has_to_be_set() {
    let config = read_from(&[], &[("DATABASE_URL", URL), ("API_TOKEN", TOKEN)]).unwrap();
    let settings = &config.settings;
    assert_eq!(settings.listen, "0.0.0.0:8080".parse().unwrap());
    assert_eq!(settings.management, "0.0.0.0:9090".parse().unwrap());
    assert_eq!(settings.drain_delay, Duration::from_secs(20));
    assert_eq!(settings.idle_timeout, Duration::from_secs(75));
    assert_eq!(settings.traces, None);
    assert!(!settings.ready_requires_database);
}

#[test]
fn every_wrong_and_every_missing_setting_is_told_at_once() {
    let flags = [
        "--listen-address=nowhere",
        "--drain-delay=20",
        "--max-in-flight=0",
        "--request-timeout=0s",
        "--ready-requires-database=perhaps",
        "--log=a=b=c",
        "--otlp-endpoint=https://collector.example",
        "--cache-fresh=2h",
        "--database-ca-file=/nowhere/ca.pem",
    ];
    let problems = read_from(&flags, &[]).unwrap_err();
    let named: Vec<_> = problems.0.iter().filter_map(|line| line.split(':').next()).collect();
    assert_eq!(
        named,
        [
            "DATABASE_URL",
            "DATABASE_CA_FILE",
            "API_TOKEN",
            "LISTEN_ADDRESS",
            "DRAIN_DELAY",
            "REQUEST_TIMEOUT",
            "MAX_IN_FLIGHT",
            "READY_REQUIRES_DATABASE",
            "LOG",
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "CACHE_STALE",
        ]
    );
    assert!(problems.to_string().starts_with("11 settings to mend:\n  "));
}

#[test]
fn a_secret_that_is_wrong_is_named_and_not_quoted() {
    for (url, token) in [
        ("mysql://app:hunter2hunter2@db.example/links", TOKEN),
        ("postgres://app:hunter2hunter2@db.example:port/links", TOKEN),
        (URL, "hunter2"),
        (URL, "hunter2 hunter2 hunter2"),
    ] {
        let variables = [("DATABASE_URL", url), ("API_TOKEN", token)];
        let problems = read_from(&[], &variables).unwrap_err();
        assert_eq!(problems.0.len(), 1, "{problems}");
        assert!(!problems.to_string().contains("hunter2"), "{problems}");
    }
}

#[test]
fn a_checked_configuration_does_not_print_its_secrets() {
    let config = read_from(&[], &[("DATABASE_URL", URL), ("API_TOKEN", TOKEN)]).unwrap();
    let printed = format!("{config:?}");
    assert!(!printed.contains("hunter2"), "{printed}");
    assert!(!printed.contains(TOKEN), "{printed}");
}

#[test]
fn the_commit_is_what_the_image_says_and_unknown_without_an_image() {
    for (variable, expected) in [(Some("0123abcd"), "0123abcd"), (Some(""), "unknown"), (None, "unknown")] {
        let mut variables = vec![("DATABASE_URL", URL), ("API_TOKEN", TOKEN)];
        variables.extend(variable.map(|commit| ("BUILD_COMMIT", commit)));
        assert_eq!(read_from(&[], &variables).unwrap().build.commit, expected, "{variable:?}");
    }
}

#[test]
fn a_collector_is_reached_over_http() {
    for (endpoint, expected) in [
        ("", Some(None)),
        ("http://localhost:4318/", Some(Some("http://localhost:4318"))),
        ("localhost:4318", None),
        ("https://localhost:4318", None),
    ] {
        let flag = format!("--otlp-endpoint={endpoint}");
        let config = read_from(&[&flag], &[("DATABASE_URL", URL), ("API_TOKEN", TOKEN)]);
        let found = config.ok().map(|config| config.settings.traces);
        let found = found.map(|traces| traces.map(|traces| traces.endpoint));
        let expected = expected.map(|endpoint| endpoint.map(str::to_owned));
        assert_eq!(found, expected, "{endpoint:?}");
    }
}

#[test]
fn a_file_without_certificates_is_no_ca_file() {
    let flag = format!("--database-ca-file={}/Cargo.toml", env!("CARGO_MANIFEST_DIR"));
    let variables = [("DATABASE_URL", URL), ("API_TOKEN", TOKEN)];
    let problems = read_from(&[&flag], &variables).unwrap_err();
    assert!(problems.to_string().contains("holds no certificate"), "{problems}");
}
