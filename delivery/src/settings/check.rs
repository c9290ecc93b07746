//! From text and variables to settings, or to every mistake at once.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use toml::de::DeTable;

use super::environments::environments;
use super::reader::{Problems, Table};
use super::{EnvironmentSettings, Limits, LockSettings, Migrations, Preflight, Problem, Service, Settings};
use crate::edge::Variables;
use crate::environment::Environment;

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
    let lock = lock(file.table("lock", &mut problems), &limits, &environments, &mut problems);
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

fn lock(
    mut table: Table<'_, '_>,
    limits: &Limits,
    environments: &BTreeMap<Environment, EnvironmentSettings>,
    problems: &mut Problems<'_>,
) -> LockSettings {
    // A deployment that is within all its limits never loses its lock.
    let watched = environments.values().map(EnvironmentSettings::watched_at_most).max().unwrap_or_default();
    let longest = watched
        + limits.preflight
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
    // How long a migration may keep others waiting is measured before it merges, by `prove`, which checks it.
    table.tolerate("longest_stall");
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
pub(super) fn name_of_aws(path: &str, name: &str, span: &Range<usize>, problems: &mut Problems<'_>) {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if name.len() > 255 || !name.bytes().all(allowed) {
        problems.at(span, format!("{path} = {name:?}: a name has letters, digits, `-` and `_`, 255 at most; no ARN"));
    }
}
