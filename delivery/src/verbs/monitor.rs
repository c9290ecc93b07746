//! `monitor`: what serves is watched, or what is still coming in, for so long. Nothing is changed, unless
//! it is bad and the way back was asked for.
//!
//! **Invariant**: what is taken back is what was watched. Whatever somebody else has put there meanwhile
//! is left alone.

mod back;
mod watched;

use serde_json::json;

use super::{Answer, Session};
use crate::arguments::Monitor;
use crate::environment::Environment;
use crate::evidence::{self, Evidence, Judgement};
use crate::execute::session::Caller;
use crate::execute::{Came, Kind, Seen, Sentry, World};
use crate::exit::Ending;
use crate::plan::short;
use crate::progress::{About, Event, Outcome, Step};
use crate::prove::prove;
use crate::verdict::Verdict;
use crate::watch::{Subject, Watch};
use watched::Watched;

pub(super) async fn run(session: &Session, arguments: &Monitor) -> anyhow::Result<Answer> {
    let environment = arguments.environment(&session.edge.variables)?;
    let began = session.edge.clock.now();
    let caller = session.caller(environment).await?;
    let world = look(session, environment).await?;
    let watched = Watched::of(session, &world).await.map_err(could_not_tell)?;
    let (release, serving) = (watched.release.clone(), watched.serving.clone());
    let before =
        serving.as_ref().map_or_else(|| "nothing that is known".to_owned(), |commit| commit.short().to_owned());
    session.progress.tell(Event::About(Box::new(About { release: Some(release.clone()), serving: before })));
    let what = format!("{release} in {environment}, {}", watched.how());
    let begun = session.progress.begin(Step::Watch, what, Some(arguments.lasts));
    let settings = session.of(environment);
    let subject = Subject {
        clients: &session.clients,
        environment: settings,
        candidate: &release.commit,
        serving,
        target_groups: watched.target_groups.clone(),
        token: session.token(environment),
        redactor: &session.redactor,
        clock: session.edge.clock,
    };
    let mut watch = Watch::new(subject, &settings.watch);
    let mut sentry = Sentry::of(session, environment, &world, arguments.lasts);
    let ended = tokio::select! {
        biased;
        () = session.edge.stop.wait() => {
            begun.end(Outcome::Skipped, "asked to stop");
            return Err(session.stopped().into());
        }
        ended = sentry.beside(watch.hold(watched.reach, arguments.lasts, &session.progress)) => ended,
    };
    let ended = match ended {
        Ok(verdict) if verdict.judgement == Judgement::Passed => sentry.last_look().await.map(|()| verdict),
        ended => ended,
    };
    let verdict = match ended {
        Ok(verdict) => verdict,
        Err(Seen::Bad(finding)) => Seen::bad(session, "watch", finding),
        Err(Seen::Somebody(who)) => {
            begun.end(Outcome::Refused, who.clone());
            let why = format!("{release} was not watched to the end: {who}");
            return Err(Ending::CouldNotTell(why).into());
        }
        Err(Seen::TakenBack(why)) => {
            begun.end(Outcome::Failed, why.clone());
            return Err(back::by_ecs(session, sentry.in_flight().unwrap_or_default(), &why).await.into());
        }
    };
    let Verdict { judgement, .. } = verdict;
    begun.end(if judgement == Judgement::Passed { Outcome::Done } else { Outcome::Failed }, verdict.why());
    let record = Recording { session, environment, watched: &watched, verdict: &verdict, caller: &caller, began };
    let why = format!("{} ({}, {judgement})", verdict.why(), verdict.watch);
    match judgement {
        Judgement::Passed => record.conclude().await,
        Judgement::Inconclusive | Judgement::Errored => Err(Ending::CouldNotTell(why).into()),
        Judgement::Failed => {
            record.record(Judgement::Failed, verdict.checks()).await;
            if arguments.roll_back {
                Err(back::by_us(session, environment, &watched, &caller, &why).await.into())
            } else {
                Err(Ending::refused(format!("{release} is not well in {environment}: {why}; rollback takes it back"))
                    .into())
            }
        }
    }
}

async fn look(session: &Session, environment: Environment) -> anyhow::Result<World> {
    let limit = Some(session.settings.limits.preflight);
    session
        .step(Step::Preflight, format!("what serves in {environment}"), limit, Kind::Gate, async {
            let world = session.world(environment).await?;
            let words = world.serving.words();
            Ok(Came::done(world, words))
        })
        .await
}

/// What could not be looked at says nothing about the release, and is nothing unexpected either.
fn could_not_tell(error: anyhow::Error) -> anyhow::Error {
    if error.is::<Ending>() { error } else { Ending::CouldNotTell(format!("{error:#}")).into() }
}

/// What is recorded of a watch.
struct Recording<'a> {
    session: &'a Session,
    environment: Environment,
    watched: &'a Watched,
    verdict: &'a Verdict,
    caller: &'a Caller,
    began: jiff::Timestamp,
}

impl Recording<'_> {
    /// It is well. When nobody has said so of this deployment before, it is proven and recorded.
    async fn conclude(&self) -> anyhow::Result<Answer> {
        let Self { session, environment, watched, verdict, .. } = self;
        let release = &watched.release;
        let mut lines = vec![format!("{environment}: {release} is well: {}", verdict.why())];
        if let Some(deployment) = self.unconcluded().await.map_err(could_not_tell)? {
            let settings = session.of(*environment);
            let limit = session.settings.limits.proof;
            let begun =
                session.progress.begin(Step::Prove, format!("that {} serves", release.digest.short()), Some(limit));
            let (container, edge) = (session.container(), &session.edge);
            let proven = prove(&session.clients, settings, container, &deployment, &release.digest, limit, edge).await;
            match proven {
                Ok(mut checks) => {
                    begun.done(format!("{} checks", checks.len()));
                    checks.extend(verdict.checks());
                    if self.record(Judgement::Passed, checks).await {
                        lines.push(format!("{} is concluded: it passed", short(&deployment)));
                    }
                }
                Err(error) => {
                    let why = format!("{error:#}");
                    begun.end(Outcome::Failed, why.clone());
                    return Err(Ending::CouldNotTell(why).into());
                }
            }
        }
        let result = json!({
            "environment": environment,
            "release": release,
            "judgement": verdict.judgement,
            "findings": verdict.findings,
        });
        Ok(Answer { lines, result })
    }

    /// The deployment by which it came in, when that is over and nobody has given a verdict of it yet.
    async fn unconcluded(&self) -> anyhow::Result<Option<String>> {
        let Self { session, environment, watched, .. } = self;
        let world = session.world(*environment).await?;
        if !watched.is_there(&world) || world.in_flight.is_some() {
            session.progress.say(Step::Watch, "what was watched is not in yet, or is no more: nothing is concluded");
            return Ok(None);
        }
        let Some(deployment) = world.came_in() else { return Ok(None) };
        let evidence = Evidence::about(&session.registry, &watched.release.digest).await?;
        let since = world.since();
        let said = evidence
            .verdicts
            .iter()
            .any(|verdict| verdict.environment == *environment && since.is_none_or(|since| verdict.ended >= since));
        Ok((!said).then(|| deployment.arn.clone()))
    }

    /// Records it; whether that could be done.
    async fn record(&self, judgement: Judgement, checks: Vec<evidence::Check>) -> bool {
        let Self { session, environment, watched, verdict, caller, began } = self;
        let reason = if judgement == Judgement::Passed { String::new() } else { verdict.why() };
        let recorded = evidence::Verdict {
            environment: *environment,
            judgement,
            release: watched.release.clone(),
            reason,
            service_deployment: watched.deployment.clone(),
            checks,
            by: caller.arn.clone(),
            began: *began,
            ended: session.edge.clock.now(),
            schema: None,
            survivor: None,
        };
        session.progress.tell(Event::Recorded(Box::new(recorded.clone())));
        let begun = session.progress.begin(Step::Evidence, format!("that {} {judgement}", watched.release), None);
        match recorded.record(&session.registry, &session.redactor).await {
            Ok(_) => begun.done("recorded"),
            Err(error) => {
                begun.end(Outcome::Failed, format!("{error:#}"));
                return false;
            }
        }
        true
    }
}
