//! `[environments.NAME]`: where each is, and how releases come in there.

use std::collections::BTreeMap;
use std::time::Duration;

use url::Url;

use super::check::name_of_aws;
use super::progressive::progressive;
use super::reader::{Problems, Table};
use super::watch::watch;
use super::{EnvironmentSettings, Service, Smoke};
use crate::edge::Variables;
use crate::environment::Environment;

pub(super) fn environments(
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
    let watch = watch(table.table("watch", problems), problems);
    let (strategy, rollout) = progressive(environment, &mut table, &watch, variables, problems);
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
        strategy,
        rollout,
        watch,
        alarms: table.texts("alarms", &[], problems),
        token_variable,
        smoke: smoke(environment, table.table("smoke", problems), problems),
    };
    table.end(problems);
    settings
}

pub(super) fn variable(environment: Environment, what: &str) -> String {
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
    let from_file = parse_url(&text);
    if let Some(text) = overridden {
        match parse_url(text) {
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
pub(super) fn parse_url(text: &str) -> Result<Url, String> {
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
