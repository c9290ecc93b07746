//! ECS: services, their deployments and revisions, tasks and their definitions, in the engine's own
//! words.
//!
//! A [`Refusal`] is in the error whenever ECS answered that it would not.

mod configured;
mod definition;
mod deployment;
mod difference;
mod pause;
mod revision;
mod run;
mod service;
mod task;

use aws_sdk_ecs::config::http::HttpResponse;
use aws_sdk_ecs::error::SdkError;
use aws_smithy_types::DateTime;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use jiff::Timestamp;

use super::signed::Refusal;

pub use configured::{Bakes, Configured};
pub use definition::{LogPlace, TaskDefinition};
pub use deployment::{DeploymentStatus, ServiceDeployment};
pub use pause::{Answer, Pause, Weights};
pub use revision::{RevisionImage, ServiceRevision};
pub use run::{NoTask, OneOff};
pub use service::{Balanced, Deployment, Service, ServiceEvent};
pub use task::{Container, DesiredStatus, Task};

/// What went wrong, as a [`Refusal`] when ECS answered.
fn failed<E>(error: SdkError<E, HttpResponse>) -> anyhow::Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match error.as_service_error() {
        Some(refused) => {
            let code = refused.code().unwrap_or("an error without a code").to_owned();
            Refusal { code, message: refused.message().unwrap_or_default().to_owned() }.into()
        }
        None => error.into(),
    }
}

/// A time of ECS's, to the nanosecond.
fn time(at: Option<&DateTime>) -> Option<Timestamp> {
    let at = at?;
    Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).ok()?).ok()
}

/// The last part of an ARN.
fn last_part(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
