//! Looking: what is known of a service deployment, and what is told of it.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::Instant;

use super::Following;
use super::failures::Failure;
use crate::aws::ecs::{DeploymentStatus, DesiredStatus, Service, ServiceDeployment, Task, TaskDefinition};
use crate::decide::{Kind, Observation, StoppedTask, breaker};
use crate::progress::{Event, Step, Tasks};
use crate::strategy::Percent;

/// Figures that do not change are told again after so long.
const TELL_AGAIN: Duration = Duration::from_secs(10);
/// The pause between looks at the alarms.
const ALARMS: Duration = Duration::from_secs(10);
/// So much earlier than its entry in the service a service deployment may have been made.
const EARLIER: SignedDuration = SignedDuration::from_mins(1);
/// So far back it is looked for when the service has no such entry.
const LONG_AGO: SignedDuration = SignedDuration::from_hours(3);

/// A service deployment under watch.
pub(super) struct Lookout<'a> {
    pub(super) by: Following<'a>,
    /// `ecs-svc/N`.
    pub(super) id: String,
    planned_from: Option<String>,
    pub(super) step: Step,
    /// How long ECS was at work until now, but for since when it is.
    spent: Duration,
    since: Option<Instant>,
    pub(super) limit: Duration,
    pub(super) deployment: Option<ServiceDeployment>,
    pub(super) service: Option<Service>,
    pub(super) stopped: Vec<StoppedTask>,
    pub(super) failures: Vec<Failure>,
    pub(super) definition: Option<TaskDefinition>,
    /// The newer service deployment that took the service over.
    pub(super) superseded: Option<String>,
    /// The task definitions that served before, once they are known.
    pub(super) former: Option<Vec<String>>,
    ringing: Vec<String>,
    listened: Option<Instant>,
    told: Option<(Tasks, Instant)>,
    blind: Option<Instant>,
    /// The stage that was told last, with its traffic.
    pub(super) stage: Option<(String, Percent, bool)>,
    /// The pause that was answered last, and when.
    pub(super) answered: Option<(String, Instant)>,
    /// Why the answer was refused, once told.
    pub(super) refused: Option<String>,
    /// Whether it bakes, or has baked, at a pause, so that ECS's own bake has no time left.
    pub(super) baked_at_pause: bool,
}

impl<'a> Lookout<'a> {
    pub(super) fn new(by: Following<'a>, id: &str, planned_from: Option<&str>) -> Self {
        Self {
            by,
            id: id.to_owned(),
            planned_from: planned_from.map(str::to_owned),
            step: Step::Follow,
            spent: Duration::ZERO,
            since: Some(Instant::now()),
            limit: by.limit,
            deployment: None,
            service: None,
            stopped: Vec::new(),
            failures: Vec::new(),
            definition: None,
            superseded: None,
            former: None,
            ringing: Vec::new(),
            listened: None,
            told: None,
            blind: None,
            stage: None,
            answered: None,
            refused: None,
            baked_at_pause: false,
        }
    }

    /// Of a service deployment that is known already.
    pub(super) fn over(by: Following<'a>, deployment: &ServiceDeployment) -> Self {
        let mut lookout = Self::new(by, &deployment.deployment_id(), None);
        lookout.deployment = Some(deployment.clone());
        lookout
    }

    /// From here on it is about the way back.
    pub(super) fn turn(&mut self) {
        self.step = Step::RollBack;
        self.limit = self.by.rollback_limit;
        (self.spent, self.since) = (Duration::ZERO, Some(Instant::now()));
        self.told = None;
    }

    /// How long ECS was at work: what is watched at a pause or in the bake does not count.
    pub(super) fn spent(&self) -> Duration {
        self.spent + self.since.map(|since| since.elapsed()).unwrap_or_default()
    }

    /// From here on nothing is waited for that ECS has to do.
    pub(super) fn halt(&mut self) {
        self.spent = self.spent();
        self.since = None;
    }

    /// From here on ECS is at work again.
    pub(super) fn resume(&mut self) {
        self.since = Some(Instant::now());
    }

    /// When it will have lasted too long; never while nothing is waited for that ECS has to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.since.map(|since| since + self.limit.saturating_sub(self.spent))
    }

    /// How many tasks may fail their health checks, where traffic is shifted: ECS then counts none.
    pub(super) fn breaker(&self) -> Option<usize> {
        let desired = self.service.as_ref().map_or(0, |service| service.desired);
        self.by.environment.strategy.shift().map(|_| breaker(desired))
    }

    /// Looks once at everything. What does not answer is left as it was known, and looked at again the
    /// next time.
    pub(super) async fn look(&mut self) {
        let (cluster, service) = (&self.by.environment.cluster, &self.by.environment.service);
        let (deployment, service, tasks) = tokio::join!(
            Box::pin(self.found()),
            Box::pin(self.by.clients.service(cluster, service)),
            Box::pin(self.by.clients.tasks(cluster, service, DesiredStatus::Stopped)),
        );
        let mut wrong = Vec::new();
        match deployment {
            Ok(Some(found)) => self.deployment = Some(found),
            Ok(None) => {}
            Err(error) => wrong.push(error),
        }
        match service {
            Ok(Some(found)) => self.service = Some(found),
            Ok(None) => wrong.push(anyhow::anyhow!("ECS says that there is no such service any more")),
            Err(error) => wrong.push(error),
        }
        match tasks {
            Ok(tasks) => self.note(&tasks),
            Err(error) => wrong.push(error),
        }
        self.mind_silence(wrong.first());
        self.tell();
        self.tell_stage();
        if self.step == Step::Follow {
            Box::pin(self.listen()).await;
            if self.looks_taken_over() {
                Box::pin(self.ask_for_newer()).await;
            }
        }
    }

    /// The service deployment as it stands, when ECS lists it already.
    async fn found(&self) -> anyhow::Result<Option<ServiceDeployment>> {
        let clients = self.by.clients;
        if let Some(known) = &self.deployment {
            return clients.service_deployment(&known.arn).await.map(Some);
        }
        let (cluster, service) = (&self.by.environment.cluster, &self.by.environment.service);
        let asked_for = match &self.service {
            Some(service) => Some(service.clone()),
            None => clients.service(cluster, service).await?,
        };
        let entry = asked_for.and_then(|service| service.deployments.into_iter().find(|entry| entry.id == self.id));
        let after = entry.map_or_else(|| self.by.edge.clock.now() - LONG_AGO, |entry| entry.created_at - EARLIER);
        let listed = clients.service_deployments(cluster, service, Some(after)).await?;
        Ok(listed.into_iter().find(|deployment| deployment.is_of(&self.id)))
    }

    fn note(&mut self, tasks: &[Task]) {
        for task in tasks.iter().filter(|task| task.started_by.as_deref() == Some(&self.id)) {
            if self.stopped.iter().any(|known| known.id == task.id()) {
                continue;
            }
            // Of a task that is being stopped there may be more to know yet, its exit code for one; but
            // what is known need not wait until its network is given back.
            let is_known = |stopped: &StoppedTask| {
                task.is_stopped() || stopped.exit_code.is_some() || stopped.kind == Kind::CannotStart
            };
            if let Some(stopped) = StoppedTask::of(task, self.by.container).filter(is_known) {
                self.warn(self.step, &stopped.to_string());
                self.failures.push(Failure::of(&stopped, task, self.by.redactor));
                self.stopped.push(stopped);
            }
        }
    }

    /// An outage is told when it begins and when it ends.
    fn mind_silence(&mut self, wrong: Option<&anyhow::Error>) {
        match (wrong, self.blind) {
            (Some(error), None) => {
                self.blind = Some(Instant::now());
                let limit = self.limit.as_secs();
                self.warn(
                    self.step,
                    &format!("cannot see how it stands, and goes on looking until {limit} s: {error:#}"),
                );
            }
            (None, Some(since)) => {
                self.blind = None;
                let seconds = since.elapsed().as_secs();
                self.by.progress.say(self.step, format!("ECS answers again, after {seconds} s"));
            }
            _ => {}
        }
    }

    async fn listen(&mut self) {
        let alarms = &self.by.environment.alarms;
        if alarms.is_empty() || self.listened.is_some_and(|last| last.elapsed() < ALARMS) {
            return;
        }
        // What CloudWatch does not say is no reason to take a release back.
        if let Ok(states) = self.by.clients.alarm_states(alarms).await {
            self.ringing = states.into_iter().filter(|(_, state)| state == "ALARM").map(|(name, _)| name).collect();
            self.listened = Some(Instant::now());
        }
    }

    fn looks_taken_over(&self) -> bool {
        let Some(deployment) = &self.deployment else {
            return false;
        };
        match deployment.status {
            DeploymentStatus::Stopped | DeploymentStatus::StopRequested => true,
            DeploymentStatus::Successful => false,
            _ if deployment.status.is_rollback() => false,
            _ => self.service.as_ref().and_then(Service::primary).is_some_and(|primary| primary.id != self.id),
        }
    }

    /// Asks whether there is a newer service deployment than ours.
    pub(super) async fn ask_for_newer(&mut self) {
        let Some(ours) = &self.deployment else {
            return;
        };
        let (cluster, service) = (&self.by.environment.cluster, &self.by.environment.service);
        let listed = self.by.clients.service_deployments(cluster, service, Some(ours.created_at - EARLIER)).await;
        let newer = |other: &ServiceDeployment| other.arn != ours.arn && other.created_at > ours.created_at;
        if let Some(newer) = listed.ok().and_then(|listed| listed.into_iter().find(newer)) {
            self.superseded = Some(format!("{} for {}, {}", newer.arn, newer.target_revision, newer.status));
        }
    }

    /// What it replaced, when it was planned to replace something else.
    pub(super) fn replaced(&self) -> Option<String> {
        let (planned, deployment) = (self.planned_from.as_ref()?, self.deployment.as_ref()?);
        let others: Vec<_> = deployment.source_revisions.iter().filter(|source| *source != planned).cloned().collect();
        if others.is_empty() { None } else { Some(others.join(" and ")) }
    }

    /// What is known, for a decision.
    pub(super) fn observation(&self) -> Observation {
        let deployment = self.deployment.as_ref();
        let triggered = deployment.map(|deployment| deployment.triggered_alarms.clone()).unwrap_or_default();
        let mut ringing = [triggered, self.ringing.clone()].concat();
        ringing.sort();
        ringing.dedup();
        Observation {
            status: deployment.map(|deployment| deployment.status.clone()),
            reason: deployment.and_then(|deployment| deployment.reason.clone()),
            stopped: self.stopped.clone(),
            ringing,
            superseded: self.superseded.clone(),
            replaced: self.replaced(),
            spent: self.spent(),
            ..Observation::default()
        }
    }

    /// How the tasks stand: those of ours, or on the way back those that come instead.
    pub(super) fn tasks(&self) -> Tasks {
        let status = self.deployment.as_ref().map_or("PENDING", |deployment| deployment.status.as_str()).to_owned();
        let Some(service) = &self.service else {
            return Tasks { status, ..Tasks::default() };
        };
        let ours = match self.step {
            Step::RollBack => service.primary(),
            _ => service.deployments.iter().find(|entry| entry.id == self.id),
        };
        let others = service.deployments.iter().filter(|entry| ours.is_none_or(|ours| ours.id != entry.id));
        let old = others.map(|entry| entry.running).sum();
        match ours {
            None => Tasks { status, old, ..Tasks::default() },
            Some(ours) => {
                let (desired, running, pending) = (ours.desired, ours.running, ours.pending);
                Tasks { status, desired, running, pending, failed: ours.failed, old }
            }
        }
    }

    fn tell(&mut self) {
        let tasks = self.tasks();
        let is_known = |(told, at): &(Tasks, Instant)| *told == tasks && at.elapsed() < TELL_AGAIN;
        if self.told.as_ref().is_some_and(is_known) {
            return;
        }
        self.told = Some((tasks.clone(), Instant::now()));
        let (step, limit) = (self.step, self.limit);
        self.by.progress.tell(Event::Tasks { step, tasks, spent: self.spent(), limit });
    }
}
