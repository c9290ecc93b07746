//! What is watched: a release that serves, or one that is still coming in.

use crate::aws::ecs::ServiceDeployment;
use crate::execute::World;
use crate::execute::session::Session;
use crate::exit::Ending;
use crate::release::{Commit, Digest, Release};
use crate::watch::{Reach, TargetGroups};

/// What is watched.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) release: Release,
    /// What serves beside it, while it is coming in.
    pub(super) serving: Option<Commit>,
    pub(super) reach: Reach,
    /// Whether the old release is still there to go back to at once.
    is_kept: bool,
    pub(super) target_groups: Option<TargetGroups>,
    /// The service deployment by which it came in, or comes.
    pub(super) deployment: Option<String>,
    /// The service revision that it is.
    revision: Option<String>,
}

impl Watched {
    /// What there is to be watched, or why it cannot be.
    pub(super) async fn of(session: &Session, world: &World) -> anyhow::Result<Self> {
        let deployment = match &world.in_flight {
            Some((in_flight, deployment)) => {
                if !in_flight.forward {
                    let status = &in_flight.status;
                    return Err(Ending::refused(format!(
                        "what is in flight is on its way back or being stopped ({status}): watch what serves when it is over"
                    ))
                    .into());
                }
                Some(deployment)
            }
            None => world.came_in(),
        };
        let digest = match &world.in_flight {
            Some((in_flight, _)) => in_flight.digest.clone(),
            None => world.serving.digest.clone(),
        };
        let nobody_knows =
            || Ending::refused("nobody knows the commit of what serves: an answer of it could not be told");
        let digest = digest.ok_or_else(nobody_knows)?;
        let commit = session.commit_of(&digest).await?.ok_or_else(nobody_knows)?;
        // The old release that is kept in the bake gets no traffic, and what was measured of it before is not
        // known here.
        let reach = match &world.in_flight {
            Some((_, deployment)) if deployment.weights.production < 100.0 => {
                Reach::Hold { weight: deployment.weights.production }
            }
            _ => Reach::Alone,
        };
        let is_kept = world.in_flight.is_some();
        let serving = match (&world.in_flight, deployment) {
            (Some(_), Some(deployment)) => commit_before(session, deployment).await,
            _ => None,
        };
        let target_groups = match deployment {
            Some(deployment) => {
                let balancer = world.service.balanced.iter().find_map(|balanced| balanced.production_rule.clone());
                let source = world.in_flight.as_ref().and(deployment.source_revisions.first());
                TargetGroups::of(&session.clients, balancer, &deployment.target_revision, source).await
            }
            None => None,
        };
        Ok(Self {
            release: Release { commit, digest },
            serving,
            reach,
            is_kept,
            target_groups,
            deployment: deployment.map(|deployment| deployment.arn.clone()),
            revision: deployment
                .map_or_else(|| world.serving.revision.clone(), |one| Some(one.target_revision.clone())),
        })
    }

    /// Whether it is still what serves or comes in.
    pub(super) fn is_there(&self, world: &World) -> bool {
        let now = match &world.in_flight {
            Some((_, deployment)) => Some(&deployment.target_revision),
            None => world.serving.revision.as_ref(),
        };
        let digest = match &world.in_flight {
            Some((in_flight, _)) => in_flight.digest.as_ref(),
            None => world.serving.digest.as_ref(),
        };
        now == self.revision.as_ref() && digest == Some(&self.release.digest)
    }

    /// How it stands, for people.
    pub(super) fn how(&self) -> String {
        match self.reach {
            Reach::Hold { weight } => format!("on its way in with {weight} % of the traffic"),
            _ if self.is_kept => "with all traffic, and the old release kept".to_owned(),
            Reach::Bake | Reach::After | Reach::Alone => "which serves".to_owned(),
        }
    }
}

/// The commit of what a deployment replaces, when it is known.
async fn commit_before(session: &Session, deployment: &ServiceDeployment) -> Option<Commit> {
    let source = deployment.source_revisions.first()?;
    let revisions = session.clients.service_revisions(std::slice::from_ref(source)).await.ok()?;
    let digest: Digest = revisions.first()?.digest_of(session.container())?.clone();
    session.commit_of(&digest).await.ok().flatten()
}
