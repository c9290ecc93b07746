//! What an account holds besides ECS: a field for each service.

use jiff::Timestamp;

/// The state of every service but ECS, one field each.
#[derive(Debug, Default)]
pub(crate) struct Account {}

/// Where a container's output goes, as its `awslogs` configuration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogTarget {
    /// The log group.
    pub(crate) group: String,
    /// `prefix/container/task`.
    pub(crate) stream: String,
}

/// What the scheduler of ECS asks the other services.
impl Account {
    /// The digest that a tag (or a digest) of a repository leads to now.
    #[expect(clippy::unused_self, reason = "the registry comes with its own model")]
    pub(crate) fn image(&self, _repository: &str, reference: &str) -> Option<String> {
        reference.starts_with("sha256:").then(|| reference.to_owned())
    }

    /// The value behind `secrets[].valueFrom`, or what ECS says after `ResourceInitializationError: `.
    #[expect(clippy::unused_self, reason = "the parameters come with their own model")]
    pub(crate) fn secret(&self, value_from: &str) -> Result<String, String> {
        Err(format!("unable to pull secrets or registry auth: {value_from} is not known"))
    }

    /// Writes a line of a task.
    #[expect(clippy::unused_self, reason = "the logs come with their own model")]
    pub(crate) fn log(&mut self, _target: &LogTarget, _now: Timestamp, _line: &str) {}

    /// Whether an alarm is in the state ALARM.
    #[expect(clippy::unused_self, reason = "the alarms come with their own model")]
    pub(crate) fn in_alarm(&self, _alarm: &str) -> bool {
        false
    }
}
