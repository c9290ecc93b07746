//! Pauses of a service deployment, how they are answered, and where traffic goes meanwhile.

use anyhow::Context as _;
use aws_sdk_ecs::types as sdk;
use jiff::Timestamp;

use super::{failed, time};
use crate::aws::Clients;

/// A pause at which ECS waits for an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// ECS's id of it, another one at every pause.
    pub id: String,
    /// When ECS waits no longer.
    pub expires_at: Option<Timestamp>,
}

/// Where traffic goes during a service deployment, in percent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Weights {
    /// Users' traffic on the revision that comes in.
    pub production: f64,
    /// Test traffic on it.
    pub test: f64,
    /// Users' traffic on what served before.
    pub former: f64,
}

/// What a pause is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Go on.
    Continue,
    /// Take it back.
    RollBack,
}

/// The pauses that wait for an answer.
pub(super) fn awaiting(deployment: &sdk::ServiceDeployment) -> Option<Pause> {
    let waits = |detail: &&sdk::DeploymentLifecycleHookDetail| {
        detail.status() == Some(&sdk::DeploymentLifecycleHookStatus::AwaitingAction)
    };
    let hook = deployment.lifecycle_hook_details().iter().find(waits)?;
    Some(Pause { id: hook.hook_id()?.to_owned(), expires_at: time(hook.expires_at()) })
}

/// Where traffic goes.
pub(super) fn weights(deployment: &sdk::ServiceDeployment) -> Weights {
    let target = deployment.target_service_revision();
    let sources = deployment.source_service_revisions().iter();
    Weights {
        production: target
            .and_then(aws_sdk_ecs::types::ServiceRevisionSummary::requested_production_traffic_weight)
            .unwrap_or_default(),
        test: target
            .and_then(aws_sdk_ecs::types::ServiceRevisionSummary::requested_test_traffic_weight)
            .unwrap_or_default(),
        former: sources
            .filter_map(aws_sdk_ecs::types::ServiceRevisionSummary::requested_production_traffic_weight)
            .sum(),
    }
}

impl Clients {
    /// Answers a pause. It can be answered once: what was answered already is refused, so look again
    /// before asking again.
    pub async fn continue_service_deployment(&self, arn: &str, pause: &str, answer: Answer) -> anyhow::Result<()> {
        let action = match answer {
            Answer::Continue => sdk::DeploymentLifecycleHookAction::Continue,
            Answer::RollBack => sdk::DeploymentLifecycleHookAction::Rollback,
        };
        let call = self.ecs.continue_service_deployment().service_deployment_arn(arn).hook_id(pause).action(action);
        call.send().await.map_err(failed).with_context(|| format!("failed to answer the pause {pause} of {arn}"))?;
        Ok(())
    }
}
