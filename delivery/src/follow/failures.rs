//! Tasks that failed, with the last lines that they wrote.

use std::time::Duration;

use super::TaskFailure;
use super::look::Lookout;
use crate::aws::ecs::Task;
use crate::decide::{Kind, StoppedTask};
use crate::progress::Event;
use crate::secret::Redactor;

/// How many lines of a task's log are shown.
const LINES: u32 = 20;
/// How many tasks' logs are shown: a release that fails mostly fails the same way each time.
const LOGS: usize = 4;
/// How long a log may be waited for, and how often: lines arrive some seconds after they were written.
const LIMIT: Duration = Duration::from_secs(5);
const ATTEMPTS: u32 = 6;

/// A task that failed, and what is still to be found out of it.
pub(super) struct Failure {
    pub(super) told: TaskFailure,
    task_definition: String,
    attempts_left: u32,
}

impl Failure {
    pub(super) fn of(stopped: &StoppedTask, task: &Task, redactor: &Redactor) -> Self {
        let told = TaskFailure {
            task: stopped.id.clone(),
            reason: redactor.redact(&stopped.reason),
            exit_code: stopped.exit_code,
            log: Vec::new(),
        };
        // What never ran wrote nothing.
        let attempts_left = if stopped.kind == Kind::CannotStart { 0 } else { ATTEMPTS };
        Self { told, task_definition: task.task_definition.clone(), attempts_left }
    }
}

impl Lookout<'_> {
    /// Looks for the logs of tasks that failed, and tells them.
    pub(super) async fn logs(&mut self) {
        for index in 0..self.failures.len().min(LOGS) {
            let failure = &mut self.failures[index];
            if failure.attempts_left == 0 || !failure.told.log.is_empty() {
                continue;
            }
            failure.attempts_left -= 1;
            let (task, definition) = (failure.told.task.clone(), failure.task_definition.clone());
            let lines = tokio::time::timeout(LIMIT, self.log_of(&task, &definition)).await.unwrap_or_default();
            for line in &lines {
                self.by.progress.tell(Event::Log { task: task.clone(), line: line.clone() });
            }
            self.failures[index].told.log = lines;
        }
    }

    /// The last lines of a task, without secrets. A log that cannot be read is no reason to stop.
    async fn log_of(&mut self, task: &str, task_definition: &str) -> Vec<String> {
        if self.definition.is_none() {
            self.definition = self.by.clients.task_definition(task_definition).await.ok();
        }
        let place = self.definition.as_ref().and_then(|definition| definition.log_of(self.by.container, task));
        let Some(place) = place else {
            return Vec::new();
        };
        if let Some(region) = place.region.filter(|region| region != self.by.clients.region()) {
            return vec![format!("(its log is in {region}: {} {})", place.group, place.stream)];
        }
        match self.by.clients.log_tail(&place.group, &place.stream, LINES).await {
            Ok(lines) => lines.iter().map(|line| self.by.redactor.redact(&line.text)).collect(),
            Err(_) => Vec::new(),
        }
    }
}
