//! How a service is deployed, as its `deploymentConfiguration` says.

use serde_json::Value;

use super::blue_green::BlueGreen;

/// How a service is deployed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rules {
    /// The least share of healthy tasks, in percent.
    pub(crate) minimum: u32,
    /// The greatest share of tasks, in percent.
    pub(crate) maximum: u32,
    pub(crate) breaker: Option<Breaker>,
    pub(crate) alarms: Option<AlarmRule>,
    /// None for a rolling update.
    pub(crate) blue_green: Option<BlueGreen>,
    /// As it is given back.
    pub(crate) document: Value,
}

/// What fails a deployment whose tasks fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Breaker {
    pub(crate) rollback: bool,
    /// Whether a healthy task makes it forget earlier failures.
    pub(crate) resets: bool,
    pub(crate) threshold: Threshold,
}

/// How many tasks may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Threshold {
    /// Percent of the desired count, from 3 to 200 tasks.
    Bounded(u32),
    /// Percent of the desired count.
    Unbounded(u32),
    /// Tasks.
    Count(u32),
}

impl Threshold {
    /// The number of failures that fails a deployment of so many tasks.
    pub(crate) fn of(self, desired: u32) -> u32 {
        let share = |percent: u32| desired.saturating_mul(percent).div_ceil(100);
        match self {
            Self::Bounded(percent) => share(percent).clamp(3, 200),
            Self::Unbounded(percent) => share(percent).max(1),
            Self::Count(count) => count.max(1),
        }
    }
}

/// The alarms that fail a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AlarmRule {
    pub(crate) names: Vec<String>,
    pub(crate) rollback: bool,
}
