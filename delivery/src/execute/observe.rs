//! What there is in an environment, as far as a plan asks.

use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;

use super::session::Session;
use crate::aws::ecr::Reference;
use crate::aws::ecs::{Deployment, DeploymentStatus, Service, ServiceDeployment, TaskDefinition};
use crate::environment::Environment;
use crate::exit::Ending;
use crate::plan::{Definition, InFlight, Serving, short};
use crate::release::{Commit, Digest};

/// How much older than a service's primary deployment a service deployment may be that names its
/// revision: one that was rolled back to is named by what came after it.
const OLDER: Duration = Duration::from_hours(24);
/// How many registered revisions are compared with the one that is wanted.
const COMPARED: usize = 5;

/// What there is in an environment.
#[derive(Clone, Debug)]
pub(crate) struct World {
    /// The service.
    pub(crate) service: Service,
    /// The task definition that it was asked for last.
    pub(crate) definition: TaskDefinition,
    /// Its latest service deployments, the newest first.
    pub(crate) deployments: Vec<ServiceDeployment>,
    /// What it was asked for last.
    pub(crate) serving: Serving,
    /// What is not over.
    pub(crate) in_flight: Option<(InFlight, ServiceDeployment)>,
}

impl World {
    /// The service deployment by which what serves came in, when it is known.
    pub(crate) fn came_in(&self) -> Option<&ServiceDeployment> {
        self.deployments.iter().find(|one| Some(&one.target_revision) == self.serving.revision.as_ref())
    }

    /// What became of the last attempt to bring something in, when it was taken back or did not come back.
    pub(crate) fn last_attempt(&self) -> Option<String> {
        let last = self.deployments.first()?;
        let how = match last.status {
            DeploymentStatus::RollbackSuccessful => "was taken back",
            DeploymentStatus::RollbackFailed => "was NOT taken back",
            _ => return None,
        };
        let because = last.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        Some(format!("the last deployment there, {}, {how} ({}){because}", short(&last.arn), last.status))
    }

    /// When what serves was asked for.
    pub(crate) fn since(&self) -> Option<Timestamp> {
        let entry = || self.service.primary().map(|primary| primary.created_at);
        self.came_in().map(|deployment| deployment.created_at).or_else(entry)
    }
}

impl Session {
    /// Looks at an environment.
    pub(crate) async fn world(&self, environment: Environment) -> anyhow::Result<World> {
        let settings = self.of(environment);
        let (cluster, name) = (settings.cluster.as_str(), settings.service.as_str());
        let service = self.clients.service(cluster, name).await?.ok_or_else(|| {
            Ending::refused(format!("the cluster {cluster} has no active service {name}: create it, or name another"))
        })?;
        if service.status != "ACTIVE" {
            return Err(Ending::refused(format!("the service {name} of {cluster} is {}", service.status)).into());
        }
        let primary = service.primary().cloned();
        let since = primary.as_ref().map(|primary| primary.created_at - OLDER);
        let deployments = self.clients.service_deployments(cluster, name, since).await?;
        let definition = self.clients.task_definition(&service.task_definition).await?;
        let revision = primary.as_ref().and_then(|primary| revision_of(primary, &deployments));
        let in_flight = deployments.iter().find(|deployment| deployment.status.is_in_flight()).cloned();
        let asked: Vec<String> =
            revision.iter().chain(in_flight.as_ref().map(|found| &found.target_revision)).cloned().collect();
        let revisions = if asked.is_empty() { Vec::new() } else { self.clients.service_revisions(&asked).await? };
        let digest_of = |arn: &String| {
            let found = revisions.iter().find(|revision| revision.arn == *arn)?;
            found.digest_of(self.container()).cloned()
        };
        let named = || definition.image(self.container())?.split_once('@')?.1.parse().ok();
        let digest = revision.as_ref().and_then(digest_of).or_else(named);
        let commit = match &digest {
            Some(digest) => self.commit_of(digest).await?,
            None => None,
        };
        let serving = Serving { digest, commit, task_definition: service.task_definition.clone(), revision };
        let in_flight = in_flight.map(|found| {
            let forward = matches!(found.status, DeploymentStatus::Pending | DeploymentStatus::InProgress);
            let digest = digest_of(&found.target_revision);
            (InFlight { arn: found.arn.clone(), status: found.status.to_string(), digest, forward }, found)
        });
        Ok(World { service, definition, deployments, serving, in_flight })
    }

    /// The commit of an image: the tag that is one.
    pub(crate) async fn commit_of(&self, digest: &Digest) -> anyhow::Result<Option<Commit>> {
        let image = self.clients.image(self.repository(), Reference::Digest(digest)).await?;
        Ok(image.and_then(|image| image.tags.iter().find_map(|tag| tag.parse().ok())))
    }
}

/// The service revision that a deployment of a service brings in: both have the same number.
fn revision_of(primary: &Deployment, deployments: &[ServiceDeployment]) -> Option<String> {
    let number = primary.id.rsplit('/').next()?;
    let revisions = deployments
        .iter()
        .flat_map(|deployment| std::iter::once(&deployment.target_revision).chain(&deployment.source_revisions));
    revisions.into_iter().find(|arn| arn.rsplit('/').next() == Some(number)).cloned()
}

/// The task definition that a release needs, and whether it is registered.
pub(crate) async fn wanted(
    session: &Session,
    deployed: &TaskDefinition,
    image: &str,
) -> anyhow::Result<(TaskDefinition, Definition)> {
    let wanted = deployed.with_image(session.container(), image)?;
    if deployed.is_active() && deployed.same_as(&wanted) {
        return Ok((deployed.clone(), Definition::Registered(deployed.arn().to_owned())));
    }
    for arn in session.clients.definitions_of(deployed.family(), COMPARED).await? {
        let registered = session.clients.task_definition(&arn).await.context("failed to compare task definitions")?;
        if registered.is_active() && registered.same_as(&wanted) {
            return Ok((registered, Definition::Registered(arn)));
        }
    }
    let differences = deployed.differences(&wanted);
    Ok((wanted, Definition::New(differences)))
}
