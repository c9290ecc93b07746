//! What somebody asks of a service: to be, to change, to stop a deployment, to go.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::Refusal;
use super::blue_green::Shift;
use super::check::check_shift;
use super::due::ATTENTION;
use super::name;
use super::service::{Deployment, DeploymentStatus, Revision, Rollout, Rules, Service, ServiceDeployment, Status};
use super::service::{Summary, Workload};
use super::task::Phase;
use crate::model::State;

/// A service that somebody wants.
#[derive(Clone, Debug)]
pub(crate) struct ServiceWish {
    pub(crate) cluster: Option<String>,
    pub(crate) name: String,
    pub(crate) desired: u32,
    pub(crate) rules: Rules,
    pub(crate) grace: u64,
    pub(crate) workload: Workload,
    pub(crate) kept: Map<String, Value>,
    pub(crate) tags: Vec<Value>,
}

/// What is to be different about a service; what is none stays.
#[derive(Clone, Debug, Default)]
pub(crate) struct Change {
    pub(crate) desired: Option<u32>,
    pub(crate) rules: Option<Rules>,
    pub(crate) grace: Option<u64>,
    pub(crate) workload: Option<Workload>,
    /// Whether there is a new deployment though nothing else asks for one.
    pub(crate) force: bool,
    pub(crate) kept: Map<String, Value>,
}

impl State {
    /// Makes a service; its place.
    pub(crate) fn create_service(&mut self, wish: ServiceWish, now: Timestamp) -> Result<usize, Refusal> {
        let cluster = self.ecs.cluster(wish.cluster.as_deref())?.name.clone();
        let taken = self.ecs.find_service(&cluster, &wish.name);
        match taken.map(|place| self.ecs.services[place].status) {
            None | Some(Status::Inactive) => {}
            Some(Status::Active) => return Err(Refusal::invalid("Creation of service was not idempotent.")),
            Some(Status::Draining) => {
                return Err(Refusal::invalid("Unable to Start a service that is still Draining."));
            }
        }
        let workload = self.check_workload(wish.workload)?;
        check_shift(&wish.rules, &workload)?;
        let arn = name::arn(&self.identity, &format!("service/{cluster}/{}", wish.name));
        self.ecs.services.push(Service {
            arn,
            name: wish.name,
            cluster,
            status: Status::Active,
            desired: wish.desired,
            rules: wish.rules,
            grace: wish.grace,
            kept: wish.kept,
            tags: wish.tags,
            deployments: Vec::new(),
            revisions: Vec::new(),
            history: Vec::new(),
            events: Vec::new(),
            good: None,
            steady: false,
            created_at: now,
        });
        let place = self.ecs.services.len() - 1;
        self.begin(place, workload, now);
        Ok(place)
    }

    /// Changes a service. A new deployment begins when its tasks would be other ones, or on request;
    /// it supersedes the one in flight.
    pub(crate) fn update_service(&mut self, place: usize, change: Change, now: Timestamp) -> Result<(), Refusal> {
        let workload = change.workload.map(|workload| self.check_workload(workload)).transpose()?;
        let service = &mut self.ecs.services[place];
        if workload.is_some() || change.rules.is_some() {
            let rules = change.rules.as_ref().unwrap_or(&service.rules);
            workload.as_ref().or(service.workload()).map_or(Ok(()), |workload| check_shift(rules, workload))?;
        }
        service.desired = change.desired.unwrap_or(service.desired);
        service.rules = change.rules.unwrap_or_else(|| service.rules.clone());
        service.grace = change.grace.unwrap_or(service.grace);
        service.kept.extend(change.kept);
        let is_other = workload.as_ref().is_some_and(|workload| service.workload() != Some(workload));
        if !is_other && !change.force {
            return Ok(());
        }
        if let Some(workload) = workload.or_else(|| service.workload().cloned()) {
            self.begin(place, workload, now);
        }
        Ok(())
    }

    /// Deletes a service; with `force` whatever runs of it.
    pub(crate) fn delete_service(&mut self, place: usize, force: bool, now: Timestamp) -> Result<(), Refusal> {
        let service = &mut self.ecs.services[place];
        if service.desired > 0 && !force {
            let message = "The service cannot be stopped while it is scaled above 0.";
            return Err(Refusal::invalid(message));
        }
        service.desired = 0;
        service.status = Status::Draining;
        for current in service.history.iter_mut().filter(|deployment| !deployment.status.is_over()) {
            current.enter(DeploymentStatus::Stopped, now, None);
            current.reason = Some("The service was deleted.".to_owned());
        }
        Ok(())
    }

    /// Stops the service deployment of an ARN, and rolls it back unless it is only aborted.
    pub(crate) fn stop_service_deployment(
        &mut self,
        arn: &str,
        roll_back: bool,
        now: Timestamp,
    ) -> Result<String, Refusal> {
        let attention = self.scale.seconds(ATTENTION);
        let mut all = self.ecs.services.iter_mut().flat_map(|service| &mut service.history);
        let found = all.find(|deployment| deployment.arn == arn).ok_or_else(|| {
            Refusal::new("ServiceDeploymentNotFoundException", "The service deployment was not found.")
        })?;
        match found.status {
            DeploymentStatus::Pending | DeploymentStatus::InProgress => {
                let next =
                    if roll_back { DeploymentStatus::RollbackRequested } else { DeploymentStatus::StopRequested };
                found.enter(next, now, Some(attention));
            }
            // It is on its way already.
            DeploymentStatus::RollbackRequested | DeploymentStatus::RollbackInProgress if roll_back => {}
            DeploymentStatus::StopRequested if !roll_back => {}
            other => {
                let message = format!("The service deployment cannot be stopped: its status is {}.", other.word());
                return Err(Refusal::new("ConflictException", message));
            }
        }
        Ok(found.arn.clone())
    }

    /// Begins to deploy a workload.
    fn begin(&mut self, place: usize, workload: Workload, now: Timestamp) {
        let attention = self.scale.seconds(ATTENTION);
        let sources = self.summaries(place);
        let blue = self.take_over(place);
        let groups = self.groups_for(place, &workload, blue);
        let number = self.ids.number();
        let (cluster, service) = (self.ecs.services[place].cluster.clone(), self.ecs.services[place].name.clone());
        let resource = |kind: &str, id: &str| format!("{kind}/{cluster}/{service}/{id}");
        let revision_arn = name::arn(&self.identity, &resource("service-revision", &number.to_string()));
        let deployment_arn = name::arn(&self.identity, &resource("service-deployment", &self.ids.word()));
        let found = self.ecs.definitions.find(&workload.definition);
        let (container, image) = found
            .map(|definition| definition.container())
            .map(|container| (container.name().to_owned(), container.image().to_owned()))
            .unwrap_or_default();
        let digest = self.account.registry.resolve(&image).ok().map(|pulled| pulled.digest.to_string());
        let mut rules = self.ecs.services[place].rules.clone();
        // It counts for rolling updates only.
        rules.breaker = rules.breaker.filter(|_| rules.blue_green.is_none());
        let advanced = workload.balancers.first().and_then(|balancer| balancer.advanced.as_ref());
        let has_test = advanced.is_some_and(|advanced| advanced.test_rule.is_some());
        let shift = rules.blue_green.as_ref().map(|_| Shift::new(blue, has_test, now));
        let alarms = rules.alarms.iter().flat_map(|rule| &rule.names);
        // ECS ignores alarms for the whole deployment when one rings at its start.
        let rings = alarms.into_iter().any(|name| self.account.in_alarm(name));
        self.faults.deployment_began(&service, number);

        let owner = &mut self.ecs.services[place];
        owner.revisions.push(Revision {
            number,
            arn: revision_arn,
            workload,
            groups,
            container,
            image,
            digest,
            created_at: now,
        });
        if let Some(earlier) = owner.in_flight() {
            earlier.enter(DeploymentStatus::StopRequested, now, Some(attention));
            earlier.reason = Some(format!("Superseded by {deployment_arn}."));
        }
        // Users stay with blue: one whose tasks a rolling update has replaced already is brought back.
        let is_blue = |number: &u64| owner.deployments.iter().any(|known| known.number == *number);
        if let Some(blue) = shift.as_ref().and_then(|shift| shift.blue).filter(|blue| !is_blue(blue)) {
            let mut back = Deployment::new(blue, now);
            (back.desired, back.was_complete) = (owner.desired, true);
            owner.deployments.push(back);
        }
        let mut deployment = Deployment::new(number, now);
        deployment.desired = owner.desired;
        owner.deployments.insert(0, deployment);
        let watches_alarms = rules.alarms.is_some() && !rings;
        let threshold = rules.breaker.map_or(0, |breaker| breaker.threshold.of(owner.desired));
        owner.history.push(ServiceDeployment {
            arn: deployment_arn,
            target: number,
            sources,
            status: DeploymentStatus::Pending,
            reason: None,
            due: Some(now + attention),
            rollback: None,
            rules,
            shift,
            failures: 0,
            threshold,
            triggered: false,
            watches_alarms,
            rang: Vec::new(),
            bakes_until: None,
            created_at: now,
            started_at: None,
            finished_at: None,
            stopped_at: None,
            updated_at: now,
        });
        owner.steady = false;
    }

    /// The revisions of a service that have tasks, and how many.
    pub(crate) fn summaries(&self, place: usize) -> Vec<Summary> {
        let service = &self.ecs.services[place];
        let of = |deployment: &Deployment| self.summary(place, deployment.number, deployment.desired);
        let all = service.deployments.iter().map(of);
        all.filter(|summary| summary.running + summary.pending > 0 || Some(summary.revision) == service.good).collect()
    }

    /// The tasks of a revision.
    pub(crate) fn summary(&self, place: usize, revision: u64, requested: u32) -> Summary {
        let tasks = self.ecs.tasks.iter().filter(|task| task.is_of(place, revision));
        let (running, pending) = tasks.fold((0, 0), |(running, pending), task| match task.phase {
            Phase::Running => (running + 1, pending),
            Phase::Provisioning | Phase::Pending | Phase::Activating => (running, pending + 1),
            _ => (running, pending),
        });
        Summary { revision, requested, running, pending }
    }
}

impl Deployment {
    pub(super) fn new(number: u64, now: Timestamp) -> Self {
        Self {
            number,
            desired: 0,
            failed: 0,
            losses: 0,
            retry_at: None,
            rollout: Rollout::InProgress,
            reason: format!("ECS deployment ecs-svc/{number} in progress."),
            was_complete: false,
            created_at: now,
            updated_at: now,
        }
    }
}
