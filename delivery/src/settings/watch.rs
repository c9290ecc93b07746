//! `[environments.NAME.watch]`: what is watched while a release comes in, and what it is held to.

use std::time::Duration;

use super::WatchSettings;
use super::reader::{Problems, Table};
use crate::verdict::Trigger;

/// The key of a trigger in the file.
fn key(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::ErrorRate => "error_rate",
        Trigger::Latency => "latency",
        Trigger::Flow => "flow",
        Trigger::Tasks => "tasks",
        Trigger::Alarm => "alarm",
        Trigger::Readiness => "readiness",
        Trigger::Figures => "figures",
    }
}

pub(super) fn watch(mut table: Table<'_, '_>, problems: &mut Problems<'_>) -> WatchSettings {
    let error_rate = table.percent("error_rate", 1..=500, problems).unwrap_or(10);
    let latency = table.percent("latency", 10..=10_000, problems).unwrap_or(200);
    let cache_hits = table.percent("cache_hits", 1..=1000, problems).unwrap_or(500);
    let settings = WatchSettings {
        error_rate: f64::from(error_rate) / 1000.0,
        latency_ratio: 1.0 + f64::from(latency) / 1000.0,
        latency_floor: table.pause("latency_floor", Duration::from_millis(5), problems),
        probe_paths: paths(&mut table, problems),
        probe_rate: table.number("probe_rate", Some(5), 1..1001, problems),
        probe_timeout: table.duration("probe_timeout", Duration::from_secs(5), problems),
        probes_before_users: table.number("probes_before_users", Some(300), 1..100_001, problems),
        metrics: table.flag("metrics", true, problems),
        worker_lag: table.duration("worker_lag", Duration::from_secs(10), problems),
        cache_hits: f64::from(cache_hits) / 1000.0,
        cache_lookups: table.number("cache_lookups", Some(10_000), 1..1_000_000_001, problems),
        flows_every: table.duration("flows_every", Duration::from_mins(1), problems),
        triggers: triggers(table.table("triggers", problems), problems),
    };
    table.end(problems);
    settings
}

fn paths(table: &mut Table<'_, '_>, problems: &mut Problems<'_>) -> Vec<String> {
    let span = table.span_of("probe_paths").unwrap_or_else(|| table.span());
    let paths = table.texts("probe_paths", &["/health"], problems);
    if paths.is_empty() || paths.iter().any(|path| !path.starts_with('/')) {
        problems.at(&span, format!("{}: give at least one path, each with its slash", table.path("probe_paths")));
    }
    paths
}

fn triggers(mut table: Table<'_, '_>, problems: &mut Problems<'_>) -> Vec<Trigger> {
    let on = Trigger::ALL.into_iter().filter(|trigger| table.flag(key(*trigger), true, problems)).collect();
    table.end(problems);
    on
}
