//! What an account holds besides ECS: a field for each service.

use jiff::Timestamp;

use crate::model::Identity;
use crate::registry::Registry;

/// The state of every service but ECS, one field each.
#[derive(Debug)]
pub(crate) struct Account {
    /// ECR.
    pub(crate) registry: Registry,
}

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
    pub(crate) fn new(identity: &Identity) -> Self {
        let Identity { account, region, registry_host } = identity;
        Self { registry: Registry::new(account, region, registry_host) }
    }

    /// The digest that a tag (or a digest) of a repository leads to now.
    pub(crate) fn image(&self, repository: &str, reference: &str) -> Option<String> {
        let repository = self.registry.repository(repository)?;
        repository.find(reference).map(|(digest, _)| digest.to_string())
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
