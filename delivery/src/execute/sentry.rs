//! Who looks at ECS and at the alarms while a release is watched.

mod tell;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::observe::World;
use super::session::Session;
use crate::aws::ecs::{DeploymentStatus, DesiredStatus, ServiceDeployment, Task};
use crate::decide::{Kind, StoppedTask};
use crate::environment::Environment;
use crate::evidence::Judgement;
use crate::progress::{Event, Stage, Step, Tasks};
use crate::settings::EnvironmentSettings;
use crate::verdict::{Finding, Trigger, Verdict};

/// The pause between two looks.
const PAUSE: Duration = Duration::from_secs(5);
/// The crash that is one too many: the first may have been the machine's.
const CRASHES: usize = 2;

/// What ends a watch from outside.
#[derive(Debug)]
pub(crate) enum Seen {
    /// Something that takes a release back.
    Bad(Finding),
    /// ECS takes it back already, and why.
    TakenBack(String),
    /// Somebody else has put something else there.
    Somebody(String),
}

impl Seen {
    /// What was found, as a verdict of a watch of this name, which is told.
    pub(crate) fn bad(session: &Session, watch: &str, finding: Finding) -> Verdict {
        let verdict = Verdict::of(watch, vec![finding]);
        let (watch, judgement, findings) = (verdict.watch.clone(), verdict.judgement, verdict.findings.clone());
        session.progress.tell(Event::Judged { watch, judgement, findings });
        verdict
    }
}

/// Who looks.
pub(crate) struct Sentry<'a> {
    session: &'a Session,
    settings: &'a EnvironmentSettings,
    /// `ecs-svc/N` of what is watched.
    id: String,
    /// The service deployment that says what that is, until it was asked.
    came_in_by: Option<String>,
    /// Whether people are told how the tasks stand, and not only what is wrong.
    tells: bool,
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
    /// Watches what serves, or what is coming in.
    pub(crate) fn of(session: &'a Session, environment: Environment, world: &World, lasts: Duration) -> Self {
        let primary = world.service.primary().map(|primary| primary.id.clone()).unwrap_or_default();
        let deployment = world.in_flight.as_ref().map(|(_, deployment)| deployment);
        Self {
            id: deployment.map_or(primary, ServiceDeployment::deployment_id),
            in_flight: deployment.map(|deployment| deployment.arn.clone()),
            ..Self::new(session, environment, lasts)
        }
    }

    /// Watches what a service deployment has brought in, and tells what is wrong alone.
    pub(crate) fn of_what_came_in_by(session: &'a Session, environment: Environment, deployment: &str) -> Self {
        let lasts = Duration::ZERO;
        Self { came_in_by: Some(deployment.to_owned()), tells: false, ..Self::new(session, environment, lasts) }
    }

    fn new(session: &'a Session, environment: Environment, lasts: Duration) -> Self {
        Self {
            session,
            settings: session.of(environment),
            id: String::new(),
            came_in_by: None,
            tells: true,
            in_flight: None,
            known: BTreeSet::new(),
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

    /// Stands beside some work to its end, or until there is something that ends it.
    pub(crate) async fn beside<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Seen> {
        tokio::select! {
            biased;
            seen = self.stand() => Err(seen),
            done = work => Ok(done),
        }
    }

    /// Looks once more, for what has happened since the last look.
    pub(crate) async fn last_look(&mut self) -> Result<(), Seen> {
        // What does not answer now was asked all the time before.
        self.look().await.ok().flatten().map_or(Ok(()), Err)
    }

    /// The service deployment that is not over, while it is not.
    pub(crate) fn in_flight(&self) -> Option<&str> {
        self.in_flight.as_deref()
    }

    /// Looks again and again, until there is something that ends the watch.
    async fn stand(&mut self) -> Seen {
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
        if let Some(arn) = &self.came_in_by {
            self.id = self.session.clients.service_deployment(arn).await?.serving_id();
            self.came_in_by = None;
        }
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
        if self.tells {
            self.hear(&service);
            self.tell(&service);
        }
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
}
