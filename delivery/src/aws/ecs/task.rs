//! Tasks.

use anyhow::{Context as _, bail};
use aws_sdk_ecs::types as sdk;
use jiff::Timestamp;

use super::{failed, last_part, revision, time};
use crate::aws::Clients;
use crate::release::Digest;

/// How many tasks ECS describes at once.
const AT_ONCE: usize = 100;

/// Whether tasks are to run. ECS remembers stopped ones for about an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DesiredStatus {
    /// They are to run, and most of them do.
    Running,
    /// They are to stop, or did.
    Stopped,
}

/// A task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its ARN.
    pub arn: String,
    /// The ARN of its task definition.
    pub task_definition: String,
    /// `ecs-svc/N` for a task of a service.
    pub started_by: Option<String>,
    /// `RUNNING`, `STOPPED` and everything between, in ECS's words.
    pub last_status: String,
    /// `RUNNING` or `STOPPED`.
    pub desired_status: String,
    /// What its own health checks say, when there are any.
    pub health: Option<String>,
    /// Who or what stopped it: `EssentialContainerExited`, `TaskFailedToStart` and the like.
    pub stop_code: Option<String>,
    /// Why, in ECS's words.
    pub stopped_reason: Option<String>,
    /// Its containers.
    pub containers: Vec<Container>,
    /// When it was asked for.
    pub created_at: Option<Timestamp>,
    /// When it was over.
    pub stopped_at: Option<Timestamp>,
}

/// A container of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Its name in the task definition.
    pub name: String,
    /// How its process ended; none when it never ran or still does.
    pub exit_code: Option<i32>,
    /// What ECS says of its end, `OutOfMemoryError` for one.
    pub reason: Option<String>,
    /// The digest of the image that it runs.
    pub digest: Option<Digest>,
}

impl Task {
    /// The last part of the ARN, which people and log streams know it by.
    #[must_use]
    pub fn id(&self) -> &str {
        last_part(&self.arn)
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.last_status == "STOPPED"
    }

    /// A container by its name.
    #[must_use]
    pub fn container(&self, name: &str) -> Option<&Container> {
        self.containers.iter().find(|container| container.name == name)
    }

    pub(super) fn of(task: &sdk::Task) -> anyhow::Result<Self> {
        let container = |container: &sdk::Container| Container {
            name: container.name().unwrap_or_default().to_owned(),
            exit_code: container.exit_code(),
            reason: container.reason().map(str::to_owned),
            digest: revision::digest(container.image_digest(), container.image()),
        };
        Ok(Self {
            arn: task.task_arn().context("ECS described a task without an ARN")?.to_owned(),
            task_definition: task.task_definition_arn().unwrap_or_default().to_owned(),
            started_by: task.started_by().map(str::to_owned),
            last_status: task.last_status().unwrap_or("UNKNOWN").to_owned(),
            desired_status: task.desired_status().unwrap_or("UNKNOWN").to_owned(),
            health: task.health_status().map(|health| health.as_str().to_owned()),
            stop_code: task.stop_code().map(|code| code.as_str().to_owned()),
            stopped_reason: task.stopped_reason().map(str::to_owned),
            containers: task.containers().iter().map(container).collect(),
            created_at: time(task.created_at()),
            stopped_at: time(task.stopped_at()),
        })
    }
}

impl DesiredStatus {
    fn sdk(self) -> sdk::DesiredStatus {
        match self {
            Self::Running => sdk::DesiredStatus::Running,
            Self::Stopped => sdk::DesiredStatus::Stopped,
        }
    }
}

impl Clients {
    /// The tasks of a service that are to run, or those that are not.
    pub async fn tasks(&self, cluster: &str, service: &str, desired: DesiredStatus) -> anyhow::Result<Vec<Task>> {
        let what = || format!("failed to list the tasks of the service {service} of {cluster}");
        let call = self.ecs.list_tasks().cluster(cluster).service_name(service).desired_status(desired.sdk());
        let arns = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        self.tasks_of(cluster, &arns.map_err(failed).with_context(what)?).await
    }

    /// A task, or none when ECS does not know it: not yet, or no longer.
    pub async fn task(&self, cluster: &str, arn: &str) -> anyhow::Result<Option<Task>> {
        Ok(self.tasks_of(cluster, &[arn.to_owned()]).await?.pop())
    }

    /// The tasks that somebody started under this name, running and stopped, the newest first.
    pub async fn tasks_started_by(&self, cluster: &str, started_by: &str) -> anyhow::Result<Vec<Task>> {
        let what = || format!("failed to list the tasks of {cluster} that were started by {started_by}");
        let mut arns = Vec::new();
        for desired in [DesiredStatus::Running, DesiredStatus::Stopped] {
            let call = self.ecs.list_tasks().cluster(cluster).started_by(started_by).desired_status(desired.sdk());
            let found = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
            arns.extend(found.map_err(failed).with_context(what)?);
        }
        // One that stopped between the two lists is in both.
        arns.sort();
        arns.dedup();
        let mut tasks = self.tasks_of(cluster, &arns).await?;
        tasks.sort_by(|one, other| other.created_at.cmp(&one.created_at).then_with(|| one.arn.cmp(&other.arn)));
        Ok(tasks)
    }

    async fn tasks_of(&self, cluster: &str, arns: &[String]) -> anyhow::Result<Vec<Task>> {
        let mut tasks = Vec::with_capacity(arns.len());
        for some in arns.chunks(AT_ONCE) {
            let what = || format!("failed to describe tasks of {cluster}");
            let call = self.ecs.describe_tasks().cluster(cluster).set_tasks(Some(some.to_vec()));
            let answer = call.send().await.map_err(failed).with_context(what)?;
            let mut grave = answer.failures().iter().filter(|failure| failure.reason() != Some("MISSING"));
            if let Some(failure) = grave.next() {
                bail!("{}: {}", what(), failure.reason().unwrap_or("no reason"));
            }
            for task in answer.tasks() {
                tasks.push(Task::of(task).with_context(what)?);
            }
        }
        Ok(tasks)
    }
}
