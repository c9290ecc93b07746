//! Going back to what served before, by asking ECS for it again.

use anyhow::Context as _;

use super::observe::World;
use super::session::Session;
use crate::aws::ecr::Reference;
use crate::aws::ecs::TaskDefinition;
use crate::environment::Environment;
use crate::evidence::Check;
use crate::exit::Ending;
use crate::follow::{End, Followed};
use crate::plan::{short, tag_of};
use crate::progress::{Outcome, Step};
use crate::prove::prove;
use crate::release::Digest;
use crate::settings::Strategy;
use crate::undo::{self, Past};

/// Where to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Goal {
    /// The ARN of the task definition.
    pub(crate) task_definition: String,
    /// The digest of its image, when it is known.
    pub(crate) digest: Option<Digest>,
}

/// How going there ended.
#[derive(Clone, Debug)]
pub(crate) struct Back {
    /// How ECS did.
    pub(crate) followed: Followed,
    /// What was proven of it; an error when it was not.
    pub(crate) proven: Result<Vec<Check>, String>,
}

impl Goal {
    /// Where ECS's own history says that a rollback goes, or why it goes nowhere.
    pub(crate) async fn of_history(session: &Session, environment: Environment) -> Result<Self, String> {
        let settings = session.of(environment);
        let found = async {
            let service = session.clients.service(&settings.cluster, &settings.service).await?;
            let serves = service.context("the service is gone")?.task_definition;
            target(session, environment, &serves, None).await
        };
        match found.await {
            Ok(target) => Ok(Self { task_definition: target.revision.task_definition, digest: target.digest }),
            Err(error) => Err(format!("{error:#}")),
        }
    }

    /// What served before the deployment in flight began.
    pub(crate) async fn source_of(session: &Session, world: &World) -> Result<Self, String> {
        let nothing = || "the deployment in flight has nothing before it".to_owned();
        let (_, deployment) = world.in_flight.as_ref().ok_or_else(nothing)?;
        let source = deployment.source_revisions.first().ok_or_else(nothing)?;
        let found = session.clients.service_revisions(std::slice::from_ref(source)).await;
        let found = found.map_err(|error| format!("{error:#}"))?.pop();
        let revision = found.ok_or_else(|| format!("ECS no longer knows {source}"))?;
        let digest = revision.digest_of(session.container()).cloned();
        Ok(Self { task_definition: revision.task_definition, digest })
    }
}

/// The target of a rollback by ECS's history. What stands in the way is a refusal.
pub(crate) async fn target(
    session: &Session,
    environment: Environment,
    serves: &str,
    wish: Option<&Digest>,
) -> anyhow::Result<undo::Target> {
    let settings = session.of(environment);
    let deployments = session.clients.service_deployments(&settings.cluster, &settings.service, None).await?;
    let mut arns: Vec<_> = deployments.iter().map(|deployment| deployment.target_revision.clone()).collect();
    arns.sort();
    arns.dedup();
    let revisions = session.clients.service_revisions(&arns).await?;
    let past = Past { deployments: &deployments, revisions: &revisions, serves, container: session.container() };
    let nowhere = |nowhere: undo::Nowhere| Ending::refused(format!("{environment}: {nowhere}"));
    Ok(undo::target(&past, wish).map_err(nowhere)?)
}

/// A task definition that ECS takes: the one of the goal, or a copy of it when it was deregistered or
/// names its image by a tag.
pub(crate) async fn usable(session: &Session, goal: &Goal) -> anyhow::Result<TaskDefinition> {
    let old = session.clients.task_definition(&goal.task_definition).await?;
    let digest_in = |definition: &TaskDefinition| {
        definition.image(session.container()).is_some_and(|image| image.contains("@sha256:"))
    };
    if old.is_active() && (digest_in(&old) || goal.digest.is_none()) {
        return Ok(old);
    }
    let image = match &goal.digest {
        Some(digest) => format!("{}@{digest}", session.clients.repository_uri(session.repository()).await?),
        None => old.image(session.container()).context("its container has no image")?.to_owned(),
    };
    let copy = old.with_image(session.container(), &image)?;
    for arn in session.clients.definitions_of(copy.family(), 5).await? {
        let registered = session.clients.task_definition(&arn).await?;
        if registered.is_active() && registered.same_as(&copy) {
            return Ok(registered);
        }
    }
    let registered = session.clients.register(&copy).await?;
    session.progress.say(Step::Register, format!("{} again, as {}", short(old.arn()), short(registered.arn())));
    Ok(registered)
}

/// Moves the environment's tag back to what serves again. Nothing is deployed by it, so that it could
/// not be moved changes nothing about how the run ends.
pub(crate) async fn tag_back(session: &Session, environment: Environment, digest: Option<&Digest>) {
    let (Some(tag), Some(digest)) = (tag_of(environment), digest) else { return };
    let begun = session.progress.begin(Step::Tag, format!("{tag} to {}", digest.short()), None);
    match session.clients.retag(session.repository(), digest, &tag).await {
        Ok(true) => begun.done("by its manifest"),
        Ok(false) => begun.skipped("it is there"),
        Err(error) => begun.end(Outcome::Failed, format!("{error:#}")),
    }
}

/// Whether an image is still in the registry.
pub(crate) async fn is_there(session: &Session, digest: &Digest) -> anyhow::Result<bool> {
    Ok(session.clients.image(session.repository(), Reference::Digest(digest)).await?.is_some())
}

impl Session {
    /// The same, which listens to no alarm there: one that a release has set off rings on for a while, and
    /// says nothing against the way back.
    fn deaf(&self, environment: Environment) -> Self {
        let mut deaf = self.clone();
        if let Some(settings) = deaf.settings.environments.get_mut(&environment) {
            settings.alarms.clear();
        }
        deaf
    }
}

/// Asks ECS for a task definition and follows it, whatever signals come, and proves what it has come
/// to. An error says whether the service may have been changed.
pub(crate) async fn bring_back(
    session: &Session,
    environment: Environment,
    definition: &TaskDefinition,
    digest: Option<&Digest>,
) -> Result<Back, Ending> {
    let session = &session.deaf(environment);
    let edge = session.unstoppable();
    let settings = session.of(environment);
    let configured = match settings.strategy {
        Strategy::Rolling => None,
        // Not known, it comes back as the service is set up, and every pause is answered on the way.
        _ => match session.clients.service(&settings.cluster, &settings.service).await {
            Ok(Some(service)) => service.configured_back(&settings.strategy),
            _ => None,
        },
    };
    let service = session.update(environment, definition.arn(), configured).await?;
    let followed = session.follow(environment, &service, None, None, &edge, std::future::pending()).await;
    let mut back = Back { followed, proven: Err("it did not come in".to_owned()) };
    if back.followed.end != End::In {
        return Ok(back);
    }
    back.proven = match (&back.followed.deployment, digest) {
        (Some(deployment), Some(digest)) => {
            let settings = session.of(environment);
            let limit = session.settings.limits.proof;
            let begun = session.progress.begin(Step::Prove, format!("that {} serves", digest.short()), Some(limit));
            let proven = prove(&session.clients, settings, session.container(), deployment, digest, limit, &edge).await;
            match proven {
                Ok(checks) => {
                    begun.done(format!("{} checks", checks.len()));
                    Ok(checks)
                }
                Err(error) => {
                    let why = format!("{error:#}");
                    begun.end(Outcome::Failed, why.clone());
                    Err(why)
                }
            }
        }
        // ECS followed to SUCCESSFUL; of a release without a digest there is no more to be said.
        _ => Ok(Vec::new()),
    };
    Ok(back)
}
