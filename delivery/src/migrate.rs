//! The migration: a one-off task of the release's own image, in the place of the service's tasks.
//!
//! **Invariant**: two migrations of an environment never run at once because of us. All are started by
//! the same name, which is looked for first: one of this release that still runs is adopted, another is
//! waited for. What starts one has a token made from what is known then, so that an answer that was
//! lost, or somebody who does the same at the same moment, starts none beside it.
//!
//! A migration is never killed in the middle: when its limit passes or a signal comes it goes on, and
//! the next run adopts it.

mod log;
mod status;
mod token;

use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::{Instant, sleep, sleep_until};

use crate::aws::Clients;
use crate::aws::ecs::{NoTask, OneOff, Service, Task, TaskDefinition};
use crate::aws::signed::Refusal;
use crate::edge::Edge;
use crate::environment::Environment;
use crate::exit::Ending;
use crate::progress::{Progress, Step};
use crate::release::{Digest, Release};
use crate::secret::Redactor;
use crate::settings::Settings;
use log::Log;
pub(crate) use status::status;

/// The pause between looks.
const PAUSE: Duration = Duration::from_secs(2);
/// ECS may not know a task right after it was started, for so long.
const SETTLING: Duration = Duration::from_mins(1);
/// So far the clocks may differ: a task that is older than that was started by an earlier run.
const SKEW: SignedDuration = SignedDuration::from_mins(1);

struct Migration<'a> {
    clients: &'a Clients,
    settings: &'a Settings,
    definition: &'a TaskDefinition,
    service: &'a Service,
    digest: Option<&'a Digest>,
    command: &'a [String],
    edge: &'a Edge,
    progress: &'a Progress,
    redactor: &'a Redactor,
    started_by: String,
    /// Whether its log is shown while it runs.
    shown: bool,
    limit: Duration,
    deadline: Instant,
}

/// Migrates the schema of an environment to what a release needs, and obeys the exit code. The step
/// [`Step::Migrate`] is the caller's. The last line of its log, when there is any.
#[expect(clippy::too_many_arguments, reason = "all of them are the context of a run, and each is used")]
pub async fn migrate(
    clients: &Clients,
    environment: Environment,
    settings: &Settings,
    definition: &TaskDefinition,
    service: &Service,
    release: &Release,
    edge: &Edge,
    progress: &Progress,
    redactor: &Redactor,
) -> Result<Option<String>, Ending> {
    let limit = settings.limits.migration;
    let migration = Migration {
        clients,
        settings,
        definition,
        service,
        digest: Some(&release.digest),
        command: &settings.migrations.command,
        edge,
        progress,
        redactor,
        started_by: format!("migrate-{environment}"),
        shown: true,
        limit,
        deadline: Instant::now() + limit,
    };
    migration.run().await.map_err(|why| Ending::Failed(redactor.redact(&why)))
}

impl Migration<'_> {
    async fn run(&self) -> Result<Option<String>, String> {
        let task = self.begun().await?;
        let id = task.id().to_owned();
        let mut log = Log::default();
        let ended = tokio::select! {
            biased;
            () = self.edge.stop.wait() => return Err(format!("a signal asked to stop; {}", left(&id))),
            () = sleep_until(self.deadline) => {
                return Err(format!("the migration is not done after {} s; {}", self.limit.as_secs(), left(&id)));
            }
            ended = self.ended(&task, Some(&mut log)) => ended?,
        };
        self.judge(&ended, &log)?;
        Ok(log.last().map(str::to_owned))
    }

    /// The task that migrates: one that runs already, or a new one.
    async fn begun(&self) -> Result<Task, String> {
        tokio::select! {
            biased;
            () = self.edge.stop.wait() => Err("a signal asked to stop before the migration was seen to begin".to_owned()),
            () = sleep_until(self.deadline) => {
                Err(format!("the migration was not seen to begin within {} s", self.limit.as_secs()))
            }
            begun = self.found_or_started() => begun,
        }
    }

    async fn found_or_started(&self) -> Result<Task, String> {
        loop {
            let known = self.known().await?;
            let Some(running) = known.iter().find(|task| !task.is_stopped()) else {
                return self.started(&known).await;
            };
            let is_ours = running.task_definition == self.definition.arn()
                || running
                    .container(&self.settings.service.container)
                    .is_some_and(|container| container.digest.is_some() && container.digest.as_ref() == self.digest);
            if is_ours {
                self.progress.say(Step::Migrate, format!("adopted the task {}, which migrates already", running.id()));
                return Ok(running.clone());
            }
            let what = format!("another release migrates in the task {}: waiting for its end", running.id());
            self.progress.say(Step::Migrate, what);
            self.ended(running, None).await?;
        }
    }

    async fn known(&self) -> Result<Vec<Task>, String> {
        let found = self.clients.tasks_started_by(&self.service.cluster, &self.started_by).await;
        found.map_err(|error| format!("cannot tell whether a migration runs already: {error:#}"))
    }

    async fn started(&self, known: &[Task]) -> Result<Task, String> {
        let since = self.edge.clock.now();
        match self.run_with(&self.token(known, None)).await {
            // ECS may remember a token for longer than the task that it once started.
            Ok(task) if task.created_at.is_some_and(|at| at < since - SKEW) => {}
            Err(error) if is_of_another_time(&error) => {}
            Ok(task) => return Ok(self.say_started(task)),
            Err(error) => return self.found_all_the_same(known, &error).await,
        }
        let nonce = self.edge.random.nonce();
        match self.run_with(&self.token(known, Some(&nonce))).await {
            Ok(task) => Ok(self.say_started(task)),
            Err(error) => self.found_all_the_same(known, &error).await,
        }
    }

    fn token(&self, known: &[Task], nonce: Option<&str>) -> String {
        let command = self.command.join(" ");
        let digest = self.digest.map(Digest::as_str).unwrap_or_default();
        let wish = [self.started_by.as_str(), self.definition.arn(), digest, &command];
        token::of(&wish, known, nonce)
    }

    async fn run_with(&self, token: &str) -> anyhow::Result<Task> {
        let wish = OneOff {
            service: self.service,
            task_definition: self.definition.arn(),
            container: &self.settings.service.container,
            command: self.command,
            started_by: &self.started_by,
            token,
        };
        self.clients.run_task(&wish).await
    }

    fn say_started(&self, task: Task) -> Task {
        self.progress.say(Step::Migrate, format!("the task {} migrates", task.id()));
        task
    }

    /// The task that was started though every answer was lost.
    async fn found_all_the_same(&self, known: &[Task], error: &anyhow::Error) -> Result<Task, String> {
        let is_new = |task: &Task| !known.iter().any(|old| old.arn == task.arn);
        let found = self.known().await.map_err(|blind| format!("{error:#}; {blind}"))?;
        found.into_iter().find(is_new).map(|task| self.say_started(task)).ok_or_else(|| format!("{error:#}"))
    }

    /// The task once it is over, its log shown meanwhile.
    async fn ended(&self, task: &Task, mut log: Option<&mut Log>) -> Result<Task, String> {
        let since = Instant::now();
        let place = self.definition.log_of(&self.settings.service.container, task.id());
        let (mut seen, mut blind) = (false, false);
        loop {
            match self.clients.task(&self.service.cluster, &task.arn).await {
                Ok(Some(found)) => {
                    (seen, blind) = (true, false);
                    let over = found.is_stopped();
                    if let (Some(log), Some(place)) = (log.as_deref_mut(), &place) {
                        let attempts = if over { log::LATE } else { 1 };
                        log.read(self.clients, place, attempts, |line| self.show(task.id(), line)).await;
                    }
                    if over {
                        return Ok(found);
                    }
                }
                Ok(None) if seen || since.elapsed() > SETTLING => {
                    return Err(format!("ECS does not know the migration's task {} any more", task.id()));
                }
                Ok(None) => {}
                Err(error) => {
                    if !std::mem::replace(&mut blind, true) {
                        let what =
                            format!("cannot see how the task {} stands, and goes on looking: {error:#}", task.id());
                        self.progress.warn(Step::Migrate, self.redactor.redact(&what));
                    }
                }
            }
            sleep(PAUSE).await;
        }
    }

    /// Shows a line of the log, and gives what was shown.
    fn show(&self, task: &str, line: &str) -> String {
        let line = self.redactor.redact(line);
        if self.shown {
            let event = crate::progress::Event::Log { task: task.to_owned(), line: line.clone() };
            self.progress.tell(event);
        }
        line
    }

    fn judge(&self, task: &Task, log: &Log) -> Result<(), String> {
        let container = task.container(&self.settings.service.container);
        let code = container.and_then(|container| container.exit_code);
        if code == Some(0) {
            return Ok(());
        }
        let reasons = [task.stopped_reason.as_deref(), container.and_then(|container| container.reason.as_deref())];
        let mut why: Vec<_> = reasons.into_iter().flatten().map(str::to_owned).collect();
        why.extend(log.last().map(|line| format!("its last line: {line}")));
        let why = if why.is_empty() { "ECS gave no reason".to_owned() } else { why.join("; ") };
        let id = task.id();
        Err(match code {
            Some(code) => format!("the migration ended with exit code {code} (task {id}): {why}"),
            None => format!("the migration ended without an exit code (task {id}): {why}"),
        })
    }
}

/// Whether ECS knows a token, and not from this wish.
fn is_of_another_time(error: &anyhow::Error) -> bool {
    let conflicts = error.downcast_ref::<Refusal>().is_some_and(|refusal| refusal.code == "ConflictException");
    conflicts || error.is::<NoTask>()
}

/// What is left of a migration that is no longer waited for.
fn left(id: &str) -> String {
    format!("the migration goes on in the task {id}, and a deployment that is run again waits for it")
}
