//! What an account holds besides ECS: a field for each service.

use jiff::Timestamp;

use crate::alarms::{ALARM, Alarms};
use crate::clock::Scale;
use crate::logs::Logs;
use crate::metrics::Metrics;
use crate::model::Identity;
use crate::parameters::Parameters;
use crate::registry::Registry;
use crate::roles::Roles;
use crate::secrets::Secrets;

/// The state of every service but ECS, one field each.
#[derive(Debug)]
pub(crate) struct Account {
    /// ECR.
    pub(crate) registry: Registry,
    /// The Parameter Store.
    pub(crate) parameters: Parameters,
    /// Secrets Manager.
    pub(crate) secrets: Secrets,
    /// CloudWatch Logs.
    pub(crate) logs: Logs,
    /// CloudWatch.
    pub(crate) alarms: Alarms,
    /// What load balancers told CloudWatch.
    pub(crate) metrics: Metrics,
    /// IAM and STS.
    pub(crate) roles: Roles,
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
    pub(crate) fn new(identity: &Identity, scale: Scale) -> Self {
        let Identity { account, region, registry_host } = identity;
        Self {
            registry: Registry::new(account, region, registry_host),
            parameters: Parameters::default(),
            secrets: Secrets::default(),
            logs: Logs::default(),
            alarms: Alarms::default(),
            metrics: Metrics::new(scale),
            roles: Roles::default(),
        }
    }

    /// The value behind `secrets[].valueFrom`, or what ECS says after `ResourceInitializationError: `.
    pub(crate) fn secret(&self, value_from: &str) -> Result<String, String> {
        let failed = "unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve";
        let retried = "service call has been retried 1 time(s)";
        if value_from.starts_with("arn:") && value_from.split(':').nth(2) == Some("secretsmanager") {
            let value = self.secrets.value_from(value_from);
            return value.map_err(|error| format!("{failed} secret from asm: {retried}: {error}"));
        }
        match self.parameters.find(value_from) {
            Ok(found) => Ok(found.version.value.clone()),
            Err(_) => Err(format!("{failed} secrets from ssm: {retried}: invalid ssm parameters: {value_from}")),
        }
    }

    /// Writes a line of a task.
    pub(crate) fn log(&mut self, target: &LogTarget, now: Timestamp, line: &str) {
        self.logs.write(&target.group, &target.stream, now, line);
    }

    /// Whether an alarm is in the state ALARM.
    pub(crate) fn in_alarm(&self, alarm: &str) -> bool {
        self.alarms.get(alarm).is_some_and(|alarm| alarm.state == ALARM)
    }
}
