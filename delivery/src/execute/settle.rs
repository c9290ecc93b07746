//! From the end of a rollout to its verdict: proof, questions, evidence, and the way back when any of
//! them is missing.

use jiff::Timestamp;
use schema::Versions;
use serde_json::json;

use super::back::{Goal, bring_back, tag_back, usable};
use super::sentry::{Seen, Sentry};
use super::session::{Caller, Session};
use crate::environment::Environment;
use crate::evidence::{Check, Judgement, Verdict};
use crate::exit::Ending;
use crate::follow::{End, Followed, Judging};
use crate::lock::Guard;
use crate::plan::short;
use crate::progress::{Event, Outcome, Step};
use crate::prove::{NotProven, prove};
use crate::release::{Commit, Release};
use crate::settings::EnvironmentSettings;
use crate::smoke::{Smoke, Smoked};
use crate::strategy::time;
use crate::verbs::Answer;
use crate::watch::Reach;

/// Who judges what.
pub(crate) struct Judge<'a> {
    pub(crate) session: &'a Session,
    pub(crate) guard: &'a Guard,
    pub(crate) caller: &'a Caller,
    pub(crate) environment: Environment,
    pub(crate) release: &'a Release,
    pub(crate) began: Timestamp,
    /// Where to go when it is no good, or why there is nowhere.
    pub(crate) goal: Result<Goal, String>,
    /// What the release's migrations are, when that is known.
    pub(crate) schema: Option<&'a Versions>,
    /// The release that served before, when it was seen to be well on the new schema.
    pub(crate) survivor: Option<Commit>,
}

/// Why a release that came in may not stay.
struct Fault {
    judgement: Judgement,
    why: String,
    checks: Vec<Check>,
    /// Whether the environment is not ours to change any more.
    taken: bool,
    /// Whether a watch found it, and could judge or could not.
    watched: bool,
}

impl Judge<'_> {
    /// Judges what a rollout has come to.
    pub(crate) async fn judge(&self, followed: Followed, judging: Option<&mut Judging<'_>>) -> anyhow::Result<Answer> {
        let checks = followed.checks();
        let Followed { deployment, end, reason, unfit, .. } = followed;
        let judgement = if self.session.edge.stop.requested() { Judgement::Errored } else { Judgement::Failed };
        let judgement = unfit.unwrap_or(judgement);
        let ending = match (end, &deployment) {
            (End::In, Some(deployment)) if unfit.is_some() => {
                let fault = Fault { judgement, why: reason, checks, taken: false, watched: true };
                return Err(Box::pin(self.go_back(fault, deployment)).await.into());
            }
            (End::In, Some(deployment)) => return Box::pin(self.settle(deployment, judging)).await,
            (End::Left, _) => return Ok(self.left(&reason, deployment.as_deref())),
            (End::In, None) => Ending::RollbackFailed("ECS does not say by which deployment it came in".to_owned()),
            (End::BackAgain, _) => self.taken_back(unfit, &reason),
            (End::NotBack, _) => Ending::RollbackFailed(reason.clone()),
            (End::Somebody, _) => Ending::RollbackFailed(format!(
                "{reason}; somebody else deploys to {} too, and what serves is for them to say: run status",
                self.environment
            )),
        };
        let judgement = if end == End::Somebody { Judgement::Errored } else { judgement };
        self.record(&self.verdict(judgement, &reason, deployment, checks)).await;
        if let (End::BackAgain, Ok(goal)) = (end, &self.goal) {
            tag_back(self.session, self.environment, goal.digest.as_ref()).await;
        }
        self.session.phase.arrive();
        Err(ending.into())
    }

    /// How it ended when what served before serves again. What could not be judged has not failed.
    fn taken_back(&self, unfit: Option<Judgement>, why: &str) -> Ending {
        match (unfit, self.environment) {
            (Some(Judgement::Errored), _) | (Some(Judgement::Inconclusive), Environment::Staging) => {
                Ending::CouldNotTell(format!("{why}; it was taken back, and the old release serves"))
            }
            _ => Ending::RolledBack(why.to_owned()),
        }
    }

    /// What is said of a release that is left to ECS on its way. Nothing is recorded: it is not verified.
    fn left(&self, reason: &str, deployment: Option<&str>) -> Answer {
        self.session.phase.arrive();
        let Self { environment, release, .. } = self;
        let line = format!(
            "{environment}: {release} is on its way and NOT verified yet ({reason}); run monitor --environment \
             {environment}, or the same again, to have it judged"
        );
        let result = json!({ "release": release, "service_deployment": deployment, "verified": false });
        Answer { lines: vec![line], result }
    }

    /// Proves what came in, asks it, and records that it is good; or goes back.
    pub(crate) async fn settle(&self, deployment: &str, judging: Option<&mut Judging<'_>>) -> anyhow::Result<Answer> {
        let session = self.session;
        let checks = match Box::pin(self.good(deployment, judging)).await {
            Ok(checks) => checks,
            Err(fault) if fault.taken => {
                session.phase.arrive();
                return Err(Ending::RollbackFailed(format!(
                    "{}; what serves was left as it is: run status",
                    fault.why
                ))
                .into());
            }
            Err(fault) => return Err(Box::pin(self.go_back(fault, deployment)).await.into()),
        };
        session.phase.arrive();
        let verdict = self.verdict(Judgement::Passed, "", Some(deployment.to_owned()), checks);
        session.progress.tell(Event::Recorded(Box::new(verdict.clone())));
        let begun = session.progress.begin(Step::Evidence, format!("that {} passed", self.release), None);
        if let Err(error) = verdict.record(&session.registry, &session.redactor).await {
            let why = format!(
                "{} is deployed to {} and proven, but the evidence could not be stored: {error:#}; run the same again",
                self.release, self.environment
            );
            begun.end(Outcome::Failed, why.clone());
            return Err(Ending::CouldNotTell(why).into());
        }
        begun.done("recorded");
        let lines =
            vec![format!("{} serves {}, proven and asked: {}", self.environment, self.release, short(deployment))];
        Ok(Answer { lines, result: serde_json::to_value(&verdict)? })
    }

    /// The checks that show that it is good, or what is wrong.
    async fn good(&self, deployment: &str, judging: Option<&mut Judging<'_>>) -> Result<Vec<Check>, Fault> {
        let session = self.session;
        let stopped = async {
            tokio::select! {
                biased;
                why = self.guard.lost() => (why, true),
                () = session.edge.stop.wait() => ("a signal asked to stop before it was judged".to_owned(), false),
            }
        };
        tokio::select! {
            biased;
            (why, taken) = stopped => {
                Err(Fault { judgement: Judgement::Errored, why, checks: Vec::new(), taken, watched: false })
            }
            found = Box::pin(self.look(deployment, judging)) => found,
        }
    }

    async fn look(&self, deployment: &str, judging: Option<&mut Judging<'_>>) -> Result<Vec<Check>, Fault> {
        let session = self.session;
        let settings = session.of(self.environment);
        let digest = &self.release.digest;
        let limit = session.settings.limits.proof;
        let begun = session.progress.begin(Step::Prove, format!("that {} serves", digest.short()), Some(limit));
        let proven =
            prove(&session.clients, settings, session.container(), deployment, digest, limit, &session.edge).await;
        let mut checks = match proven {
            Ok(checks) => checks,
            Err(error) => {
                let checks = error.downcast_ref::<NotProven>().map(|found| found.checks.clone()).unwrap_or_default();
                let failed = checks.iter().any(|check| check.judgement == Judgement::Failed);
                let judgement = if failed { Judgement::Failed } else { Judgement::Errored };
                let why = format!("{error:#}");
                begun.end(Outcome::Failed, why.clone());
                return Err(Fault { judgement, why, checks, taken: false, watched: false });
            }
        };
        begun.done(format!("{} checks", checks.len()));
        let mut sentry = Sentry::of_what_came_in_by(session, self.environment, deployment);
        let smoked = sentry.beside(smoke(session, settings, self.environment, self.release)).await;
        let smoked = smoked.map_err(|seen| self.seen(seen, checks.clone()))?;
        checks.extend(smoked.checks());
        if let Some(failure) = smoked.failure().or_else(|| (!smoked.passed()).then(|| "nothing was asked".to_owned())) {
            return Err(Fault {
                judgement: Judgement::Failed,
                why: format!("the smoke test failed: {failure}"),
                checks,
                taken: false,
                watched: false,
            });
        }
        if let Some(judging) = judging {
            checks = self.watched(&mut sentry, judging, checks).await?;
        }
        sentry.last_look().await.map_err(|seen| self.seen(seen, checks.clone()))?;
        // What was asked meanwhile may have brought tasks down.
        match prove(&session.clients, settings, session.container(), deployment, digest, limit, &session.edge).await {
            Ok(_) => Ok(checks),
            Err(error) => Err(Fault {
                judgement: Judgement::Failed,
                why: format!("after the smoke test: {error:#}"),
                checks,
                taken: false,
                watched: false,
            }),
        }
    }

    /// What ECS or an alarm has shown meanwhile.
    fn seen(&self, seen: Seen, mut checks: Vec<Check>) -> Fault {
        match seen {
            Seen::Bad(finding) => {
                let verdict = Seen::bad(self.session, "after", finding);
                checks.extend(verdict.checks());
                let why = format!("{} ({}, {})", verdict.why(), verdict.watch, verdict.judgement);
                Fault { judgement: verdict.judgement, why, checks, taken: false, watched: true }
            }
            Seen::Somebody(why) | Seen::TakenBack(why) => {
                Fault { judgement: Judgement::Errored, why, checks, taken: true, watched: false }
            }
        }
    }

    /// What the watches on its way found, and what a watch finds that the strategy leaves for afterwards:
    /// where ECS kept no old release, and where nobody has watched it bake.
    async fn watched(
        &self,
        sentry: &mut Sentry<'_>,
        judging: &mut Judging<'_>,
        mut checks: Vec<Check>,
    ) -> Result<Vec<Check>, Fault> {
        let settings = self.session.of(self.environment);
        let lasts = settings.rollout.bake;
        if !judging.baked && !lasts.is_zero() {
            let watch = judging.watch(None).await;
            let reach = if watch.remembered() > 0 { Reach::After } else { Reach::Alone };
            let what = format!("{} for {}", self.release, time(lasts));
            let begun = self.session.progress.begin(Step::Smoke, what, Some(lasts + settings.watch.probe_timeout));
            let verdict = match sentry.beside(watch.hold(reach, lasts, &self.session.progress)).await {
                Ok(verdict) => verdict,
                Err(seen) => {
                    let fault = self.seen(seen, checks);
                    begun.end(Outcome::Failed, fault.why.clone());
                    return Err(fault);
                }
            };
            if !judging.note(&verdict) {
                begun.end(Outcome::Failed, verdict.why());
                checks.extend(verdict.checks());
                let why = format!("{} ({}, {})", verdict.why(), verdict.watch, verdict.judgement);
                return Err(Fault { judgement: verdict.judgement, why, checks, taken: false, watched: true });
            }
            begun.done(verdict.why());
        }
        let mut found: Vec<Check> = judging.verdicts.iter().flat_map(crate::verdict::Verdict::checks).collect();
        found.append(&mut checks);
        Ok(found)
    }

    /// Takes a release back that came in and may not stay.
    async fn go_back(&self, fault: Fault, deployment: &str) -> Ending {
        let session = self.session;
        let Fault { judgement, why, checks, watched, .. } = fault;
        let verdict = self.verdict(judgement, &why, Some(deployment.to_owned()), checks);
        self.record(&verdict).await;
        let ending = match &self.goal {
            Err(nowhere) => Ending::RollbackFailed(format!("{why}; and there is no way back: {nowhere}")),
            Ok(goal) => {
                let limit = session.settings.limits.rollback;
                let what = format!("to {}: {why}", short(&goal.task_definition));
                let begun = session.progress.begin(Step::RollBack, what, Some(limit));
                let ending = Box::pin(self.back_to(goal, &why)).await;
                let outcome = if matches!(ending, Ending::RolledBack(_)) { Outcome::Done } else { Outcome::Failed };
                let ending = match ending {
                    Ending::RolledBack(why) if watched => self.taken_back(Some(judgement), &why),
                    ending => ending,
                };
                begun.end(
                    outcome,
                    if outcome == Outcome::Done { "it serves again".to_owned() } else { ending.to_string() },
                );
                ending
            }
        };
        session.phase.arrive();
        ending
    }

    async fn back_to(&self, goal: &Goal, why: &str) -> Ending {
        let definition = match usable(self.session, goal).await {
            Ok(definition) => definition,
            Err(error) => return Ending::RollbackFailed(format!("{why}; and the way back: {error:#}")),
        };
        match Box::pin(bring_back(self.session, self.environment, &definition, goal.digest.as_ref())).await {
            Ok(back) if back.followed.end == End::In => match back.proven {
                Ok(_) => {
                    tag_back(self.session, self.environment, goal.digest.as_ref()).await;
                    Ending::RolledBack(why.to_owned())
                }
                Err(not) => Ending::RollbackFailed(format!("{why}; and the way back: {not}")),
            },
            Ok(back) => Ending::RollbackFailed(format!("{why}; and the way back: {}", back.followed.reason)),
            Err(Ending::Failed(not) | Ending::RollbackFailed(not)) => {
                Ending::RollbackFailed(format!("{why}; and the way back: {not}"))
            }
            Err(ending) => Ending::RollbackFailed(format!("{why}; and the way back: {ending}")),
        }
    }

    /// Records a verdict that changes nothing about how the run ends.
    pub(crate) async fn record_beside(&self, judgement: Judgement, why: &str, deployment: Option<String>) {
        let verdict = self.verdict(judgement, why, deployment, Vec::new());
        self.record(&verdict).await;
    }

    async fn record(&self, verdict: &Verdict) {
        let progress = &self.session.progress;
        progress.tell(Event::Recorded(Box::new(verdict.clone())));
        let begun = progress.begin(Step::Evidence, format!("that {} {}", self.release, verdict.judgement), None);
        match verdict.record(&self.session.registry, &self.session.redactor).await {
            Ok(_) => begun.done("recorded"),
            Err(error) => begun.end(Outcome::Failed, format!("{error:#}")),
        }
    }

    fn verdict(&self, judgement: Judgement, why: &str, deployment: Option<String>, checks: Vec<Check>) -> Verdict {
        Verdict {
            environment: self.environment,
            judgement,
            release: self.release.clone(),
            reason: why.to_owned(),
            service_deployment: deployment,
            checks,
            by: self.caller.arn.clone(),
            began: self.began,
            ended: self.session.edge.clock.now(),
            schema: self.schema.cloned(),
            survivor: self.survivor.clone(),
        }
    }
}

/// Asks the service itself.
pub(crate) async fn smoke(
    session: &Session,
    settings: &EnvironmentSettings,
    environment: Environment,
    release: &Release,
) -> Smoked {
    let limit = session.settings.limits.smoke;
    let begun = session.progress.begin(Step::Smoke, settings.base_url.to_string(), Some(limit));
    let smoke = Smoke {
        settings,
        limit,
        commit: &release.commit,
        token: session.token(environment),
        transport: &session.clients.transport,
        redactor: &session.redactor,
    };
    let smoked = smoke.run(&session.progress).await;
    match smoked.failure() {
        None => begun.done(format!("{} questions were answered well", smoked.questions.len())),
        Some(failure) => begun.end(Outcome::Failed, failure),
    }
    smoked
}
