//! CloudWatch's metric alarms, as they are set. No metric is watched here: somebody sets their state.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

/// The state of an alarm that went off.
pub(crate) const ALARM: &str = "ALARM";

/// The alarms of an account.
#[derive(Debug, Default)]
pub(crate) struct Alarms(BTreeMap<String, Alarm>);

/// An alarm.
#[derive(Clone, Debug)]
pub(crate) struct Alarm {
    /// What it watches, as it was put.
    pub(crate) settings: Map<String, Value>,
    pub(crate) configured_at: Timestamp,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub(crate) state: String,
    pub(crate) reason: String,
    pub(crate) reason_data: Option<String>,
    pub(crate) updated_at: Timestamp,
    /// When the state was another one last.
    pub(crate) changed_at: Timestamp,
}

impl Alarms {
    /// Adds an alarm, or gives one other settings; its state stays.
    pub(crate) fn put(&mut self, name: &str, settings: Map<String, Value>, at: Timestamp) {
        let alarm = self.0.entry(name.to_owned()).or_insert_with(|| Alarm {
            settings: Map::new(),
            configured_at: at,
            state: "INSUFFICIENT_DATA".to_owned(),
            reason: "Unchecked: Initial alarm creation".to_owned(),
            reason_data: None,
            updated_at: at,
            changed_at: at,
        });
        alarm.settings = settings;
        alarm.configured_at = at;
    }

    /// Sets the state of an alarm; whether there is one of this name.
    pub(crate) fn set_state(
        &mut self,
        name: &str,
        state: &str,
        reason: &str,
        data: Option<String>,
        at: Timestamp,
    ) -> bool {
        let Some(alarm) = self.0.get_mut(name) else { return false };
        if alarm.state != state {
            alarm.changed_at = at;
        }
        state.clone_into(&mut alarm.state);
        reason.clone_into(&mut alarm.reason);
        alarm.reason_data = data;
        alarm.updated_at = at;
        true
    }

    /// Removes an alarm; whether it was there.
    pub(crate) fn remove(&mut self, name: &str) -> bool {
        self.0.remove(name).is_some()
    }

    /// The alarm of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Alarm> {
        self.0.get(name)
    }

    /// All of them, by name.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &Alarm)> {
        self.0.iter().map(|(name, alarm)| (name.as_str(), alarm))
    }
}
