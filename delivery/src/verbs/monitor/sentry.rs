//! Who looks at ECS and at the alarms while a release is watched.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::aws::ecs::{DeploymentStatus, DesiredStatus, Service, ServiceDeployment, Task};
use crate::decide::{Kind, StoppedTask};
use crate::environment::Environment;
use crate::evidence::Judgement;
use crate::execute::World;
use crate::execute::session::Session;
use crate::exit::Ending;
use crate::progress::{Event, Stage, Step, Tasks};
use crate::settings::EnvironmentSettings;
use crate::verdict::{Finding, Trigger};

/// The pause between two looks.
const PAUSE: Duration = Duration::from_secs(5);
/// The crash that is one too many: the first may have been the machine's.
const CRASHES: usize = 2;
/// Figures that do not change are told again after so long.
const TELL_AGAIN: Duration = Duration::from_secs(30);

/// What ends a watch from outside.
#[derive(Debug)]
pub(super) enum Seen {
    /// Something that takes a release back.
    Bad(Finding),
    /// ECS takes it back already, and why.
    TakenBack(String),
    /// Somebody else has put something else there.
    Somebody(String),
}

/// Who looks.
pub(super) struct Sentry<'a> {
    session: &'a Session,
    settings: &'a EnvironmentSettings,
    /// `ecs-svc/N` of what is watched.
    id: String,
    /// The service deployment that is not over, while it is not.
    in_flight: Option<String>,
    /// What had happened before, or was told.
    known: BTreeSet<String>,
    crashed: Vec<StoppedTask>,
    alarms: BTreeMap<String, String>,
    stage: Option<(String, f64)>,
    told: Option<(Tasks, Instant)>,
    blind: bool,
    since: Instant,
    lasts: Duration,
    /// Whether what there was before has been looked at.
    begun: bool,
}

impl<'a> Sentry<'a> {
    pub(super) fn of(session: &'a Session, environment: Environment, world: &World, lasts: Duration) -> Self {
        let primary = world.service.primary().map(|primary| primary.id.clone()).unwrap_or_default();
        let deployment = world.in_flight.as_ref().map(|(_, deployment)| deployment);
        Self {
            session,
            settings: session.of(environment),
            id: deployment.map_or(primary, ServiceDeployment::deployment_id),
            in_flight: deployment.map(|deployment| deployment.arn.clone()),
            known: world.service.events.iter().map(|event| event.id.clone()).collect(),
            crashed: Vec::new(),
            alarms: BTreeMap::new(),
            stage: None,
            told: None,
            blind: false,
            since: Instant::now(),
            lasts,
            begun: false,
        }
    }

    /// Looks again and again, until there is something that ends the watch.
    pub(super) async fn stand(&mut self) -> Seen {
        loop {
            match self.look().await {
                Ok(Some(seen)) => return seen,
                Ok(None) if std::mem::take(&mut self.blind) => self.say("AWS answers again".to_owned()),
                Ok(None) => {}
                // What does not answer is no reason to take a release back: the watch itself goes on.
                Err(error) => {
                    if !std::mem::replace(&mut self.blind, true) {
                        self.session.progress.warn(Step::Watch, format!("cannot see how the tasks stand: {error:#}"));
                    }
                }
            }
            sleep(PAUSE).await;
        }
    }

    async fn look(&mut self) -> anyhow::Result<Option<Seen>> {
        if let Some(seen) = self.follow().await? {
            return Ok(Some(seen));
        }
        let clients = &self.session.clients;
        let (cluster, name) = (&self.settings.cluster, &self.settings.service);
        let service = clients.service(cluster, name).await?;
        let Some(service) = service else {
            return Ok(Some(Seen::Somebody(format!("there is no service {name} any more"))));
        };
        let stopped = clients.tasks(cluster, name, DesiredStatus::Stopped).await?;
        self.hear(&service);
        self.tell(&service);
        let ours = service.deployments.iter().any(|entry| entry.id == self.id);
        let is_primary = service.primary().is_some_and(|primary| primary.id == self.id);
        if !ours || (self.in_flight.is_none() && !is_primary) {
            return Ok(Some(Seen::Somebody("somebody else deploys".to_owned())));
        }
        if let Some(bad) = self.mind(&stopped) {
            return Ok(Some(Seen::Bad(bad)));
        }
        self.begun = true;
        let names = &self.settings.alarms;
        let states = if names.is_empty() { BTreeMap::new() } else { clients.alarm_states(names).await? };
        Ok(self.listen(&states).map(Seen::Bad))
    }

    /// Follows what is coming in.
    async fn follow(&mut self) -> anyhow::Result<Option<Seen>> {
        let Some(arn) = &self.in_flight else { return Ok(None) };
        let deployment = self.session.clients.service_deployment(arn).await?;
        let stage = deployment.stage.clone().unwrap_or_default();
        let now = (stage.clone(), deployment.weights.production);
        if !stage.is_empty() && self.stage.as_ref() != Some(&now) {
            let decides = if deployment.pause.is_some() { "whoever brings it in" } else { "ECS" };
            let (name, weight, decides) = (stage, now.1, decides.to_owned());
            let why = "it is watched meanwhile".to_owned();
            self.session.progress.tell(Event::Stage(Stage { name, weight, decides, why }));
            self.stage = Some(now);
        }
        let because = deployment.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let status = &deployment.status;
        Ok(match status {
            DeploymentStatus::Successful => {
                self.in_flight = None;
                self.say("it is in".to_owned());
                None
            }
            status if status.is_rollback() => Some(Seen::TakenBack(format!("ECS takes it back, {status}{because}"))),
            DeploymentStatus::Stopped | DeploymentStatus::StopRequested => {
                Some(Seen::Somebody(format!("somebody stopped it, {status}{because}")))
            }
            _ => None,
        })
    }

    /// Follows what ECS takes back to its end.
    pub(super) async fn see_it_back(&self, why: &str) -> Ending {
        let (limit, arn) = (self.session.settings.limits.rollback, self.in_flight.as_deref().unwrap_or_default());
        let begun = self.session.progress.begin(Step::RollBack, "by ECS", Some(limit));
        let ended = async {
            loop {
                if let Ok(deployment) = self.session.clients.service_deployment(arn).await
                    && deployment.status.is_over()
                {
                    return deployment.status;
                }
                sleep(PAUSE).await;
            }
        };
        let ended = tokio::time::timeout(limit, ended).await;
        match ended {
            Ok(DeploymentStatus::RollbackSuccessful) => {
                begun.done("what served before serves again");
                Ending::RolledBack(why.to_owned())
            }
            Ok(status) => {
                begun.end(crate::progress::Outcome::Failed, status.to_string());
                Ending::RollbackFailed(format!("{why}; and it ended as {status}"))
            }
            Err(_) => {
                let words = format!("not over within {} s", limit.as_secs());
                begun.end(crate::progress::Outcome::Failed, words.clone());
                Ending::RollbackFailed(format!("{why}; {words}"))
            }
        }
    }

    /// New events of the service, for people.
    fn hear(&mut self, service: &Service) {
        for event in service.events.iter().rev() {
            if self.known.insert(event.id.clone()) {
                self.say(format!("ECS: {}", self.session.redactor.redact(&event.message)));
            }
        }
    }

    fn tell(&mut self, service: &Service) {
        let Some(ours) = service.deployments.iter().find(|entry| entry.id == self.id) else { return };
        let others = service.deployments.iter().filter(|entry| entry.id != self.id);
        let tasks = Tasks {
            status: ours.rollout_state.clone(),
            desired: ours.desired,
            running: ours.running,
            pending: ours.pending,
            failed: ours.failed,
            old: others.map(|entry| entry.running).sum(),
        };
        if self.told.as_ref().is_some_and(|(told, at)| *told == tasks && at.elapsed() < TELL_AGAIN) {
            return;
        }
        self.told = Some((tasks.clone(), Instant::now()));
        let (step, spent, limit) = (Step::Watch, self.since.elapsed(), self.lasts);
        self.session.progress.tell(Event::Tasks { step, tasks, spent, limit });
    }

    /// Tasks of ours that stopped of themselves since it is watched.
    fn mind(&mut self, stopped: &[Task]) -> Option<Finding> {
        for task in stopped.iter().filter(|task| task.started_by.as_deref() == Some(&self.id)) {
            if self.known.contains(task.id()) {
                continue;
            }
            let Some(found) = StoppedTask::of(task, self.session.container()) else { continue };
            self.known.insert(task.id().to_owned());
            if self.begun {
                self.session.progress.warn(Step::Watch, self.session.redactor.redact(&found.to_string()));
                self.crashed.extend((found.kind != Kind::Unhealthy).then_some(found));
            }
        }
        let last = self.crashed.last()?;
        let words = format!("{} tasks crashed while it was watched; {last}", self.crashed.len());
        (self.decides(Trigger::Tasks) && self.crashed.len() >= CRASHES).then(|| {
            let words = self.session.redactor.redact(&words);
            Finding::new(Trigger::Tasks, Judgement::Failed, words).with_numbers(
                self.crashed.len() as f64,
                (CRASHES - 1) as f64,
                "tasks",
            )
        })
    }

    fn listen(&mut self, states: &BTreeMap<String, String>) -> Option<Finding> {
        if *states != self.alarms {
            self.alarms.clone_from(states);
            self.session.progress.tell(Event::Alarms { states: states.clone() });
        }
        let ringing: Vec<_> =
            states.iter().filter(|(_, state)| *state == "ALARM").map(|(name, _)| name.as_str()).collect();
        (self.decides(Trigger::Alarm) && !ringing.is_empty())
            .then(|| Finding::new(Trigger::Alarm, Judgement::Failed, format!("{} rings", ringing.join(" and "))))
    }

    fn decides(&self, trigger: Trigger) -> bool {
        self.settings.watch.triggers.contains(&trigger)
    }

    fn say(&self, what: String) {
        self.session.progress.say(Step::Watch, what);
    }
}
