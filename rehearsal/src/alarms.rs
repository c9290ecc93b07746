//! CloudWatch's metric alarms. Those that watch a metric of this cloud's load balancers change their
//! state by themselves; all others have the state that somebody set.

mod judge;
mod watch;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

/// The state of an alarm that went off.
pub(crate) const ALARM: &str = "ALARM";

/// The state of an alarm whose metric is within its threshold.
const OK: &str = "OK";

/// The state of an alarm that does not know.
const INSUFFICIENT_DATA: &str = "INSUFFICIENT_DATA";

/// The alarms of an account.
#[derive(Debug, Default)]
pub(crate) struct Alarms {
    alarms: BTreeMap<String, Alarm>,
    /// When those that watch a metric are judged next.
    due: Option<Timestamp>,
}

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
        let alarm = self.alarms.entry(name.to_owned()).or_insert_with(|| Alarm {
            settings: Map::new(),
            configured_at: at,
            state: INSUFFICIENT_DATA.to_owned(),
            reason: "Unchecked: Initial alarm creation".to_owned(),
            reason_data: None,
            updated_at: at,
            changed_at: at,
        });
        alarm.settings = settings;
        alarm.configured_at = at;
    }

    /// Sets the state of an alarm, until it is judged the next time; whether there is one of this name.
    pub(crate) fn set_state(
        &mut self,
        name: &str,
        state: &str,
        reason: &str,
        data: Option<String>,
        at: Timestamp,
    ) -> bool {
        let Some(alarm) = self.alarms.get_mut(name) else { return false };
        alarm.turn(state, reason, data, at);
        true
    }

    /// Removes an alarm; whether it was there.
    pub(crate) fn remove(&mut self, name: &str) -> bool {
        self.alarms.remove(name).is_some()
    }

    /// The alarm of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Alarm> {
        self.alarms.get(name)
    }

    /// All of them, by name.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &Alarm)> {
        self.alarms.iter().map(|(name, alarm)| (name.as_str(), alarm))
    }
}

impl Alarm {
    fn turn(&mut self, state: &str, reason: &str, data: Option<String>, at: Timestamp) {
        if self.state != state {
            self.changed_at = at;
        }
        state.clone_into(&mut self.state);
        reason.clone_into(&mut self.reason);
        self.reason_data = data;
        self.updated_at = at;
    }
}
