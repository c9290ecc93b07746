//! How releases come in, in the history of a seed: every other one by a strategy of ECS's own, with watches
//! that are short and tolerant, since those take longest to play.

use crate::stage::{PRODUCTION, SETTINGS, STAGING};

/// Where releases come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Staging,
    /// Where what staging has verified may also be left on its way.
    Production,
}

impl Place {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }

    pub(crate) fn cluster(self) -> &'static str {
        match self {
            Self::Staging => STAGING,
            Self::Production => PRODUCTION,
        }
    }
}

/// How they come in there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    pub(crate) place: Place,
    /// The lines of the settings; none for a rolling update.
    pub(crate) strategy: Option<&'static str>,
    /// Whether there is a bake in which it can be left.
    pub(crate) bakes: bool,
}

const BLUE_GREEN: &str = "strategy = \"blue-green\"\nbake = \"1m\"";
/// One step: ECS's CANARY.
const CANARY: &str = "strategy = \"canary\"\nbake = \"1m\"\nsteps = [{ percent = 10, watch = \"6s\" }]";
/// Several: ECS's LINEAR.
const LADDER: &str =
    "strategy = \"canary\"\nsteps = [{ percent = 25, watch = \"6s\" }, { percent = 50, watch = \"6s\" }]";
const LINEAR: &str = "strategy = \"linear\"\nstep_percent = 40\nstep_watch = \"6s\"";
const LINEAR_WITH_A_BAKE: &str = "strategy = \"linear\"\nbake = \"1m\"\nstep_percent = 50\nstep_watch = \"6s\"";

impl Way {
    /// That of the history of this seed.
    pub(crate) fn of(seed: u64) -> Self {
        let way =
            |place, strategy: &'static str| Self { place, strategy: Some(strategy), bakes: strategy.contains("bake") };
        if (seed / 4).is_multiple_of(2) {
            return Self { place: Place::Staging, strategy: None, bakes: false };
        }
        match seed / 8 % 8 {
            0 => way(Place::Staging, BLUE_GREEN),
            1 => way(Place::Staging, CANARY),
            2 => way(Place::Staging, LADDER),
            3 => way(Place::Staging, LINEAR),
            4 => way(Place::Production, BLUE_GREEN),
            5 => way(Place::Production, CANARY),
            6 => way(Place::Production, LADDER),
            _ => way(Place::Production, LINEAR_WITH_A_BAKE),
        }
    }

    /// Whether users are shifted between two fleets.
    pub(crate) fn shifts(self) -> bool {
        self.strategy.is_some()
    }

    pub(crate) fn settings(self) -> String {
        let Some(strategy) = self.strategy else { return SETTINGS.to_owned() };
        let (name, url) = match self.place {
            Place::Staging => ("staging", "base_url = \"https://staging.example\""),
            Place::Production => ("production", "alarms = [\"errors\"]"),
        };
        let host = if self.place == Place::Staging { "test.staging.example" } else { "test.www.example" };
        let watch = format!("[environments.{name}.watch]\nerror_rate = 10\nprobe_rate = 20\nprobes_before_users = 100");
        SETTINGS.replace(url, &format!("{url}\n{strategy}\ntest_url = \"https://{host}\"\n{watch}"))
    }
}
