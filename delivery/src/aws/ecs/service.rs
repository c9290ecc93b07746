//! Services.

use anyhow::{Context as _, bail};
use aws_sdk_ecs::types as sdk;
use jiff::Timestamp;

use super::configured::Configured;
use super::{failed, last_part, time};
use crate::aws::Clients;

/// A service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Service {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Its cluster's name.
    pub cluster: String,
    /// ECS's word: `ACTIVE` or `DRAINING`.
    pub status: String,
    /// The ARN of the task definition that it was last asked for.
    pub task_definition: String,
    /// How many tasks there should be.
    pub desired: i32,
    /// How many run.
    pub running: i32,
    /// How many are being started.
    pub pending: i32,
    /// The deployments that have tasks, and the one that is to have them.
    pub deployments: Vec<Deployment>,
    /// What ECS says of it, the newest first.
    pub events: Vec<ServiceEvent>,
    /// The alarms at which ECS rolls a deployment back.
    pub alarms: Vec<String>,
    /// ECS's word for how revisions come in: `ROLLING`, `BLUE_GREEN`, `CANARY` or `LINEAR`.
    pub strategy: String,
    /// How its load balancers reach it.
    pub balanced: Vec<Balanced>,
    pub(super) configuration: Option<sdk::DeploymentConfiguration>,
    pub(super) launch: Launch,
}

/// How a load balancer reaches a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Balanced {
    /// The ARN of the target group.
    pub target_group: String,
    /// That of the second target group, for a release beside the one that serves.
    pub alternate_target_group: Option<String>,
    /// That of the listener rule, or listener, which users' traffic comes by.
    pub production_rule: Option<String>,
    /// That of the listener rule, or listener, by which a release is reached before users reach it.
    pub test_rule: Option<String>,
    /// That of the role with which ECS shifts traffic.
    pub role: Option<String>,
}

/// Where tasks of the service run, for one-off tasks beside them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Launch {
    pub(super) network: Option<sdk::NetworkConfiguration>,
    pub(super) kind: Option<sdk::LaunchType>,
    pub(super) capacity: Option<Vec<sdk::CapacityProviderStrategyItem>>,
    pub(super) platform_version: Option<String>,
}

/// A revision of a service that has tasks, or is to have them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// `ecs-svc/N`, which is also what its tasks were started by.
    pub id: String,
    /// `PRIMARY` for the one that was asked for last, `ACTIVE` for the others.
    pub status: String,
    /// The ARN of its task definition.
    pub task_definition: String,
    /// `IN_PROGRESS`, `COMPLETED` or `FAILED`.
    pub rollout_state: String,
    /// Why.
    pub reason: Option<String>,
    /// How many tasks it should have.
    pub desired: i32,
    /// How many run.
    pub running: i32,
    /// How many are being started.
    pub pending: i32,
    /// How many failed since one last ran.
    pub failed: i32,
    /// When it was asked for.
    pub created_at: Timestamp,
}

/// What ECS says of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceEvent {
    /// Its id.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// What.
    pub message: String,
}

impl Service {
    /// The deployment that was asked for last.
    #[must_use]
    pub fn primary(&self) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| deployment.status == "PRIMARY")
    }

    fn of(service: &sdk::Service) -> anyhow::Result<Self> {
        let name = service.service_name().context("ECS described a service without a name")?;
        let configuration = service.deployment_configuration();
        let alarms = configuration.and_then(|configuration| configuration.alarms());
        let strategy = configuration.and_then(|configuration| configuration.strategy());
        Ok(Self {
            arn: service.service_arn().context("ECS described a service without an ARN")?.to_owned(),
            name: name.to_owned(),
            cluster: last_part(service.cluster_arn().unwrap_or_default()).to_owned(),
            status: service.status().unwrap_or("UNKNOWN").to_owned(),
            task_definition: service.task_definition().unwrap_or_default().to_owned(),
            desired: service.desired_count(),
            running: service.running_count(),
            pending: service.pending_count(),
            deployments: service.deployments().iter().map(Deployment::of).collect(),
            events: service.events().iter().map(ServiceEvent::of).collect(),
            alarms: alarms.filter(|alarms| alarms.enable()).map(|a| a.alarm_names().to_vec()).unwrap_or_default(),
            strategy: strategy.map_or("ROLLING", |strategy| strategy.as_str()).to_owned(),
            balanced: service.load_balancers().iter().map(Balanced::of).collect(),
            configuration: configuration.cloned(),
            launch: Launch {
                network: service.network_configuration().cloned(),
                kind: service.launch_type().cloned(),
                capacity: service.capacity_provider_strategy.clone().filter(|strategy| !strategy.is_empty()),
                platform_version: service.platform_version().map(str::to_owned),
            },
        })
    }
}

impl Balanced {
    fn of(balancer: &sdk::LoadBalancer) -> Self {
        let advanced = balancer.advanced_configuration();
        let some = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        Self {
            target_group: balancer.target_group_arn().unwrap_or_default().to_owned(),
            alternate_target_group: some(advanced.and_then(|advanced| advanced.alternate_target_group_arn())),
            production_rule: some(advanced.and_then(|advanced| advanced.production_listener_rule())),
            test_rule: some(advanced.and_then(|advanced| advanced.test_listener_rule())),
            role: some(advanced.and_then(|advanced| advanced.role_arn())),
        }
    }
}

impl Deployment {
    fn of(deployment: &sdk::Deployment) -> Self {
        Self {
            id: deployment.id().unwrap_or_default().to_owned(),
            status: deployment.status().unwrap_or_default().to_owned(),
            task_definition: deployment.task_definition().unwrap_or_default().to_owned(),
            rollout_state: deployment.rollout_state().map_or("UNKNOWN", |state| state.as_str()).to_owned(),
            reason: deployment.rollout_state_reason().map(str::to_owned),
            desired: deployment.desired_count(),
            running: deployment.running_count(),
            pending: deployment.pending_count(),
            failed: deployment.failed_tasks(),
            created_at: time(deployment.created_at()).unwrap_or_default(),
        }
    }
}

impl ServiceEvent {
    fn of(event: &sdk::ServiceEvent) -> Self {
        Self {
            id: event.id().unwrap_or_default().to_owned(),
            at: time(event.created_at()).unwrap_or_default(),
            message: event.message().unwrap_or_default().to_owned(),
        }
    }
}

impl Clients {
    /// A service, or none when there is none or it was deleted.
    pub async fn service(&self, cluster: &str, service: &str) -> anyhow::Result<Option<Service>> {
        let what = || format!("failed to describe the service {service} of {cluster}");
        let call = self.ecs.describe_services().cluster(cluster).services(service);
        let answer = call.send().await.map_err(failed).with_context(what)?;
        if let Some(found) = answer.services().first() {
            return match found.status() {
                Some("INACTIVE") => Ok(None),
                _ => Service::of(found).map(Some).with_context(what),
            };
        }
        match answer.failures().first().map(|failure| failure.reason().unwrap_or("no reason")) {
            None | Some("MISSING") => Ok(None),
            Some(reason) => bail!("{}: {reason}", what()),
        }
    }

    /// Asks for another task definition, to be brought in as it is configured, or else as the service is.
    /// The service after it: its [`Service::primary`] is what was asked for. Asked for again, after a lost
    /// answer say, it changes nothing.
    pub async fn update_service(
        &self,
        cluster: &str,
        service: &str,
        task_definition: &str,
        configured: Option<Configured>,
    ) -> anyhow::Result<Service> {
        let what = || format!("failed to update the service {service} of {cluster} to {task_definition}");
        // No desired count: autoscaling owns it. No forced deployment: it would be one of the same.
        let call = self.ecs.update_service().cluster(cluster).service(service).task_definition(task_definition);
        let call = call.set_deployment_configuration(configured.map(|configured| configured.0));
        let answer = call.send().await.map_err(failed).with_context(what)?;
        let service = answer.service().with_context(|| format!("{}: no service was in the answer", what()))?;
        Service::of(service).with_context(what)
    }
}
