//! From text and variables to settings, or to every mistake at once.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use toml::de::DeTable;
use url::Url;

use super::reader::{Problems, Table};
use super::{
    EnvironmentSettings, Limits, LockSettings, Migrations, Preflight, Problem, Rollout, Service, Settings, Smoke,
    Strategy, WatchSettings,
};
use crate::edge::Variables;
use crate::environment::Environment;
use crate::verdict::Trigger;

const MINUTE: u64 = 60;

pub(super) fn settings(text: &str, variables: &Variables) -> Result<Settings, Vec<Problem>> {
    let mut problems = Problems::of(text);
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        problems.at(&error.span().unwrap_or_default(), error.message());
    }
    if !errors.is_empty() {
        // What a broken file seems to lack may only be unreadable.
        return Err(problems.into_found());
    }
    let mut file = Table::whole(&document);
    // The image belongs to the program that makes it, which checks it.
    file.tolerate("image");
    let service = service(file.table("service", &mut problems), &mut problems);
    let environments = environments(file.table("environments", &mut problems), &service, variables, &mut problems);
    let limits = limits(file.table("limits", &mut problems), &mut problems);
    let lock = lock(file.table("lock", &mut problems), &limits, &mut problems);
    let migrations = migrations(file.table("migrations", &mut problems), &mut problems);
    let preflight = preflight(file.table("preflight", &mut problems), &mut problems);
    file.end(&mut problems);
    if problems.none() {
        Ok(Settings { service, environments, limits, lock, migrations, preflight })
    } else {
        Err(problems.into_found())
    }
}

fn service(mut table: Table<'_, '_>, problems: &mut Problems<'_>) -> Service {
    let (name, span) = table.text("name", None, problems);
    name_of_aws("service.name", &name, &span, problems);
    let (container, span) = table.text("container", None, problems);
    name_of_aws("service.container", &container, &span, problems);
    let port = table.number("port", Some(8080), 1..65536, problems);
    let (region, span) = table.text("region", None, problems);
    let regional = region.split('-').count() >= 3
        && region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !region.is_empty() && !regional {
        problems.at(&span, format!("service.region = {region:?} is no region, as \"ap-northeast-1\" is"));
    }
    let (repository, span) = table.text("repository", None, problems);
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-' | b'/');
    if !repository.bytes().all(plain) {
        problems.at(&span, format!("service.repository = {repository:?}: give its name in the registry alone, in lower case, without host and tag"));
    }
    table.end(problems);
    Service { name, container, port: u16::try_from(port).unwrap_or_default(), region, repository }
}

fn environments(
    mut table: Table<'_, '_>,
    service: &Service,
    variables: &Variables,
    problems: &mut Problems<'_>,
) -> BTreeMap<Environment, EnvironmentSettings> {
    let mut environments = BTreeMap::new();
    for environment in Environment::ALL {
        let settings = table.table(environment.name(), problems);
        if settings.present() {
            environments.insert(environment, one(environment, settings, service, variables, problems));
        } else {
            problems.at(
                &table.span(),
                format!("[environments.{environment}] is missing: it needs a cluster and a base_url"),
            );
        }
    }
    table.end(problems);
    let [one, other] = Environment::ALL.map(|environment| environments.get(&environment));
    if let (Some(one), Some(other)) = (one, other)
        && (&one.cluster, &one.service) == (&other.cluster, &other.service)
        && !one.cluster.is_empty()
    {
        problems.elsewhere(format!(
            "staging and production are the same service {} in the same cluster {}: give each its own",
            one.service, one.cluster
        ));
    }
    environments
}

fn one(
    environment: Environment,
    mut table: Table<'_, '_>,
    service: &Service,
    variables: &Variables,
    problems: &mut Problems<'_>,
) -> EnvironmentSettings {
    let (cluster, span) = table.text("cluster", None, problems);
    name_of_aws(&table.path("cluster"), &cluster, &span, problems);
    let (name, span) = table.text("service", Some(&service.name), problems);
    name_of_aws(&table.path("service"), &name, &span, problems);
    let (strategy, span) = table.text("strategy", Some("rolling"), problems);
    if strategy != "rolling" {
        problems.at(&span, format!("{} = {strategy:?}: it is \"rolling\"", table.path("strategy")));
    }
    let (token_variable, span) = table.text("token_variable", Some(&variable(environment, "API_TOKEN")), problems);
    if !token_variable.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_')) {
        problems.at(
            &span,
            format!(
                "{}: give the name of a variable, in capitals, and never the token itself",
                table.path("token_variable")
            ),
        );
    }
    let settings = EnvironmentSettings {
        cluster,
        service: name,
        base_url: base_url(environment, &mut table, variables, problems),
        role: table.optional_text("role", problems),
        strategy: Strategy::Rolling,
        rollout: Rollout { bake: Duration::ZERO, pause_timeout: Duration::from_mins(30), test_url: None },
        watch: watch(),
        alarms: table.texts("alarms", &[], problems),
        token_variable,
        smoke: smoke(environment, table.table("smoke", problems), problems),
    };
    table.end(problems);
    settings
}

fn watch() -> WatchSettings {
    WatchSettings {
        error_rate: 0.01,
        latency_ratio: 1.2,
        latency_floor: Duration::from_millis(5),
        probe_paths: vec!["/health".to_owned()],
        probe_rate: 5,
        probe_timeout: Duration::from_secs(5),
        probes_before_users: 300,
        metrics: true,
        flows_every: Duration::from_mins(1),
        triggers: Trigger::ALL.to_vec(),
    }
}

fn variable(environment: Environment, what: &str) -> String {
    format!("SLIPWAY_{}_{what}", environment.name().to_uppercase())
}

fn base_url(
    environment: Environment,
    table: &mut Table<'_, '_>,
    variables: &Variables,
    problems: &mut Problems<'_>,
) -> Url {
    let name = variable(environment, "BASE_URL");
    let path = table.path("base_url");
    let overridden = variables.get(&name);
    let (text, span) = table.text("base_url", overridden, problems);
    let from_file = parse_base_url(&text);
    if let Some(text) = overridden {
        match parse_base_url(text) {
            Ok(url) => return url,
            Err(why) => problems.elsewhere(format!("the environment variable {name}: {why}")),
        }
    } else if let Err(why) = &from_file
        && !text.is_empty()
    {
        problems.at(&span, format!("{path}: {why}"));
    }
    from_file.unwrap_or_else(|_| nowhere())
}

/// A base URL is shown in reports, so it may hold no secret, and the text of one that does is not repeated.
fn parse_base_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("it is no URL ({error}): write \"https://HOST\""))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err("it is no address of a web service: write \"https://HOST\"".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err("leave out user, password, query and fragment".to_owned());
    }
    Ok(url)
}

/// What stands in for a URL that could not be read; the settings are refused, so nobody asks it.
fn nowhere() -> Url {
    Url::parse("http://invalid.invalid").unwrap_or_else(|_| unreachable!("it is a URL"))
}

fn smoke(environment: Environment, mut table: Table<'_, '_>, problems: &mut Problems<'_>) -> Smoke {
    let (retries, pause) = match environment {
        Environment::Staging => (3, Duration::from_secs(5)),
        Environment::Production => (5, Duration::from_secs(10)),
    };
    let smoke = Smoke {
        retries: table.number("retries", Some(retries), 0..101, problems),
        pause: table.duration("pause", pause, problems),
        timeout: table.duration("timeout", Duration::from_secs(5), problems),
        flows: table.flag("flows", true, problems),
    };
    table.end(problems);
    smoke
}

fn limits(mut table: Table<'_, '_>, problems: &mut Problems<'_>) -> Limits {
    let mut limit = |key, minutes: u64| table.duration(key, Duration::from_secs(minutes * MINUTE), problems);
    let limits = Limits {
        preflight: limit("preflight", 2),
        wait: limit("wait", 30),
        push: limit("push", 10),
        migration: limit("migration", 15),
        rollout: limit("rollout", 20),
        rollback: limit("rollback", 20),
        proof: limit("proof", 2),
        smoke: limit("smoke", 5),
    };
    table.end(problems);
    limits
}

fn lock(mut table: Table<'_, '_>, limits: &Limits, problems: &mut Problems<'_>) -> LockSettings {
    // A deployment that is within all its limits never loses its lock.
    let longest = limits.preflight
        + limits.push
        + limits.migration
        + limits.rollout
        + limits.rollback
        + limits.proof * 2
        + limits.smoke;
    let span = table.span();
    let expiry = table.duration("expiry", longest.max(Duration::from_secs(90 * MINUTE)), problems);
    if expiry < longest {
        problems.at(&span, format!(
            "lock.expiry is shorter than a deployment within its limits may last: make it at least \"{}m\", or the limits shorter",
            longest.as_secs().div_ceil(MINUTE)
        ));
    }
    table.end(problems);
    LockSettings { expiry }
}

fn migrations(mut table: Table<'_, '_>, problems: &mut Problems<'_>) -> Migrations {
    let run = table.flag("run", true, problems);
    let command = table.texts("command", &["migrate", "up"], problems);
    if run && command.is_empty() {
        problems.at(&table.span(), "migrations.command is empty: give it, or set migrations.run = false");
    }
    table.end(problems);
    Migrations { run, command }
}

fn preflight(mut table: Table<'_, '_>, problems: &mut Problems<'_>) -> Preflight {
    let preflight = Preflight { allow_unseen: table.flag("allow_unseen", false, problems) };
    table.end(problems);
    preflight
}

/// Names of clusters, services and containers, as ECS takes them.
fn name_of_aws(path: &str, name: &str, span: &Range<usize>, problems: &mut Problems<'_>) {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if name.len() > 255 || !name.bytes().all(allowed) {
        problems.at(span, format!("{path} = {name:?}: a name has letters, digits, `-` and `_`, 255 at most; no ARN"));
    }
}
