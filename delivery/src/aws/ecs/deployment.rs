//! Service deployments: attempts of ECS to roll a revision out.

use std::fmt;

use anyhow::{Context as _, bail};
use aws_sdk_ecs::types as sdk;
use aws_smithy_types::DateTime;
use jiff::Timestamp;

use super::pause::{self, Pause, Weights};
use super::{failed, last_part, time};
use crate::aws::Clients;

/// How many service deployments ECS describes at once.
const AT_ONCE: usize = 20;
/// How many it lists at once.
const PAGE: i32 = 100;

/// A service deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceDeployment {
    /// Its ARN.
    pub arn: String,
    /// How it stands.
    pub status: DeploymentStatus,
    /// Why.
    pub reason: Option<String>,
    /// The ARN of the service revision that it brings in.
    pub target_revision: String,
    /// The ARNs of the service revisions that had tasks when it began; none at the first deployment.
    pub source_revisions: Vec<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When ECS began.
    pub started_at: Option<Timestamp>,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
    /// The ARN of the service revision that it went back to, when it did.
    pub back_to: Option<String>,
    /// How many failures the circuit breaker has counted, and at how many it trips.
    pub failures: Option<(i32, i32)>,
    /// The alarms at which ECS rolls it back.
    pub triggered_alarms: Vec<String>,
    /// The lifecycle stage, in ECS's word.
    pub stage: Option<String>,
    /// The pause that waits for an answer.
    pub pause: Option<Pause>,
    /// Where traffic goes.
    pub weights: Weights,
}

/// How a service deployment stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeploymentStatus {
    /// Not begun.
    Pending,
    /// Going on.
    InProgress,
    /// The new revision is in.
    Successful,
    /// It is being stopped where it is.
    StopRequested,
    /// It was stopped where it was; a newer one does that too.
    Stopped,
    /// It failed or somebody asked for the way back.
    RollbackRequested,
    /// On the way back.
    RollbackInProgress,
    /// Back.
    RollbackSuccessful,
    /// Neither there nor back.
    RollbackFailed,
    /// A word that ECS did not have when this was written.
    Unknown(String),
}

impl DeploymentStatus {
    /// Whether tasks may still change because of it. A word that nobody knows counts as that.
    #[must_use]
    pub fn is_in_flight(&self) -> bool {
        !self.is_over()
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Successful | Self::Stopped | Self::RollbackSuccessful | Self::RollbackFailed)
    }

    /// Whether it is on its way back, or came back, or could not.
    #[must_use]
    pub fn is_rollback(&self) -> bool {
        matches!(
            self,
            Self::RollbackRequested | Self::RollbackInProgress | Self::RollbackSuccessful | Self::RollbackFailed
        )
    }

    /// ECS's word for it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Pending => "PENDING",
            Self::InProgress => "IN_PROGRESS",
            Self::Successful => "SUCCESSFUL",
            Self::StopRequested => "STOP_REQUESTED",
            Self::Stopped => "STOPPED",
            Self::RollbackRequested => "ROLLBACK_REQUESTED",
            Self::RollbackInProgress => "ROLLBACK_IN_PROGRESS",
            Self::RollbackSuccessful => "ROLLBACK_SUCCESSFUL",
            Self::RollbackFailed => "ROLLBACK_FAILED",
            Self::Unknown(word) => word,
        }
    }

    /// The status that ECS's word stands for.
    #[must_use]
    pub fn of(word: &str) -> Self {
        match word {
            "PENDING" => Self::Pending,
            "IN_PROGRESS" => Self::InProgress,
            "SUCCESSFUL" => Self::Successful,
            "STOP_REQUESTED" => Self::StopRequested,
            "STOPPED" => Self::Stopped,
            "ROLLBACK_REQUESTED" => Self::RollbackRequested,
            "ROLLBACK_IN_PROGRESS" => Self::RollbackInProgress,
            "ROLLBACK_SUCCESSFUL" => Self::RollbackSuccessful,
            "ROLLBACK_FAILED" => Self::RollbackFailed,
            _ => Self::Unknown(word.to_owned()),
        }
    }
}

impl fmt::Display for DeploymentStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl ServiceDeployment {
    /// Whether it brings in the revision of this entry of a service's deployments, `ecs-svc/N`.
    #[must_use]
    pub fn is_of(&self, deployment_id: &str) -> bool {
        last_part(&self.target_revision) == last_part(deployment_id)
    }

    /// The ARN of the service revision that serves because of it, once it is over: the one that it was for,
    /// or the one that it went back to. None when it ended in between.
    #[must_use]
    pub fn brought_in(&self) -> Option<&str> {
        match self.status {
            DeploymentStatus::Successful => Some(&self.target_revision),
            DeploymentStatus::RollbackSuccessful => self.back_to.as_deref(),
            _ => None,
        }
    }

    /// The id that its revision has in a service's deployments, and its tasks were started by.
    #[must_use]
    pub fn deployment_id(&self) -> String {
        format!("ecs-svc/{}", last_part(&self.target_revision))
    }

    /// The same of the revision that serves because of it, once it is over.
    #[must_use]
    pub fn serving_id(&self) -> String {
        format!("ecs-svc/{}", last_part(self.brought_in().unwrap_or(&self.target_revision)))
    }

    fn of(deployment: &sdk::ServiceDeployment) -> anyhow::Result<Self> {
        let arn = deployment.service_deployment_arn().context("ECS described a service deployment without an ARN")?;
        let target = deployment.target_service_revision().and_then(|revision| revision.arn());
        let sources = deployment.source_service_revisions().iter();
        let breaker = deployment.deployment_circuit_breaker();
        let alarms = deployment.alarms().map(|alarms| alarms.triggered_alarm_names().to_vec());
        Ok(Self {
            arn: arn.to_owned(),
            status: DeploymentStatus::of(deployment.status().map_or("UNKNOWN", |status| status.as_str())),
            reason: deployment.status_reason().map(str::to_owned).filter(|reason| !reason.is_empty()),
            target_revision: target.unwrap_or_default().to_owned(),
            source_revisions: sources.filter_map(|revision| revision.arn().map(str::to_owned)).collect(),
            created_at: time(deployment.created_at()).unwrap_or_default(),
            started_at: time(deployment.started_at()),
            finished_at: time(deployment.finished_at()).or_else(|| time(deployment.stopped_at())),
            back_to: deployment.rollback().and_then(|back| back.service_revision_arn().map(str::to_owned)),
            failures: breaker.map(|breaker| (breaker.failure_count(), breaker.threshold())),
            triggered_alarms: alarms.unwrap_or_default(),
            stage: deployment.lifecycle_stage().map(|stage| stage.as_str().to_owned()),
            pause: pause::awaiting(deployment),
            weights: pause::weights(deployment),
        })
    }
}

impl Clients {
    /// The service deployments of the last 90 days, or those that were asked for after a time; the
    /// newest first.
    pub async fn service_deployments(
        &self,
        cluster: &str,
        service: &str,
        created_after: Option<Timestamp>,
    ) -> anyhow::Result<Vec<ServiceDeployment>> {
        let what = || format!("failed to list the deployments of the service {service} of {cluster}");
        let after =
            created_after.map(|at| sdk::CreatedAt::builder().after(DateTime::from_millis(at.as_millisecond())).build());
        let mut arns = Vec::new();
        let mut page = None;
        loop {
            let call = self.ecs.list_service_deployments().cluster(cluster).service(service).max_results(PAGE);
            let call = call.set_created_at(after.clone()).set_next_token(page);
            let answer = call.send().await.map_err(failed).with_context(what)?;
            let found = answer.service_deployments().iter();
            arns.extend(found.filter_map(|brief| brief.service_deployment_arn().map(str::to_owned)));
            page = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
            if page.is_none() {
                break;
            }
        }
        let mut found = Vec::with_capacity(arns.len());
        for some in arns.chunks(AT_ONCE) {
            found.extend(self.described(some).await?);
        }
        found.sort_by(|one, other| other.created_at.cmp(&one.created_at).then_with(|| other.arn.cmp(&one.arn)));
        Ok(found)
    }

    /// A service deployment, which must be there.
    pub async fn service_deployment(&self, arn: &str) -> anyhow::Result<ServiceDeployment> {
        let found = self.described(&[arn.to_owned()]).await?.pop();
        found.with_context(|| format!("ECS does not know the service deployment {arn}"))
    }

    async fn described(&self, arns: &[String]) -> anyhow::Result<Vec<ServiceDeployment>> {
        let what = || format!("failed to describe the service deployment {}", arns.join(" and "));
        let call = self.ecs.describe_service_deployments().set_service_deployment_arns(Some(arns.to_vec()));
        let answer = call.send().await.map_err(failed).with_context(what)?;
        // One that has grown too old between the list and this is no matter.
        let mut grave = answer.failures().iter().filter(|failure| failure.reason() != Some("MISSING"));
        if let Some(failure) = grave.next() {
            bail!("{}: {}", what(), failure.reason().unwrap_or("no reason"));
        }
        answer.service_deployments().iter().map(ServiceDeployment::of).collect()
    }

    /// Asks ECS to take a service deployment back to what served before.
    pub async fn stop_service_deployment(&self, arn: &str) -> anyhow::Result<()> {
        let call = self.ecs.stop_service_deployment().service_deployment_arn(arn);
        let answer = call.stop_type(sdk::StopServiceDeploymentStopType::Rollback).send().await;
        answer.map_err(failed).with_context(|| format!("failed to ask for the rollback of {arn}"))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_keeps_ecss_word_and_knows_whether_it_is_over() {
        for (word, over, rollback) in [
            ("PENDING", false, false),
            ("IN_PROGRESS", false, false),
            ("SUCCESSFUL", true, false),
            ("STOP_REQUESTED", false, false),
            ("STOPPED", true, false),
            ("ROLLBACK_REQUESTED", false, true),
            ("ROLLBACK_IN_PROGRESS", false, true),
            ("ROLLBACK_SUCCESSFUL", true, true),
            ("ROLLBACK_FAILED", true, true),
            ("HIBERNATING", false, false),
        ] {
            let status = DeploymentStatus::of(word);
            assert_eq!(status.to_string(), word);
            assert_eq!(
                (status.is_over(), status.is_in_flight(), status.is_rollback()),
                (over, !over, rollback),
                "{word}"
            );
        }
    }
}
