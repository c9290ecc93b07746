//! From a plan to what ECS was asked for: push, tag, preflight, register, migrate, update, follow.

use std::time::Duration;

use jiff::Timestamp;

use super::Goal;
use super::observe::World;
use super::session::{Caller, Session};
use super::settle::Judge;
use super::step::{Came, Kind};
use super::survivor::Serving;
use crate::aws::ecs::{Bakes, ServiceDeployment, TaskDefinition};
use crate::environment::Environment;
use crate::evidence::Judgement;
use crate::exit::Ending;
use crate::follow::{Followed, Judging};
use crate::lock::Guard;
use crate::migrate::migrate;
use crate::plan::{Course, Definition, Plan, short};
use crate::preflight::{Needs, balanced};
use crate::progress::{Outcome, Step};
use crate::registry::Layout;
use crate::release::Commit;
use crate::settings::Strategy;
use crate::verbs::Answer;

/// A plan that is carried out, with all that it was made from.
pub(crate) struct Rollout<'a> {
    pub(crate) session: &'a Session,
    pub(crate) guard: &'a Guard,
    pub(crate) caller: &'a Caller,
    pub(crate) plan: &'a Plan,
    pub(crate) world: &'a World,
    /// The task definition that the release needs, registered or not.
    pub(crate) wanted: TaskDefinition,
    /// Where the image is, when it may have to be pushed.
    pub(crate) layout: Option<&'a Layout>,
    pub(crate) began: Timestamp,
    /// The stage at which it is left to ECS.
    pub(crate) until: Option<&'a str>,
}

impl Rollout<'_> {
    /// Carries the plan out, to the verdict.
    pub(crate) async fn run(self) -> anyhow::Result<Answer> {
        let Self { session, plan, world, guard, .. } = &self;
        let environment = plan.environment;
        match &plan.course {
            Course::Nothing => {
                let lines = plan.lines(session.of(environment), &session.settings.limits);
                Ok(Answer { lines, result: serde_json::to_value(plan)? })
            }
            Course::Verify => {
                let deployment = self.deployment_of_what_serves().await?;
                session.phase.touch();
                let goal = Goal::of_history(session, environment).await;
                let mut judging = self.judging(None);
                Box::pin(self.judge(goal).settle(&deployment, judging.as_mut())).await
            }
            Course::Adopt { .. } => {
                let goal = Goal::source_of(session, world).await;
                let serves = goal.as_ref().ok().and_then(|goal| goal.digest.as_ref());
                let mut judging = self.judging(match serves {
                    Some(digest) => session.commit_of(digest).await.ok().flatten(),
                    None => None,
                });
                session.phase.depart();
                let (judge, edge) = (judging.as_mut(), &session.edge);
                let follow = session.follow(environment, &world.service, None, judge, edge, guard.lost());
                let followed = Box::pin(follow).await;
                Box::pin(self.judge(goal).judge(followed, judging.as_mut())).await
            }
            Course::RollOut { push, tag, definition, migration } => {
                if *push {
                    self.push().await?;
                }
                if let Some(tag) = tag {
                    self.tag(tag).await?;
                }
                preflight(session, environment, world, &self.wanted).await?;
                let definition = self.register(definition).await?;
                let survivor = match migration {
                    Some(_) => Box::pin(self.migrate(&definition)).await?,
                    None => None,
                };
                let mut judging = self.judging(plan.from.commit.clone());
                if let Some(judging) = &mut judging {
                    self.take_baseline(judging).await?;
                }
                let followed = Box::pin(self.update(&definition, judging.as_mut())).await?;
                let judge = Judge { survivor, ..self.judge(Ok(Goal::before(world))) };
                Box::pin(judge.judge(followed, judging.as_mut())).await
            }
        }
    }

    fn judge(&self, goal: Result<Goal, String>) -> Judge<'_> {
        let Self { session, guard, caller, plan, began, .. } = self;
        let (environment, release, schema) = (plan.environment, &plan.release, plan.schema.brings.as_ref());
        Judge { session, guard, caller, environment, release, began: *began, goal, schema, survivor: None }
    }

    /// Who judges the release on its way in, or after it; nobody where it is only proven and asked.
    fn judging(&self, serving: Option<Commit>) -> Option<Judging<'_>> {
        let Self { session, plan, world, until, .. } = self;
        let judged = session.of(plan.environment).watched() > Duration::ZERO;
        let until = until.map(str::to_owned);
        judged.then(|| session.judging(plan.environment, &plan.release.commit, serving, &world.service, until))
    }

    /// Measures what serves while it still does, when the release takes its place and cannot be compared with
    /// it later.
    async fn take_baseline(&self, judging: &mut Judging<'_>) -> anyhow::Result<()> {
        let Self { session, plan, .. } = self;
        let settings = session.of(plan.environment);
        if settings.strategy != Strategy::Rolling {
            return Ok(());
        }
        let lasts = settings.watch.before_users();
        let work = async {
            judging.watch(None).await.take_baseline(lasts, &session.progress).await;
            Ok(Came::done((), "measured"))
        };
        let limit = Some(lasts * 2 + settings.watch.probe_timeout);
        session.step(Step::Preflight, "how fast what serves is", limit, Kind::Act, work).await
    }

    async fn push(&self) -> anyhow::Result<()> {
        let Self { session, plan, layout, .. } = self;
        let work = async {
            let layout = layout.ok_or_else(|| Ending::refused("there is no image layout to push"))?;
            session.phase.touch();
            let pushed = session.registry.push(layout, plan.release.commit.as_str()).await?;
            Ok(if pushed.known {
                Came::skipped((), "the registry has it")
            } else {
                Came::done((), format!("{} blobs, {} kB", pushed.blobs, pushed.bytes.div_ceil(1000)))
            })
        };
        let what = format!("{} to {}", plan.release, session.repository());
        session.step(Step::Push, what, Some(session.settings.limits.push), Kind::Act, work).await
    }

    async fn tag(&self, tag: &str) -> anyhow::Result<()> {
        let Self { session, plan, .. } = self;
        let work = async {
            session.phase.touch();
            let moved = session.clients.retag(session.repository(), &plan.release.digest, tag).await?;
            Ok(if moved { Came::done((), "by its manifest") } else { Came::skipped((), "it is there") })
        };
        let what = format!("{tag} to {}", plan.release.digest.short());
        session.step(Step::Tag, what, Some(session.settings.limits.push), Kind::Act, work).await
    }

    async fn register(&self, definition: &Definition) -> anyhow::Result<TaskDefinition> {
        let Self { session, wanted, .. } = self;
        let work = async {
            if let Definition::Registered(arn) = definition {
                return Ok(Came::skipped(wanted.clone(), format!("{} is the same", short(arn))));
            }
            session.phase.touch();
            let registered = session.clients.register(wanted).await?;
            let name = short(registered.arn()).to_owned();
            Ok(Came::done(registered, name))
        };
        let what = format!("a task definition of {}", wanted.family());
        session.step(Step::Register, what, Some(session.settings.limits.preflight), Kind::Act, work).await
    }

    /// Brings the schema to what the release needs, and sees that what serves survives that. The commit that
    /// did, if any was asked.
    async fn migrate(&self, definition: &TaskDefinition) -> anyhow::Result<Option<Commit>> {
        let Self { session, plan, world, guard, .. } = self;
        let running = world.service.primary().map_or(0, |primary| primary.running);
        let serving = Serving::before(session, plan, running).await?;
        if session.edge.stop.requested() {
            return Err(session.stopped().into());
        }
        guard.check().await.map_err(|error| Ending::Failed(format!("{error:#}")))?;
        session.phase.touch();
        let limit = session.settings.limits.migration;
        let command = session.settings.migrations.command.join(" ");
        let begun = session.progress.begin(Step::Migrate, format!("`{command}`"), Some(limit));
        let done = migrate(
            &session.clients,
            plan.environment,
            &session.settings,
            definition,
            &world.service,
            &plan.release,
            &session.edge,
            &session.progress,
            &session.redactor,
        )
        .await;
        let said = match done {
            Ok(said) => said,
            Err(ending) => {
                begun.end(Outcome::Failed, ending.to_string());
                return Err(self.failed(ending).await.into());
            }
        };
        begun.done("the schema is what the release needs");
        match serving.after(session, plan, said.as_deref()).await {
            Ok(survivor) => Ok(survivor.map(|release| release.commit)),
            Err(error) => match error.downcast() {
                Ok(ending) => Err(self.failed(ending).await.into()),
                Err(error) => Err(error),
            },
        }
    }

    /// Says of the release that it failed, when it did: whoever asked to stop did not judge it.
    async fn failed(&self, ending: Ending) -> Ending {
        if !self.session.edge.stop.requested() {
            let judge = self.judge(Err(String::new()));
            judge.record_beside(Judgement::Failed, &ending.to_string(), None).await;
        }
        ending
    }

    /// Asks for the new revision, when the lock is still ours, and follows it.
    async fn update(&self, definition: &TaskDefinition, judging: Option<&mut Judging<'_>>) -> anyhow::Result<Followed> {
        let Self { session, plan, world, guard, .. } = self;
        if session.edge.stop.requested() {
            return Err(session.stopped().into());
        }
        guard.check().await.map_err(|error| Ending::Failed(format!("{error:#}")))?;
        let settings = session.of(plan.environment);
        // A pause that nobody would answer is none.
        let bakes = if self.until.is_some() { Bakes::ByItself } else { Bakes::AtPause };
        let configured = world.service.configured(&settings.strategy, &settings.rollout, bakes);
        let service = session.update(plan.environment, definition.arn(), configured).await?;
        if service.task_definition != definition.arn() {
            let reason = format!("ECS was asked for {} and has {}", definition.arn(), service.task_definition);
            return Ok(Followed::somebodys(reason));
        }
        let from = world.serving.revision.as_deref();
        Ok(session.follow(plan.environment, &service, from, judging, &session.edge, guard.lost()).await)
    }

    /// The service deployment by which what serves came in, or came back.
    async fn deployment_of_what_serves(&self) -> anyhow::Result<String> {
        let Self { session, plan, world, .. } = self;
        let settings = session.of(plan.environment);
        let work = async {
            let serving = world.serving.revision.as_deref();
            let of_it = |deployments: &[ServiceDeployment]| {
                let found = deployments.iter().find(|one| serving.is_some() && one.brought_in() == serving);
                found.map(|deployment| deployment.arn.clone())
            };
            let found = match of_it(&world.deployments) {
                Some(found) => Some(found),
                None => of_it(&session.clients.service_deployments(&settings.cluster, &settings.service, None).await?),
            };
            let found = found.ok_or_else(|| {
                Ending::CouldNotTell(format!("ECS knows of no deployment by which {} came in", plan.release))
            })?;
            Ok(Came::done(found.clone(), short(&found).to_owned()))
        };
        let limit = Some(session.settings.limits.preflight);
        session.step(Step::Preflight, "how it came in", limit, Kind::Gate, work).await
    }
}

/// Looks at everything that a task definition leans on, and at the alarms of the service.
pub(crate) async fn preflight(
    session: &Session,
    environment: Environment,
    world: &World,
    wanted: &TaskDefinition,
) -> anyhow::Result<()> {
    let mut alarms = session.of(environment).alarms.clone();
    alarms.extend(world.service.alarms.iter().cloned());
    alarms.sort();
    alarms.dedup();
    let needs = Needs { alarms, ..wanted.needs() };
    let work = async {
        let mut findings = needs.look(&session.clients).await;
        let settings = session.of(environment);
        findings.wrong.extend(balanced::missing(&world.service, &settings.strategy, environment));
        let count = findings.looked_at;
        for warning in findings.judge(session.settings.preflight.allow_unseen)? {
            session.progress.warn(Step::Preflight, warning);
        }
        Ok(Came::done((), format!("{count} looked at")))
    };
    let limit = Some(session.settings.limits.preflight);
    session.step(Step::Preflight, "roles, secrets, parameters, alarms", limit, Kind::Gate, work).await
}

impl Goal {
    /// Goes back to what a plan was made from.
    fn before(world: &World) -> Self {
        Self { task_definition: world.serving.task_definition.clone(), digest: world.serving.digest.clone() }
    }
}
