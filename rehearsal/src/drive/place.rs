//! The two environments, and a look at what is in them.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde_json::json;

use super::ask::{Question, ask};
use crate::Cloud;
use crate::registry::Repository;
use crate::serve::stage::{ECS, call};
use crate::snapshot::{HookView, ServiceView, Snapshot, TaskView};

/// An environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Staging,
    Production,
}

impl Place {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::Staging, Self::Production];

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }

    /// The name of its cluster.
    pub(crate) fn cluster(self) -> &'static str {
        match self {
            Self::Staging => "myapp-staging-cluster",
            Self::Production => "myapp-cluster",
        }
    }

    /// The environment of a cluster.
    pub(crate) fn of_cluster(cluster: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|place| place.cluster() == cluster)
    }
}

/// The service's name in both environments.
pub(crate) const SERVICE: &str = "myapp-api";

/// The repository of its images.
pub(crate) const REPOSITORY: &str = "myapp";

/// What can be seen from outside.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) cloud: Cloud,
    pub(crate) urls: BTreeMap<Place, String>,
}

impl View {
    /// The service of an environment.
    pub(crate) fn service(&self, place: Place) -> anyhow::Result<ServiceView> {
        let services = self.cloud.snapshot().services;
        let found = services.into_iter().find(|service| service.cluster == place.cluster() && service.name == SERVICE);
        found.with_context(|| format!("{} has no service {SERVICE}", place.cluster()))
    }

    /// The share of users, in percent, that the last service deployment there has brought over; none
    /// when it is a rolling update.
    pub(crate) fn share(&self, place: Place) -> Option<f64> {
        let last = self.service(place).ok()?.service_deployments.into_iter().next()?;
        last.shift.map(|shift| shift.production_weight)
    }

    /// The pause at which the last service deployment there waits for an answer, if it does.
    pub(crate) fn pause(&self, place: Place) -> Option<HookView> {
        let last = self.service(place).ok()?.service_deployments.into_iter().next()?;
        last.shift?.hooks.into_iter().find(|hook| hook.status == "AWAITING_ACTION")
    }

    /// How the last service deployment there stands.
    pub(crate) fn status(&self, place: Place) -> Option<String> {
        self.service(place).ok()?.service_deployments.into_iter().next().map(|last| last.status)
    }

    /// The share of users, in percent, that a digest has; of a rolling update, that of its tasks.
    pub(crate) fn share_of(&self, place: Place, digest: &str) -> f64 {
        let Ok(service) = self.service(place) else { return 0.0 };
        let Some(last) = service.service_deployments.iter().find(|last| last.digest.as_deref() == Some(digest)) else {
            return 0.0;
        };
        if let Some(shift) = &last.shift {
            return shift.production_weight;
        }
        let running = |deployment: &crate::snapshot::DeploymentView| f64::from(deployment.running);
        let all: f64 = service.deployments.iter().map(running).sum();
        let ours = service.deployments.iter().filter(|deployment| deployment.digest.as_deref() == Some(digest));
        100.0 * ours.map(running).sum::<f64>() / all.max(1.0)
    }

    /// Sets an alarm of CloudWatch, which is made when it is not there.
    pub(crate) async fn set_alarm(&self, name: &str, state: &str) -> anyhow::Result<()> {
        const CLOUDWATCH: &str = "GraniteServiceVersion20100801";
        // Of a metric that nobody sends, so that nothing but this sets it.
        let alarm = json!({
            "AlarmName": name, "Namespace": "Rehearsal", "MetricName": "Orders", "Statistic": "Sum", "Period": 60,
            "EvaluationPeriods": 1, "ComparisonOperator": "LessThanThreshold", "Threshold": 1.0,
        });
        call(&self.cloud, CLOUDWATCH, "PutMetricAlarm", &alarm).await?;
        let set = json!({ "AlarmName": name, "StateValue": state, "StateReason": "the rehearsal says so" });
        call(&self.cloud, CLOUDWATCH, "SetAlarmState", &set).await?;
        Ok(())
    }

    /// Where users reach the service of an environment.
    pub(crate) fn url(&self, place: Place) -> anyhow::Result<&str> {
        self.urls.get(&place).map(String::as_str).with_context(|| format!("{} has no address", place.name()))
    }

    /// Stops the migration that runs in an environment, as the end of the machine below it would.
    pub(crate) async fn stop_migration(&self, place: Place) -> anyhow::Result<()> {
        let tasks = self.cloud.snapshot().tasks.into_iter();
        let mut running =
            tasks.filter(|task| task.cluster == place.cluster() && is_migration(task) && task.last_status == "RUNNING");
        let task = running.next_back().with_context(|| format!("no migration runs in {}", place.name()))?;
        let stop = json!({ "cluster": place.cluster(), "task": task.arn, "reason": "the machine below it is gone" });
        call(&self.cloud, ECS, "StopTask", &stop).await?;
        Ok(())
    }

    /// The repository.
    pub(crate) fn repository(&self) -> anyhow::Result<Repository> {
        self.cloud.registry().repository(REPOSITORY).with_context(|| format!("there is no repository {REPOSITORY}"))
    }

    /// The commit that the service of an environment says it is, asked as a user would.
    pub(crate) async fn commit(&self, place: Place) -> anyhow::Result<String> {
        let health = ask(self.url(place)?, &Question::get("/health")).await?;
        let commit = health["commit"].as_str().with_context(|| format!("{health} names no commit"))?;
        Ok(commit.to_owned())
    }
}

/// Whether a task of a snapshot is a migration.
pub(crate) fn is_migration(task: &TaskView) -> bool {
    task.service.is_none()
        && task.command.as_deref().is_some_and(|command| command.iter().any(|word| word == "migrate"))
}

/// The migrations that were begun in an environment, ever.
pub(crate) fn migrations(snapshot: &Snapshot, place: Place) -> usize {
    snapshot.tasks.iter().filter(|task| task.cluster == place.cluster() && is_migration(task)).count()
}
