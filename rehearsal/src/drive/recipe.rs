//! How production is deployed to in a story: `delivery.toml` as it is checked in, with another strategy
//! and with times that fit a rehearsal.
//!
//! What the engine waits for by itself passes in real time, so it is made short here; what ECS waits
//! for is shortened by the cloud's scale.

use std::time::Duration;

use anyhow::Context as _;
use toml::{Table, Value, toml};

/// How long a share of users is watched: on a machine that does all of this at once some 500 answers of
/// each release now and then leave open whether its p95 is worse.
pub(crate) const RUNG: Duration = Duration::from_secs(8);

/// For how long ECS waits at a pause, in minutes of the cloud's.
const PATIENCE: u32 = 20;

/// The same where an engine dies at one: the engine ends a watch half a minute, which passes as it is,
/// before ECS waits no longer, so that this leaves it its watch and not much more.
const LITTLE_PATIENCE: u32 = 7;

/// The alarm that production has.
pub(crate) const ALARM: &str = "myapp-production-orders";

/// How production is delivered to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Recipe {
    pub(crate) strategy: Strategy,
    /// For how long ECS waits at a pause, in minutes of the cloud's.
    pub(crate) patience: u32,
}

impl Recipe {
    /// By a strategy, and an engine that lives.
    pub(crate) fn of(strategy: Strategy) -> Self {
        Self { strategy, patience: PATIENCE }
    }

    /// The same by an engine that is going to die at a pause.
    pub(crate) fn impatient(strategy: Strategy) -> Self {
        Self { strategy, patience: LITTLE_PATIENCE }
    }
}

/// How a release comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strategy {
    Rolling,
    BlueGreen,
    Canary,
    Linear,
}

impl Strategy {
    /// The word in the settings.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Rolling => "rolling",
            Self::BlueGreen => "blue-green",
            Self::Canary => "canary",
            Self::Linear => "linear",
        }
    }

    /// The shares of users, in percent, at which a good release is held for [`RUNG`] at least.
    pub(crate) fn holds(self) -> &'static [f64] {
        match self {
            Self::Rolling | Self::BlueGreen => &[],
            Self::Canary => &[5.0, 50.0],
            Self::Linear => &[25.0, 50.0, 75.0],
        }
    }

    /// What the settings say of it, beside what they say of the environment.
    fn keys(self, patience: u32) -> Table {
        let mut keys = match self {
            Self::Rolling => return toml! { bake = "8s" },
            Self::BlueGreen => Table::new(),
            // The default ladder, its times apart.
            Self::Canary => toml! { steps = [{ percent = 5, watch = "8s" }, { percent = 50, watch = "8s" }] },
            Self::Linear => toml! {
                step_percent = 25
                step_watch = "8s"
            },
        };
        // ECS keeps the old release for a minute, which the cloud shortens to one tenth.
        keys.extend(toml! { bake = "5s" });
        keys.insert("pause_timeout".to_owned(), format!("{patience}m").into());
        keys
    }
}

/// The settings of this text with production deployed to by this recipe.
pub(crate) fn settings(text: &str, recipe: Recipe) -> anyhow::Result<String> {
    let Recipe { strategy, patience } = recipe;
    let mut settings: Table = text.parse().context("delivery.toml is no TOML")?;
    let production = settings
        .get_mut("environments")
        .and_then(|environments| environments.get_mut("production"))
        .and_then(Value::as_table_mut)
        .context("delivery.toml has no [environments.production]")?;
    for other in ["steps", "step_percent", "step_watch", "bake", "pause_timeout"] {
        production.remove(other);
    }
    production.insert("strategy".to_owned(), strategy.word().into());
    production.extend(strategy.keys(patience));
    if let Some(smoke) = production.get_mut("smoke").and_then(Value::as_table_mut) {
        smoke.insert("pause".to_owned(), "1s".into());
    }
    // Enough probes for a verdict within a watch of some seconds.
    production.insert(
        "watch".to_owned(),
        Value::Table(toml! {
            probe_rate = 80
            probe_timeout = "2s"
            flows_every = "2s"
        }),
    );
    production.insert("alarms".to_owned(), Value::Array(vec![ALARM.into()]));
    toml::to_string(&settings).context("failed to write the settings")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
[environments.staging]
strategy = "rolling"
[environments.production]
cluster = "myapp-cluster"
strategy = "linear"
step_percent = 10
alarms = []
[environments.production.smoke]
retries = 5
"#;

    #[test]
    fn production_gets_the_strategy_and_all_else_stays() {
        for (strategy, word, step) in [
            (Strategy::Rolling, "rolling", None),
            (Strategy::BlueGreen, "blue-green", None),
            (Strategy::Canary, "canary", None),
            (Strategy::Linear, "linear", Some(25)),
        ] {
            let made: Table = settings(FILE, Recipe::of(strategy)).expect("settings").parse().expect("TOML");
            let production = &made["environments"]["production"];
            assert_eq!(production["strategy"].as_str(), Some(word));
            assert_eq!(production.get("step_percent").and_then(Value::as_integer), step, "{word}");
            assert_eq!(production["cluster"].as_str(), Some("myapp-cluster"));
            assert_eq!(production["smoke"]["retries"].as_integer(), Some(5));
            assert_eq!(production["smoke"]["pause"].as_str(), Some("1s"));
            let patient = production.get("pause_timeout").and_then(Value::as_str);
            assert_eq!(patient, (strategy != Strategy::Rolling).then_some("20m"), "{word}");
            assert_eq!(production["alarms"][0].as_str(), Some(ALARM));
            assert_eq!(made["environments"]["staging"]["strategy"].as_str(), Some("rolling"));
        }
    }

    #[test]
    fn settings_without_production_are_refused_with_what_is_missing() {
        let error = settings("[environments.staging]", Recipe::of(Strategy::Canary)).expect_err("refusal").to_string();
        assert!(error.contains("[environments.production]"), "{error}");
    }
}
