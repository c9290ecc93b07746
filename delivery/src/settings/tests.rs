//! Reading the settings: what is accepted, with its defaults, and what is refused, with what to do.

use super::*;
use crate::strategy::{Percent, Shift};

const FILE: &str = r#"
[service]
name = "myapp-api"
container = "app"
region = "ap-northeast-1"
repository = "myapp"
[environments.staging]
cluster = "staging"
base_url = "https://staging.example"
[environments.production]
cluster = "production"
base_url = "https://www.example"
"#;

/// The file with this at the end, which is in `[environments.production]`.
fn with(lines: &str) -> String {
    format!("{FILE}{lines}\n")
}

#[track_caller]
fn production(lines: &str) -> EnvironmentSettings {
    let settings = Settings::parse(&with(lines), &Variables::default());
    settings.unwrap_or_else(|problems| panic!("{lines}: {problems:?}")).environment(Environment::Production).clone()
}

#[track_caller]
fn refused(lines: &str, expected: &[&str]) {
    let problems = Settings::parse(&with(lines), &Variables::default()).expect_err(lines);
    let text: Vec<String> = problems.iter().map(ToString::to_string).collect();
    for expected in expected {
        assert!(text.iter().any(|problem| problem.contains(expected)), "{expected:?} of {text:#?}");
    }
    assert_eq!(problems.len(), expected.len(), "{text:#?}");
}

fn progressive(strategy: &str, lines: &str) -> String {
    format!("strategy = \"{strategy}\"\ntest_url = \"https://test.example\"\n{lines}\n[lock]\nexpiry = \"48h\"")
}

#[test]
fn the_settings_of_this_repository_can_be_read() {
    let text = include_str!("../../../delivery.toml");
    let settings = Settings::parse(text, &Variables::default()).expect("they are good");
    let [staging, production] = Environment::ALL.map(|environment| settings.environment(environment).clone());
    // What the file explains is what it is without.
    assert_eq!(staging.watch, production.watch);
    assert_eq!((staging.strategy, staging.rollout), (production.strategy, production.rollout));
}

#[test]
fn what_the_comments_of_the_repository_s_settings_show_is_true() {
    let text = include_str!("../../../delivery.toml");
    let shown = |key: &str| {
        let line = text.lines().find(|line| line.starts_with(&format!("#   {key} = "))).expect(key);
        line.trim_start_matches("#   ").to_owned()
    };
    let canary = production(&progressive("canary", &shown("steps")));
    assert_eq!(canary.strategy, production(&progressive("canary", "")).strategy);
    assert_eq!(canary.rollout.pause_timeout, Duration::from_mins(25));
    let linear = production(&progressive("linear", &format!("{}\n{}", shown("step_percent"), shown("step_watch"))));
    assert_eq!(linear.strategy, production(&progressive("linear", "")).strategy);
    let bake = production(&progressive("blue-green", &shown("bake"))).rollout.bake;
    assert_eq!(bake, production(&progressive("blue-green", "")).rollout.bake);
    let timeout = production(&progressive("canary", &shown("pause_timeout"))).rollout.pause_timeout;
    assert_eq!(timeout, canary.rollout.pause_timeout);
}

#[test]
fn each_strategy_has_its_defaults() {
    let rolling = production("");
    assert_eq!((&rolling.strategy, rolling.rollout.bake), (&Strategy::Rolling, Duration::ZERO));
    assert_eq!(rolling.watched(), Duration::ZERO);
    let blue_green = production(&progressive("blue-green", ""));
    assert_eq!(blue_green.rollout.bake, Duration::from_hours(1));
    let short = production(&progressive("blue-green", "bake = \"90s\""));
    assert_eq!(short.rollout.bake, Duration::from_secs(90), "ECS is told the two minutes that hold it");
    let second_look = Duration::from_secs(200);
    assert_eq!(blue_green.rollout.pause_timeout, Duration::from_mins(10) + second_look, "it takes more probes to tell");
    assert_eq!(blue_green.watched(), Duration::from_mins(61));
    assert_eq!(blue_green.rollout.bake_timeout, Duration::from_mins(70), "as much longer as every pause");
    let canary = production(&progressive("canary", ""));
    assert_eq!(canary.strategy.shift(), Some(Shift::Linear(Percent(50))));
    assert_eq!(canary.strategy.ladder(), "5 % for 15 min, 50 % for 15 min, 100 %");
    assert_eq!((canary.rollout.bake, canary.watched()), (Duration::ZERO, Duration::from_mins(31)));
    let linear = production(&progressive("linear", ""));
    assert_eq!(linear.strategy, Strategy::Linear { step: 100, watch: Duration::from_mins(15) });
}

#[test]
fn ecs_waits_as_much_longer_for_a_bake_as_for_a_watch_and_a_day_at_the_most() {
    for (lines, bake, timeout) in [
        ("bake = \"2m\"", 2, 12),
        ("bake = \"2m\"\npause_timeout = \"16m\"", 2, 3),
        ("bake = \"1430m\"", 1430, 1440),
        ("bake = \"1430m\"\npause_timeout = \"24h\"", 1430, 1440),
        ("bake = \"1439m\"\npause_timeout = \"16m\"", 1439, 1440),
    ] {
        let rollout = production(&progressive("canary", lines)).rollout;
        let expected = (Duration::from_mins(bake), Duration::from_mins(timeout));
        assert_eq!((rollout.bake, rollout.bake_timeout), expected, "{lines}");
    }
}

#[test]
fn a_ladder_may_end_with_the_whole_or_leave_it_out() {
    let steps = |text: &str| production(&progressive("canary", &format!("steps = {text}"))).strategy;
    let short = r#"{ percent = 5, watch = "15m" }, { percent = 50, watch = "15m" }"#;
    assert_eq!(steps(&format!("[{short}]")), steps(&format!("[{short}, {{ percent = 100 }}]")));
    let Strategy::Canary { steps } = steps(r#"[{ percent = 0.5, watch = "0s" }]"#) else { panic!("it is one") };
    assert_eq!(steps, [Rung { share: 5, watch: Duration::ZERO }]);
}

#[test]
fn what_ecs_cannot_express_is_refused_with_what_can() {
    let ladder = |steps: &str| progressive("canary", &format!("steps = {steps}"));
    for (lines, expected) in [
        (ladder("[{ percent = 1 }, { percent = 50 }]"), "no common divisor of that size; 3 %, 51 % have"),
        (ladder("[{ percent = 0.05 }]"), "steps[0].percent is no percentage from 0.1 % to 100 % in steps of 0.1"),
        (ladder("[{ percent = 50 }, { percent = 5 }]"), "a greater share than the one before"),
        (ladder("[{ percent = 100 }]"), "that is the strategy \"blue-green\""),
        (ladder("[]"), "that is the strategy \"blue-green\""),
        (ladder(r#"[{ percent = 5 }, { percent = 100, watch = "1h" }]"#), "for as long as `bake` says"),
        (ladder("[{ percent = 5 }, { percent = 100 }, { percent = 50 }]"), "nothing comes after 100 %"),
        (ladder(r#"[{ percent = 5, wait = "1m" }]"#), "nobody knows the key environments.production.steps[0].wait"),
        (ladder(r#"[{ watch = "1m" }]"#), "steps[0].percent is missing"),
        (ladder("5"), "is no list of tables"),
        (progressive("linear", "step_percent = 2"), "no percentage from 3 % to 100 %"),
        (progressive("linear", "step_percent = 12.55"), "no percentage from 3 % to 100 %"),
        (progressive("linear", "steps = []"), "steps belongs to the strategy \"canary\", and this is \"linear\""),
        (progressive("blue-green", "step_percent = 10"), "belongs to the strategy \"linear\""),
        (progressive("blue-green", "bake = \"24h\""), "bake is at most \"1430m\""),
        (progressive("blue-green", "bake = \"1431m\""), "nobody has answered 10 min after its end"),
        (progressive("canary", "bake = \"24h\"\npause_timeout = \"20m\""), "bake is at most \"1435m\""),
        ("bake = \"25h\"\n[lock]\nexpiry = \"48h\"".to_owned(), "bake is at most \"24h\""),
        (progressive("canary", "pause_timeout = \"15m\""), "make it at least \"16m\""),
        (progressive("canary", "pause_timeout = \"25h\""), "pause_timeout is at most \"24h\""),
        (progressive("big-bang", ""), "it is \"rolling\", \"blue-green\", \"canary\" or \"linear\""),
        ("strategy = \"blue-green\"".to_owned(), "test_url is missing"),
        ("strategy = \"rolling\"\nsteps = []".to_owned(), "belongs to the strategy \"canary\""),
    ] {
        refused(&lines, &[expected]);
    }
}

#[test]
fn the_test_listeners_address_comes_from_the_file_or_from_a_variable() {
    let file = with("strategy = \"canary\"");
    let read =
        |value: &'static str| Settings::parse(&file, &Variables::from_iter([("SLIPWAY_PRODUCTION_TEST_URL", value)]));
    let url =
        read("http://127.0.0.1:9000").expect("good").environment(Environment::Production).rollout.test_url.clone();
    assert_eq!(url.map(|url| url.to_string()).as_deref(), Some("http://127.0.0.1:9000/"));
    let problems = read("http://user:hunter2@host").expect_err("it holds a secret");
    assert!(problems[0].what.contains("SLIPWAY_PRODUCTION_TEST_URL"), "{problems:?}");
    assert!(!problems[0].what.contains("hunter2"), "{problems:?}");
}

#[test]
fn what_is_watched_is_set_in_the_units_that_people_use() {
    let watch = production(
        r#"
[environments.production.watch]
error_rate = 0.5
latency = 50
latency_floor = "0s"
probe_paths = ["/", "/health"]
probe_rate = 20
flows_every = "30s"
metrics = false
worker_lag = "30s"
cache_hits = 80
cache_lookups = 500
[environments.production.watch.triggers]
latency = false
"#,
    )
    .watch;
    assert!((watch.error_rate - 0.005).abs() < 1e-12 && (watch.latency_ratio - 1.5).abs() < 1e-12, "{watch:?}");
    assert_eq!((watch.latency_floor, watch.probe_rate, watch.metrics), (Duration::ZERO, 20, false));
    assert_eq!((watch.worker_lag, watch.cache_lookups), (Duration::from_secs(30), 500));
    assert!((watch.cache_hits - 0.8).abs() < 1e-12, "{watch:?}");
    assert_eq!(watch.before_users(), Duration::from_secs(15));
    assert!(!watch.triggers.contains(&Trigger::Latency) && watch.triggers.contains(&Trigger::ErrorRate));
    refused(
        "[environments.production.watch]\nerror_rate = 60\nprobe_paths = [\"health\"]\nprobes = 1",
        &[
            "error_rate is no percentage from 0.1 % to 50 %",
            "at least one path, each with its slash",
            "nobody knows the key environments.production.watch.probes",
        ],
    );
    refused("[environments.production.watch.triggers]\nmoon = true", &["nobody knows the key"]);
}

#[test]
fn the_lock_outlasts_what_is_watched() {
    let canary = "strategy = \"canary\"\ntest_url = \"https://test.example\"";
    let settings = Settings::parse(&with(canary), &Variables::default()).expect("good");
    assert_eq!(settings.lock.expiry, Duration::from_secs(200) + Duration::from_mins(30 + 76));
    refused(&format!("{canary}\n[lock]\nexpiry = \"90m\""), &["make it at least \"110m\""]);
}
