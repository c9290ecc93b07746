//! `rollback`: what is in flight is aborted; otherwise the last good release comes back. Nothing is
//! built or migrated, and nothing of the release that is left is needed.

mod ground;

use serde_json::json;

use super::{Answer, Session};
use crate::arguments::Rollback;
use crate::environment::Environment;
use crate::execute::{Came, Goal, Kind, World, bring_back, is_there, smoke, tag_back, target, usable};
use crate::exit::Ending;
use crate::follow::End;
use crate::lock::Guard;
use crate::plan::short;
use crate::progress::{About, Event, Outcome, Step};
use crate::release::{Commit, Digest, Release};
use ground::Ground;

/// Where it goes.
struct Destination {
    goal: Goal,
    release: Option<Release>,
    passed_by: Vec<String>,
    since: jiff::Timestamp,
    ground: Ground,
}

pub(super) async fn run(session: &Session, arguments: &Rollback) -> anyhow::Result<Answer> {
    let environment = arguments.environment(&session.edge.variables)?;
    let to = arguments.to(&session.edge.variables)?;
    let caller = session.caller(environment).await?;
    if arguments.manner.dry_run {
        return planned(session, environment, to.as_ref()).await;
    }
    session
        .locked(environment, &caller.owner, None, arguments.manner, async |guard| {
            roll_back(session, environment, to.as_ref(), guard).await
        })
        .await
}

async fn planned(session: &Session, environment: Environment, to: Option<&Commit>) -> anyhow::Result<Answer> {
    let world = look(session, environment).await?;
    if let Some((in_flight, _)) = &world.in_flight {
        let line = format!("{environment} has a deployment in flight ({}), which would be aborted", in_flight.status);
        return Ok(Answer { lines: vec![line], result: json!({ "abort": in_flight.arn }) });
    }
    let destination = destination(session, environment, &world, to).await?;
    destination.ground.judge(&destination.name())?;
    let lines = destination.lines(environment, &world);
    let result = json!({
        "schema": destination.ground.value(),
        "from": world.serving,
        "to": { "release": destination.release, "task_definition": destination.goal.task_definition },
        "passed_by": destination.passed_by,
    });
    Ok(Answer { lines, result })
}

/// Aborts what is in flight, or brings the last good release back, with the lock.
pub(super) async fn roll_back(
    session: &Session,
    environment: Environment,
    to: Option<&Commit>,
    guard: &Guard,
) -> anyhow::Result<Answer> {
    let world = look(session, environment).await?;
    let world = match &world.in_flight {
        None => world,
        Some((in_flight, deployment)) => {
            session.phase.depart();
            let edge = session.unstoppable();
            let why = format!("rollback of {environment} was asked for");
            let followed = session.following(environment, &edge).abort(deployment, &why).await;
            session.phase.arrive();
            match followed.end {
                End::BackAgain => {
                    let now = look(session, environment).await?;
                    let wished = match to {
                        Some(commit) => now.serving.commit.as_ref() == Some(commit),
                        None => true,
                    };
                    if wished {
                        tag_back(session, environment, now.serving.digest.as_ref()).await;
                        let words = now.serving.words();
                        let line = format!("{environment}: {} was aborted, and {words} serves", short(&in_flight.arn));
                        return Ok(Answer {
                            lines: vec![line],
                            result: json!({ "aborted": in_flight.arn, "serves": now.serving }),
                        });
                    }
                    now
                }
                // It came in before it could be aborted: it is taken back like any other.
                End::In => look(session, environment).await?,
                End::NotBack | End::Somebody | End::Left => return Err(Ending::RollbackFailed(followed.reason).into()),
            }
        }
    };
    let destination = destination(session, environment, &world, to).await?;
    let about = About { release: destination.release.clone(), serving: world.serving.words() };
    session.progress.tell(Event::About(Box::new(about)));
    for line in destination.lines(environment, &world) {
        session.progress.say(Step::Plan, line);
    }
    destination.ground.judge(&destination.name())?;
    bring(session, environment, destination, guard).await
}

/// Looks at the environment.
async fn look(session: &Session, environment: Environment) -> anyhow::Result<World> {
    let limit = Some(session.settings.limits.preflight);
    session
        .step(Step::Plan, format!("what serves in {environment}"), limit, Kind::Gate, async {
            let world = session.world(environment).await?;
            let words = world.serving.words();
            Ok(Came::done(world, words))
        })
        .await
}

/// Where it goes, whose image is still there.
async fn destination(
    session: &Session,
    environment: Environment,
    world: &World,
    to: Option<&Commit>,
) -> anyhow::Result<Destination> {
    let limit = Some(session.settings.limits.preflight);
    let (found, release) = session
        .step(Step::Plan, "where a rollback goes", limit, Kind::Gate, async {
            let wish = match to {
                None => None,
                Some(commit) => Some(digest_of(session, commit).await?),
            };
            let found = target(session, environment, &world.service.task_definition, wish.as_ref()).await?;
            let commit = match &found.digest {
                None => None,
                Some(digest) => {
                    if !is_there(session, digest).await? {
                        return Err(Ending::refused(format!(
                            "the image of what served before, {digest}, is no longer in {}: name another with --to",
                            session.repository()
                        ))
                        .into());
                    }
                    session.commit_of(digest).await?
                }
            };
            let release = commit.zip(found.digest.clone()).map(|(commit, digest)| Release { commit, digest });
            let name = name_of(release.as_ref(), found.digest.as_ref(), &found.revision.task_definition);
            Ok(Came::done((found, release), name))
        })
        .await?;
    // Not in that step: that it takes long is no reason not to go.
    let commit = release.as_ref().map(|release| &release.commit);
    let ground = Ground::look(session, environment, (commit, found.digest.as_ref()), &found.history);
    let ground = Box::pin(ground).await;
    let since = found.deployment.created_at;
    let goal = Goal { task_definition: found.revision.task_definition, digest: found.digest };
    Ok(Destination { goal, release, passed_by: found.passed_by, since, ground })
}

async fn digest_of(session: &Session, commit: &Commit) -> anyhow::Result<Digest> {
    let repository = session.repository();
    let found = session.clients.digest_of_tag(repository, commit.as_str()).await?;
    Ok(found.ok_or_else(|| Ending::refused(format!("{repository} has no image of {}", commit.short())))?)
}

/// Brings it there. From the moment that ECS is asked, what is not proven is a failed rollback.
async fn bring(
    session: &Session,
    environment: Environment,
    destination: Destination,
    guard: &Guard,
) -> anyhow::Result<Answer> {
    let name = destination.name();
    let Destination { goal, release, .. } = destination;
    let limit = Some(session.settings.limits.preflight);
    let definition = session
        .step(Step::Register, format!("a task definition of {name}"), limit, Kind::Act, async {
            session.phase.touch();
            let definition = usable(session, &goal).await?;
            let words = short(definition.arn()).to_owned();
            Ok(Came::done(definition, words))
        })
        .await?;
    if session.edge.stop.requested() {
        return Err(session.stopped().into());
    }
    guard.check().await.map_err(|error| Ending::Failed(format!("{error:#}")))?;
    let begun = session.progress.begin(Step::RollBack, format!("{environment} to {name}"), None);
    let done = Box::pin(async {
        let back = Box::pin(bring_back(session, environment, &definition, goal.digest.as_ref())).await?;
        match back.followed.end {
            End::In => {}
            End::BackAgain => {
                let why = back.followed.reason;
                return Err(Ending::RollbackFailed(format!(
                    "{name} did not come in, and what was to go serves: {why}"
                )));
            }
            End::NotBack | End::Somebody | End::Left => return Err(Ending::RollbackFailed(back.followed.reason)),
        }
        let checks =
            back.proven.map_err(|why| Ending::RollbackFailed(format!("it came in and was not proven: {why}")))?;
        match &release {
            None => session.progress.warn(Step::Smoke, "nobody knows its commit, so it is not asked whether it serves"),
            Some(release) => {
                let mut settings = session.of(environment).clone();
                // At three in the morning nobody may have the token, and the way back needs none.
                if settings.smoke.flows && session.token(environment).is_none() {
                    settings.smoke.flows = false;
                    let what = format!("{} is not set, so the flows are not run", settings.token_variable);
                    session.progress.warn(Step::Smoke, what);
                }
                let smoked = smoke(session, &settings, environment, release).await;
                if !smoked.passed() {
                    let why = smoked.failure().unwrap_or_default();
                    return Err(Ending::RollbackFailed(format!("{name} serves again, and is not well: {why}")));
                }
            }
        }
        Ok((checks, back.followed.deployment))
    });
    let done = done.await;
    session.phase.arrive();
    match done {
        Ok((checks, deployment)) => {
            begun.done(format!("{name} serves"));
            tag_back(session, environment, goal.digest.as_ref()).await;
            let lines = vec![format!("{environment} serves {name} again, proven")];
            let result = json!({ "release": release, "service_deployment": deployment, "checks": checks });
            Ok(Answer { lines, result })
        }
        Err(ending) => {
            begun.end(Outcome::Failed, ending.to_string());
            Err(ending.into())
        }
    }
}

impl Destination {
    fn name(&self) -> String {
        name_of(self.release.as_ref(), self.goal.digest.as_ref(), &self.goal.task_definition)
    }

    fn lines(&self, environment: Environment, world: &World) -> Vec<String> {
        let mut lines = vec![format!(
            "{environment} goes from {} back to {}, the last that came in well and serves no longer (at {:.0}, as {})",
            world.serving.words(),
            self.name(),
            self.since,
            short(&self.goal.task_definition)
        )];
        lines.extend(self.passed_by.iter().map(|passed| format!("  passed by: {passed}")));
        lines.extend(self.ground.lines(&self.name()).into_iter().map(|line| format!("  {line}")));
        lines
    }
}

fn name_of(release: Option<&Release>, digest: Option<&Digest>, task_definition: &str) -> String {
    match (release, digest) {
        (Some(release), _) => release.to_string(),
        (None, Some(digest)) => format!("an image of no known commit ({})", digest.short()),
        (None, None) => short(task_definition).to_owned(),
    }
}
