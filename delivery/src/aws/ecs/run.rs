//! One-off tasks.

use anyhow::{Context as _, bail};
use aws_sdk_ecs::types as sdk;
use thiserror::Error;

use super::{Service, Task, failed};
use crate::aws::Clients;

/// A task that is to run once, where the tasks of a service run.
#[derive(Clone, Debug)]
pub struct OneOff<'a> {
    /// The service whose cluster, network and kind of machine it gets.
    pub service: &'a Service,
    /// The ARN of its task definition.
    pub task_definition: &'a str,
    /// The container that gets the command.
    pub container: &'a str,
    /// What the image's entrypoint gets as its arguments.
    pub command: &'a [String],
    /// Whom it is listed under: at most 36 letters, digits, `-`, `_` and `/`.
    pub started_by: &'a str,
    /// The same token, the same task: at most 64 characters.
    pub token: &'a str,
}

/// ECS answered without a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("ECS answered without a task: its token may be one of a task that ECS has forgotten")]
pub struct NoTask;

impl Clients {
    /// Starts a task. Asked again with the same token, it gives the task that was started then.
    pub async fn run_task(&self, wish: &OneOff<'_>) -> anyhow::Result<Task> {
        let what = || format!("failed to run {} in {}", wish.task_definition, wish.service.cluster);
        let launch = &wish.service.launch;
        let container =
            sdk::ContainerOverride::builder().name(wish.container).set_command(Some(wish.command.to_vec())).build();
        let mut call = self
            .ecs
            .run_task()
            .cluster(&wish.service.cluster)
            .task_definition(wish.task_definition)
            .count(1)
            .overrides(sdk::TaskOverride::builder().container_overrides(container).build())
            .started_by(wish.started_by)
            .client_token(wish.token)
            .set_network_configuration(launch.network.clone())
            .set_platform_version(launch.platform_version.clone());
        // ECS takes one of the two.
        call = match &launch.capacity {
            Some(strategy) => call.set_capacity_provider_strategy(Some(strategy.clone())),
            None => call.set_launch_type(launch.kind.clone()),
        };
        let answer = call.send().await.map_err(failed).with_context(what)?;
        if let Some(failure) = answer.failures().first() {
            let detail = failure.detail().map(|detail| format!(" ({detail})")).unwrap_or_default();
            bail!("{}: {}{detail}", what(), failure.reason().unwrap_or("no reason"));
        }
        let task = answer.tasks().first().ok_or(NoTask).with_context(what)?;
        Task::of(task).with_context(what)
    }
}
