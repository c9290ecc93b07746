//! How releases come in: the strategy, with what ECS can express of it.

use std::time::Duration;

use url::Url;

use super::environments::{parse_url, variable};
use super::reader::{Problems, Table};
use super::{Rollout, Rung, Strategy, WatchSettings};
use crate::edge::Variables;
use crate::environment::Environment;
use crate::strategy::{Percent, closest_ladder, time};

const MINUTE: Duration = Duration::from_mins(1);
/// The longest bake of ECS, and the longest that [a stage of its deployments][stages] may last. A pause may
/// be set to wait longer, which nothing here leans on.
///
/// [stages]: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-blue-green.html
const DAY: Duration = Duration::from_hours(24);
/// So much longer than the longest hold a pause may last when nobody says how long: an engine that was
/// killed can be started again within it.
const SPARE: Duration = Duration::from_mins(10);
/// How long a step is watched when nobody says how long.
const WATCH: Duration = Duration::from_mins(15);
/// The keys that belong to a strategy alone.
const OWN: [(&str, &str); 3] = [("steps", "canary"), ("step_percent", "linear"), ("step_watch", "linear")];

/// The strategy of an environment, and what goes with it.
pub(super) fn progressive(
    environment: Environment,
    table: &mut Table<'_, '_>,
    watch: &WatchSettings,
    variables: &Variables,
    problems: &mut Problems<'_>,
) -> (Strategy, Rollout) {
    let (name, span) = table.text("strategy", Some("rolling"), problems);
    let strategy = match name.as_str() {
        "rolling" => Strategy::Rolling,
        "blue-green" => Strategy::BlueGreen,
        "canary" => Strategy::Canary { steps: ladder(table, problems) },
        "linear" => Strategy::Linear {
            step: table.percent("step_percent", 30..=1000, problems).unwrap_or(100),
            watch: table.pause("step_watch", WATCH, problems),
        },
        _ => {
            let path = table.path("strategy");
            problems
                .at(&span, format!("{path} = {name:?}: it is \"rolling\", \"blue-green\", \"canary\" or \"linear\""));
            Strategy::Rolling
        }
    };
    for (key, owner) in OWN.into_iter().filter(|(_, owner)| *owner != strategy.name()) {
        if let Some(span) = table.span_of(key) {
            let path = table.path(key);
            problems
                .at(&span, format!("{path} belongs to the strategy \"{owner}\", and this is \"{}\"", strategy.name()));
        }
        table.tolerate(key);
    }
    let rolling = strategy == Strategy::Rolling;
    let longest = longest_watch(&strategy, watch);
    let pause_timeout = pause_timeout(&strategy, longest, table, problems);
    let (bake, bake_timeout) = bake(&strategy, pause_timeout.saturating_sub(longest), table, problems);
    let rollout = Rollout {
        bake,
        pause_timeout,
        bake_timeout,
        test_url: test_url(environment, rolling, table, variables, problems),
    };
    (strategy, rollout)
}

/// The steps below 100 %, which is written last or not at all.
fn ladder(table: &mut Table<'_, '_>, problems: &mut Problems<'_>) -> Vec<Rung> {
    let (path, span) = (table.path("steps"), table.span_of("steps").unwrap_or_else(|| table.span()));
    let Some(tables) = table.tables("steps", problems) else {
        return vec![Rung { share: 50, watch: WATCH }, Rung { share: 500, watch: WATCH }];
    };
    let mut steps: Vec<Rung> = Vec::new();
    let mut whole = false;
    for mut step in tables {
        let span = step.span();
        if step.span_of("percent").is_none() {
            problems.at(&span, format!("{} is missing", step.path("percent")));
        }
        let share = step.percent("percent", 1..=1000, problems);
        if whole {
            problems.at(&span, format!("{path}: nothing comes after 100 %"));
        }
        if share == Some(1000) {
            whole = true;
            if let Some(span) = step.span_of("watch") {
                let hint = "all of the traffic is watched for as long as `bake` says: leave `watch` out";
                problems.at(&span, format!("{}: {hint}", step.path("watch")));
            }
            step.tolerate("watch");
            step.end(problems);
            continue;
        }
        let watch = step.pause("watch", WATCH, problems);
        if let Some(share) = share {
            if steps.last().is_some_and(|before| before.share >= share) {
                problems.at(&span, format!("{path}: each step is a greater share than the one before"));
            }
            steps.push(Rung { share, watch });
        }
        step.end(problems);
    }
    let shares: Vec<u32> = steps.iter().map(|step| step.share).collect();
    if steps.is_empty() && problems.none() {
        problems.at(&span, format!("{path} has no step below 100 %: that is the strategy \"blue-green\""));
    } else if let Some(closest) = closest_ladder(&shares) {
        let words: Vec<String> = closest.iter().map(|share| Percent(*share).to_string()).collect();
        problems.at(&span, format!(
            "{path}: ECS goes in equal steps of at least 3 %, and these have no common divisor of that size; {} have, and \
             a single step below 100 % may be any",
            words.join(", "),
        ));
    }
    steps
}

/// How long it bakes, and how long ECS waits for an answer at the end of that: as much longer as it does at
/// every pause, which has to fit into what a stage may last.
fn bake(
    strategy: &Strategy,
    spare: Duration,
    table: &mut Table<'_, '_>,
    problems: &mut Problems<'_>,
) -> (Duration, Duration) {
    let default = if *strategy == Strategy::BlueGreen { Duration::from_hours(1) } else { Duration::ZERO };
    let bake = table.pause("bake", default, problems);
    let span = table.span_of("bake").unwrap_or_else(|| table.span());
    let path = table.path("bake");
    if *strategy == Strategy::Rolling {
        if bake > DAY {
            problems.at(&span, format!("{path} is at most \"24h\""));
        }
        return (bake, Duration::ZERO);
    }
    let most = DAY.saturating_sub(spare.min(SPARE));
    if bake > most {
        let minutes = most.as_secs() / 60;
        problems.at(&span, format!(
            "{path} is at most \"{minutes}m\": ECS takes back what bakes at a pause when nobody has answered {} after its \
             end, and waits 24 hours at the most",
            time(spare.min(SPARE))
        ));
    }
    (bake, (bake + spare).min(DAY))
}

/// The longest watch at a pause that is not the bake.
fn longest_watch(strategy: &Strategy, watch: &WatchSettings) -> Duration {
    let holds = strategy.holds().into_iter().map(|hold| hold.watch);
    holds.max().unwrap_or_default().max(watch.before_users_at_most())
}

fn pause_timeout(
    strategy: &Strategy,
    longest: Duration,
    table: &mut Table<'_, '_>,
    problems: &mut Problems<'_>,
) -> Duration {
    let timeout = table.duration("pause_timeout", (longest + SPARE).min(DAY), problems);
    let path = table.path("pause_timeout");
    let span = table.span_of("pause_timeout").unwrap_or_else(|| table.span());
    if timeout > DAY {
        problems.at(&span, format!("{path} is at most \"24h\""));
    }
    if *strategy != Strategy::Rolling && timeout < longest + MINUTE {
        let least = (longest + MINUTE).as_secs().div_ceil(60);
        problems.at(&span, format!(
            "{path} has to outlast the longest watch at a pause, {} s: make it at least \"{least}m\", and the watch short \
             enough for the 24 hours that ECS waits at the most",
            longest.as_secs()
        ));
    }
    timeout
}

/// Where the candidate is reached before users reach it.
fn test_url(
    environment: Environment,
    rolling: bool,
    table: &mut Table<'_, '_>,
    variables: &Variables,
    problems: &mut Problems<'_>,
) -> Option<Url> {
    let name = variable(environment, "TEST_URL");
    let (path, span) = (table.path("test_url"), table.span_of("test_url").unwrap_or_else(|| table.span()));
    let written = table.optional_text("test_url", problems);
    let (text, from_variable) = match (variables.get(&name), written) {
        (Some(text), _) => (text.to_owned(), true),
        (None, Some(text)) => (text, false),
        (None, None) => {
            if !rolling {
                problems.at(&span, format!(
                    "{path} is missing: give the address of the test listener, at which the new release is asked before \
                     users reach it, there or in {name}"
                ));
            }
            return None;
        }
    };
    match parse_url(&text) {
        Ok(url) => Some(url),
        Err(why) if from_variable => {
            problems.elsewhere(format!("the environment variable {name}: {why}"));
            None
        }
        Err(why) => {
            problems.at(&span, format!("{path}: {why}"));
            None
        }
    }
}
