//! From a wish to a task, from a task to a launch, and the way out again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::definition::{Definition, pairs, words};
use super::due::{DEPROVISIONING, PROVISIONING};
use super::name;
use super::task::{Phase, Stop, StopCode, Task};
use crate::TargetState;
use crate::faults::Candidate;
use crate::model::{Command, State};
use crate::world::Launch;

/// How much longer than its stop timeout a runtime may take to tell a task's end, in seconds.
const RUNTIME_LIMIT: u64 = 60;

/// What a task is made from.
#[derive(Debug)]
pub(super) struct Wish<'a> {
    pub(super) cluster: &'a str,
    /// The place of the service and the number of its deployment.
    pub(super) service: Option<(usize, u64)>,
    pub(super) group: String,
    pub(super) started_by: Option<String>,
    pub(super) definition: &'a Definition,
    pub(super) digest: Option<String>,
    pub(super) overrides: Value,
    pub(super) launch_type: String,
    pub(super) tags: Vec<Value>,
}

impl State {
    /// Makes a task; its place.
    pub(super) fn create_task(&mut self, wish: Wish<'_>, now: Timestamp) -> usize {
        let id = self.ids.hex();
        let arn = name::arn(&self.identity, &format!("task/{}/{id}", wish.cluster));
        let container = wish.definition.container();
        let command = words(&wish.overrides["containerOverrides"][0]["command"]);
        self.ecs.tasks.push(Task {
            arn,
            cluster: wish.cluster.to_owned(),
            service: wish.service.map(|(service, _)| service),
            deployment: wish.service.map(|(_, deployment)| deployment),
            group: wish.group,
            started_by: wish.started_by,
            definition: wish.definition.arn.clone(),
            launch_type: wish.launch_type,
            tags: wish.tags,
            container: container.name().to_owned(),
            image: container.image().to_owned(),
            digest: wish.digest,
            command: command.or_else(|| container.words("command")),
            log: container.log_target(&id),
            stop_timeout: self.scale.seconds(container.stop_timeout()),
            overrides: wish.overrides,
            phase: Phase::Provisioning,
            due: Some(now + self.scale.seconds(PROVISIONING)),
            in_runtime: false,
            healthy_since: None,
            settled: false,
            was_settled: false,
            container_health: None,
            address: None,
            stop: None,
            exit_code: None,
            container_reason: None,
            created_at: now,
            started_at: None,
            stopping_at: None,
            execution_stopped_at: None,
            stopped_at: None,
            version: 1,
        });
        self.ecs.tasks.len() - 1
    }

    /// Looks everything up that a task needs, and has it started.
    pub(super) fn launch(&mut self, place: usize, now: Timestamp) {
        match self.prepare(place) {
            Ok(launch) => {
                let task = &mut self.ecs.tasks[place];
                task.digest = Some(launch.digest.clone());
                task.in_runtime = true;
                task.enter(Phase::Pending, now, None);
                self.commands.push(Command::Start(Box::new(launch)));
            }
            Err(reason) => self.cannot_start(place, reason, now),
        }
    }

    fn prepare(&mut self, place: usize) -> Result<Launch, String> {
        let task = &self.ecs.tasks[place];
        let definition = self.ecs.definitions.find(&task.definition);
        let definition = definition.ok_or("ResourceInitializationError: the task definition is gone")?;
        let container = definition.container();
        let mut environment: BTreeMap<String, String> = container.environment().collect();
        for (name, from) in container.secrets() {
            let value = self.account.secret(&from).map_err(|why| format!("ResourceInitializationError: {why}"))?;
            environment.insert(name, value);
        }
        environment.extend(pairs(&task.overrides["containerOverrides"][0]["environment"], "value"));
        // The digest is the revision's, but the image may be gone by now.
        let image = match &task.digest {
            Some(digest) => pinned(&task.image, digest),
            None => task.image.clone(),
        };
        let pulled = self.account.registry.resolve(&image)?;
        let digest = pulled.digest.to_string();
        let revision = task.service.zip(task.deployment);
        let revision = revision.and_then(|(service, number)| self.ecs.services[service].revision(number));
        let candidate =
            Candidate { deployment: task.deployment, task_definition: &task.definition, digest: digest.as_str() };
        let fault = self.faults.task(candidate);
        Ok(Launch {
            task: task.arn.clone(),
            service: task.service.map(|service| self.ecs.services[service].name.clone()),
            task_definition: task.definition.clone(),
            container: task.container.clone(),
            repository: pulled.repository,
            digest,
            entry_point: container.words("entryPoint"),
            command: task.command.clone(),
            environment,
            port: revision.and_then(super::service::Revision::port),
            stop_timeout: task.stop_timeout,
            fault,
        })
    }

    /// Ends a task that never ran.
    pub(super) fn cannot_start(&mut self, place: usize, reason: String, now: Timestamp) {
        let task = &mut self.ecs.tasks[place];
        task.container_reason = reason.starts_with("Cannot").then(|| reason.clone());
        self.is_gone(place, Stop { code: StopCode::FailedToStart, reason }, now);
    }

    /// Takes note that a task's container is gone, or never came: for this reason, unless it was
    /// asked to stop for another.
    pub(super) fn is_gone(&mut self, place: usize, stop: Stop, now: Timestamp) {
        let deprovisioning = self.scale.seconds(DEPROVISIONING);
        let task = &mut self.ecs.tasks[place];
        let was_wanted = task.is_wanted();
        task.in_runtime = false;
        task.stop.get_or_insert(stop);
        task.stopping_at.get_or_insert(now);
        task.execution_stopped_at = Some(now);
        task.enter(Phase::Deprovisioning, now, Some(deprovisioning));
        let arn = task.arn.clone();
        self.targets.remove(&arn);
        if was_wanted {
            self.note_loss(place, now);
        }
    }

    /// Asks a task to end: out of its target groups first, then the container.
    pub(super) fn stop_task(&mut self, place: usize, stop: Stop, now: Timestamp) {
        let task = &mut self.ecs.tasks[place];
        if !task.is_wanted() {
            return;
        }
        task.stop = Some(stop);
        task.stopping_at = Some(now);
        let arn = task.arn.clone();
        let in_groups = self.targets.all().iter().filter(|group| group.targets.iter().any(|target| target.task == arn));
        match in_groups.map(|group| group.deregistration_delay).max() {
            Some(delay) => {
                self.targets.set_state(&arn, TargetState::Draining);
                self.ecs.tasks[place].enter(Phase::Deactivating, now, Some(delay));
            }
            None => self.end_container(place, now),
        }
    }

    /// Has the container of a task stopped, if it has one.
    pub(super) fn end_container(&mut self, place: usize, now: Timestamp) {
        let deprovisioning = self.scale.seconds(DEPROVISIONING);
        let task = &mut self.ecs.tasks[place];
        if task.in_runtime {
            let limit = task.stop_timeout + std::time::Duration::from_secs(RUNTIME_LIMIT);
            task.enter(Phase::Stopping, now, Some(limit));
            self.commands.push(Command::Stop(task.arn.clone()));
        } else {
            task.execution_stopped_at = Some(now);
            task.enter(Phase::Deprovisioning, now, Some(deprovisioning));
        }
    }
}

/// An image by its digest, whatever its name says.
fn pinned(image: &str, digest: &str) -> String {
    let repository = image.split_once('@').map_or(image, |(repository, _)| repository);
    // A colon after the last slash begins a tag; one before it belongs to a port.
    let after_slash = repository.rfind('/').map_or(0, |slash| slash + 1);
    let end = repository[after_slash..].find(':').map_or(repository.len(), |colon| after_slash + colon);
    format!("{}@{digest}", &repository[..end])
}

/// What a task without overrides has.
pub(super) fn no_overrides(container: &str) -> Value {
    json!({ "containerOverrides": [{ "name": container }], "inferenceAcceleratorOverrides": [] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_pinned_whatever_its_name_says() {
        let cases = [
            ("127.0.0.1:5000/myapp", "127.0.0.1:5000/myapp@sha256:1"),
            ("127.0.0.1:5000/myapp:v1", "127.0.0.1:5000/myapp@sha256:1"),
            ("127.0.0.1:5000/myapp@sha256:0", "127.0.0.1:5000/myapp@sha256:1"),
            ("127.0.0.1:5000/my/app:v1@sha256:0", "127.0.0.1:5000/my/app@sha256:1"),
            ("myapp:v1", "myapp@sha256:1"),
        ];
        for (image, expected) in cases {
            assert_eq!(pinned(image, "sha256:1"), expected, "{image}");
        }
    }
}
