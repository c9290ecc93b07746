//! The Elastic Container Service: clusters, task definitions, services, and the tasks that a
//! scheduler keeps running.
//!
//! **Invariant**: a task that may get requests is taken out of its target groups, and has the whole
//! deregistration delay to finish what it has, before anybody asks it to end.
//!
//! **Invariant**: a service revision never changes: what it runs, down to the digest of its image, is
//! decided when it is made.

pub(crate) mod blue_green;
mod check;
pub(crate) mod definition;
mod deploy;
mod due;
mod fleet;
mod history;
mod judge;
mod launch;
mod name;
mod plan;
mod report;
mod rules;
mod run;
mod schedule;
pub(crate) mod service;
mod stages;
pub(crate) mod task;
#[cfg(test)]
mod tests;
mod traffic;
mod views;

use jiff::Timestamp;
use serde_json::{Map, Value};

use self::definition::Definitions;
use self::service::Service;
use self::task::Task;
use super::State;

pub(crate) use self::deploy::{Change, ServiceWish};
pub(crate) use self::run::RunWish;
pub(crate) use self::views::health;

/// Why a call is refused: AWS's code, and what a person reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// A parameter that cannot be.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterException", message)
    }

    /// What only the client can mend.
    pub(crate) fn client(message: impl Into<String>) -> Self {
        Self::new("ClientException", message)
    }
}

/// All that ECS knows.
#[derive(Debug, Default)]
pub(crate) struct Ecs {
    pub(crate) clusters: Vec<Cluster>,
    pub(crate) definitions: Definitions,
    /// Services keep their place for good: tasks know them by it.
    pub(crate) services: Vec<Service>,
    /// The oldest first.
    pub(crate) tasks: Vec<Task>,
    /// What was started with which client token.
    pub(crate) tokens: Vec<run::Token>,
}

/// A cluster.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) tags: Vec<Value>,
}

impl State {
    /// Makes a cluster, or finds the one that has the name.
    pub(crate) fn create_cluster(&mut self, name: &str, tags: Vec<Value>) -> &Cluster {
        let clusters = &mut self.ecs.clusters;
        let place = clusters.iter().position(|cluster| cluster.name == name).unwrap_or_else(|| {
            let arn = name::arn(&self.identity, &format!("cluster/{name}"));
            clusters.push(Cluster { name: name.to_owned(), arn, tags });
            clusters.len() - 1
        });
        &self.ecs.clusters[place]
    }

    /// Registers a task definition.
    pub(crate) fn register_definition(
        &mut self,
        document: Map<String, Value>,
        now: Timestamp,
    ) -> Result<&definition::Definition, Refusal> {
        self.ecs.definitions.register(document, &self.identity, now)
    }
}

impl Ecs {
    /// The cluster of a name or an ARN; `default` when none is named.
    pub(crate) fn cluster(&self, named: Option<&str>) -> Result<&Cluster, Refusal> {
        let name = named.filter(|name| !name.is_empty()).unwrap_or("default");
        let found = self.clusters.iter().find(|cluster| cluster.name == name || cluster.arn == name);
        found.ok_or_else(|| Refusal::new("ClusterNotFoundException", "Cluster not found."))
    }

    /// The service of a name or an ARN in a cluster, whatever its status; the youngest of the name.
    pub(crate) fn find_service(&self, cluster: &str, named: &str) -> Option<usize> {
        let fits = |service: &Service| service.cluster == cluster && (service.name == named || service.arn == named);
        self.services.iter().rposition(fits)
    }

    /// The service of a name or an ARN, which must be there and not deleted.
    pub(crate) fn active_service(&self, cluster: Option<&str>, named: &str) -> Result<usize, Refusal> {
        let cluster = &self.cluster(cluster)?.name;
        let place = self
            .find_service(cluster, named)
            .ok_or_else(|| Refusal::new("ServiceNotFoundException", "Service not found."))?;
        match self.services[place].status {
            service::Status::Active => Ok(place),
            _ => Err(Refusal::new("ServiceNotActiveException", "Service was not ACTIVE.")),
        }
    }

    /// The task of an id or an ARN in a cluster.
    pub(crate) fn find_task(&self, cluster: &str, named: &str) -> Option<usize> {
        self.tasks.iter().position(|task| task.cluster == cluster && (task.arn == named || task.id() == named))
    }
}
