//! A release into an environment: what deploy-staging and promote have in common.

use jiff::Timestamp;
use serde_json::json;
use tokio::time::Instant;

use super::{Answer, Session};
use crate::arguments::Manner;
use crate::aws::ecs::TaskDefinition;
use crate::environment::Environment;
use crate::evidence::Evidence;
use crate::execute::session::{Caller, LOOK_AGAIN};
use crate::execute::{Came, Kind, Rollout, World, preflight, wanted};
use crate::exit::Ending;
use crate::lock::{Guard, holder_of};
use crate::plan::{Asked, Course, Observed, Plan};
use crate::progress::{About, Event, Step};
use crate::registry::Layout;
use crate::release::Release;

/// What goes where.
pub(super) struct Source<'a> {
    pub(super) environment: Environment,
    pub(super) release: Release,
    /// Where the image is, when it may have to be pushed.
    pub(super) layout: Option<&'a Layout>,
    pub(super) began: Timestamp,
    /// The stage at which it is left to ECS.
    pub(super) until: Option<&'static str>,
}

/// A plan, and all that it was made from.
struct Decided {
    plan: Plan,
    world: World,
    wanted: TaskDefinition,
}

/// What would be done.
pub(super) async fn planned(session: &Session, source: &Source<'_>) -> anyhow::Result<Answer> {
    let decided = decide(session, source, None).await?;
    let Decided { plan, world, wanted } = &decided;
    if matches!(plan.course, Course::RollOut { .. }) {
        preflight(session, source.environment, world, wanted).await?;
    }
    let mut lines = plan.lines(session.of(source.environment), &session.settings.limits);
    if let Some(attempt) = world.last_attempt() {
        lines.push(session.redactor.redact(&attempt));
    }
    let holder = holder_of(&session.registry, source.environment).await?;
    if let Some(holder) = &holder {
        lines.push(format!("it would be refused now: {holder}"));
    }
    let settings = session.of(source.environment);
    let strategy = json!({
        "name": settings.strategy.name(),
        "ladder": settings.strategy.ladder(),
        "watched_seconds": settings.watched().as_secs(),
    });
    Ok(Answer { lines, result: json!({ "plan": plan, "strategy": strategy, "lock": holder }) })
}

/// Does it, with the lock.
pub(super) async fn deploy(
    session: &Session,
    source: &Source<'_>,
    caller: &Caller,
    guard: &Guard,
    manner: Manner,
) -> anyhow::Result<Answer> {
    let deadline = manner.wait.then(|| Instant::now() + session.settings.limits.wait);
    let Decided { plan, world, wanted } = decide(session, source, deadline).await?;
    let about = About { release: Some(plan.release.clone()), serving: plan.from.words() };
    session.progress.tell(Event::About(Box::new(about)));
    if let Some(attempt) = world.last_attempt() {
        session.progress.say(Step::Plan, session.redactor.redact(&attempt));
    }
    for line in plan.lines(session.of(source.environment), &session.settings.limits) {
        session.progress.say(Step::Plan, line);
    }
    let session = &session.knowing(&wanted);
    let (layout, began, until) = (source.layout, source.began, source.until);
    Rollout { session, guard, caller, plan: &plan, world: &world, wanted, layout, began, until }.run().await
}

/// Observes and decides; with a deadline, what is in flight is waited for.
async fn decide(session: &Session, source: &Source<'_>, deadline: Option<Instant>) -> anyhow::Result<Decided> {
    loop {
        let limit = Some(session.settings.limits.preflight);
        let what = format!("what serves in {}", source.environment);
        let (asked, observed, world, wanted) = session
            .step(Step::Plan, what, limit, Kind::Gate, async {
                let found = observe(session, source).await?;
                let words = found.1.serving.words();
                Ok(Came::done(found, words))
            })
            .await?;
        match Plan::decide(&asked, &observed) {
            Ok(plan) => return Ok(Decided { plan, world, wanted }),
            Err(refusal) => {
                let Some(deadline) = deadline.filter(|_| world.in_flight.is_some()) else {
                    return Err(refusal.into());
                };
                session.progress.say(Step::Plan, format!("waiting: {refusal}"));
                // Looked at quietly: what does not answer now is asked again.
                while session.world(source.environment).await.is_ok_and(|world| world.in_flight.is_some()) {
                    if Instant::now() + LOOK_AGAIN >= deadline {
                        return Err(refusal.into());
                    }
                    if session.edge.stop.sleep(LOOK_AGAIN).await {
                        return Err(session.stopped().into());
                    }
                }
            }
        }
    }
}

async fn observe(session: &Session, source: &Source<'_>) -> anyhow::Result<(Asked, Observed, World, TaskDefinition)> {
    let Source { environment, release, .. } = source;
    let repository = session.repository();
    let world = session.world(*environment).await?;
    let tagged = session.clients.digest_of_tag(repository, release.commit.as_str()).await?;
    // Nothing was ever said about an image that is not there, and the registry would not know it.
    let evidence = match &tagged {
        Some(tagged) if *tagged == release.digest => Evidence::about(&session.registry, &release.digest).await?,
        _ => Evidence::default(),
    };
    let image = format!("{}@{}", session.clients.repository_uri(repository).await?, release.digest);
    let (wanted, definition) = wanted(session, &world.definition, &image).await.map_err(|error| {
        error.downcast::<Ending>().unwrap_or_else(|error| Ending::CouldNotTell(format!("{error:#}")))
    })?;
    let migrations = &session.settings.migrations;
    let migration = migrations.run.then(|| migrations.command.clone());
    let migrations = session.migrations_by(&release.commit, &evidence).await;
    let asked = Asked { environment: *environment, release: release.clone(), image, migration, migrations };
    let serving = session.migrations_of(world.serving.commit.as_ref(), world.serving.digest.as_ref()).await;
    let observed = Observed {
        desired: world.service.desired,
        running: world.service.primary().map_or(0, |primary| primary.running),
        since: world.since(),
        serving: world.serving.clone(),
        in_flight: world.in_flight.as_ref().map(|(in_flight, _)| in_flight.clone()),
        tagged,
        evidence,
        definition,
        migrations: serving,
    };
    Ok((asked, observed, world, wanted))
}
