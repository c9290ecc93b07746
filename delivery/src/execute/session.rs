//! What every verb works with.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use tokio::time::Instant;

use super::step::{Came, Kind};
use crate::arguments::Manner;
use crate::aws::Clients;
use crate::aws::ecs::{Service, TaskDefinition};
use crate::edge::Edge;
use crate::environment::Environment;
use crate::exit::{self, Ending};
use crate::follow::Judging;
use crate::git::WorkTree;
use crate::lock::{self, Guard, Held, Wish};
use crate::program::is_secret;
use crate::progress::{Progress, Step};
use crate::registry::Registry;
use crate::release::Commit;
use crate::secret::{Redactor, Secret};
use crate::settings::{EnvironmentSettings, Settings};
use crate::watch::Subject;

/// The pause before somebody else's lock or deployment is looked at again.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// What every verb works with.
#[derive(Clone, Debug)]
pub struct Session {
    /// What is delivered where.
    pub settings: Settings,
    /// Where the image layout is when nobody says where.
    pub layout: PathBuf,
    /// Where the commit is.
    pub tree: WorkTree,
    /// The way to AWS.
    pub clients: Clients,
    /// The images.
    pub registry: Registry,
    /// Time, variables, randomness and signals.
    pub edge: Edge,
    /// Who is told.
    pub progress: Progress,
    /// What may not be told.
    pub redactor: Redactor,
    /// How far it is.
    pub phase: Phase,
}

/// What would be left behind if everything ended now.
#[derive(Clone, Debug, Default)]
pub struct Phase(Arc<AtomicU8>);

impl Phase {
    /// Something was changed, though not the service.
    pub fn touch(&self) {
        self.0.fetch_max(1, Ordering::Relaxed);
    }

    /// The service is being changed.
    pub fn depart(&self) {
        self.0.store(2, Ordering::Relaxed);
    }

    /// It is settled what serves.
    pub fn arrive(&self) {
        self.0.store(1, Ordering::Relaxed);
    }

    /// Whether anything was changed.
    #[must_use]
    pub fn is_touched(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    /// The exit code for leaving at once, without waiting for what is under way.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self.0.load(Ordering::Relaxed) {
            0 => exit::INTERRUPTED,
            1 => exit::FAILED,
            _ => exit::ROLLBACK_FAILED,
        }
    }
}

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The ARN.
    pub(crate) arn: String,
    /// The same and where it runs, for people.
    pub(crate) owner: String,
}

impl Session {
    /// A session at the beginning of a verb.
    #[must_use]
    pub fn new(
        settings: Settings,
        layout: PathBuf,
        tree: WorkTree,
        clients: Clients,
        edge: Edge,
        progress: Progress,
        redactor: Redactor,
    ) -> Self {
        let registry = Registry::new(&clients, &settings.service.repository);
        Self { settings, layout, tree, clients, registry, edge, progress, redactor, phase: Phase::default() }
    }

    /// The same, which repeats nothing secret that a task definition holds either.
    pub(crate) fn knowing(&self, definition: &TaskDefinition) -> Self {
        let secrets = definition.variables().filter(|(name, value)| is_secret(name, value)).map(|(_, value)| value);
        Self { redactor: self.redactor.and(secrets), ..self.clone() }
    }

    pub(crate) fn of(&self, environment: Environment) -> &EnvironmentSettings {
        self.settings.environment(environment)
    }

    pub(crate) fn container(&self) -> &str {
        &self.settings.service.container
    }

    pub(crate) fn repository(&self) -> &str {
        &self.settings.service.repository
    }

    /// The token of the flows, if there is one.
    pub(crate) fn token(&self, environment: Environment) -> Option<Secret> {
        self.edge.variables.get(&self.of(environment).token_variable).map(Secret::new)
    }

    /// What a stop that was asked for comes to now.
    pub(crate) fn stopped(&self) -> Ending {
        if self.phase.is_touched() {
            Ending::Failed("a signal asked to stop before the service was changed; run it again to go on".to_owned())
        } else {
            Ending::Interrupted
        }
    }

    /// Asks who we are, and whether we may be that here.
    pub(crate) async fn caller(&self, environment: Environment) -> anyhow::Result<Caller> {
        let work = async {
            let answer = self.clients.sts.get_caller_identity().send().await;
            let answer = answer.context("AWS did not say whose credentials these are")?;
            let arn = answer.arn().context("AWS gave no ARN for these credentials")?.to_owned();
            if let Some(role) = &self.of(environment).role
                && role_of(&arn) != Some(role.as_str())
            {
                return Err(Ending::refused(format!(
                    "these are the credentials of {arn}, and only the role {role} deploys to {environment}"
                ))
                .into());
            }
            Ok(Came::done(arn.clone(), format!("as {arn}")))
        };
        let limit = Some(self.settings.limits.preflight);
        let arn = self.step(Step::Preflight, "who deploys", limit, Kind::Gate, work).await?;
        let variable = |name| self.edge.variables.get(name);
        let place = match (variable("GITHUB_REPOSITORY"), variable("GITHUB_RUN_ID")) {
            (Some(repository), Some(run)) => format!("run {run} of {repository}"),
            _ => match (variable("USER"), variable("HOSTNAME")) {
                (Some(user), Some(host)) => format!("{user} on {host}"),
                (Some(user), None) => user.to_owned(),
                _ => return Ok(Caller { owner: arn.clone(), arn }),
            },
        };
        Ok(Caller { owner: format!("{arn} ({place})"), arn })
    }

    /// Who judges a release of this commit on its way into an environment, or when it serves there. `serving`
    /// is what serves meanwhile, when that is known.
    pub(crate) fn judging<'a>(
        &'a self,
        environment: Environment,
        candidate: &'a Commit,
        serving: Option<Commit>,
        service: &Service,
        until: Option<String>,
    ) -> Judging<'a> {
        let subject = Subject {
            clients: &self.clients,
            environment: self.of(environment),
            candidate,
            serving: serving.filter(|serving| serving != candidate),
            target_groups: None,
            token: self.token(environment),
            redactor: &self.redactor,
            clock: self.edge.clock,
        };
        let rule = service.balanced.iter().find_map(|balanced| balanced.production_rule.clone());
        Judging::new(subject, rule, until)
    }

    /// Sees that the flows can be run afterwards: a release that came in would be taken back otherwise.
    pub(crate) fn has_token(&self, environment: Environment) -> Result<(), Ending> {
        let settings = self.of(environment);
        if settings.smoke.flows && self.token(environment).is_none() {
            return Err(Ending::refused(format!(
                "the environment variable {} with the token of the flows is not set: set it, or leave the flows out \
                 (environments.{environment}.smoke.flows = false)",
                settings.token_variable
            )));
        }
        Ok(())
    }

    /// Does something with the lock of an environment, which is given back whatever comes of it.
    pub(crate) async fn locked<T>(
        &self,
        environment: Environment,
        owner: &str,
        commit: Option<&Commit>,
        manner: Manner,
        work: impl AsyncFnOnce(&Guard) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let wish = Wish {
            environment,
            owner: owner.to_owned(),
            commit: commit.cloned(),
            expiry: self.settings.lock.expiry,
            break_it: manner.break_lock,
        };
        let guard = self.take(&wish, manner).await?;
        let done = Box::pin(work(&guard)).await;
        let begun = self.progress.begin(Step::Unlock, "the lock", None);
        match guard.release().await {
            Ok(()) => begun.done("given back"),
            Err(error) => begun.end(crate::progress::Outcome::Failed, format!("{error:#}")),
        }
        done
    }

    async fn take(&self, wish: &Wish, manner: Manner) -> anyhow::Result<Guard> {
        let limits = &self.settings.limits;
        let limit = if manner.wait { limits.wait } else { limits.preflight };
        let begun = self.progress.begin(Step::Lock, format!("the lock of {}", wish.environment), Some(limit));
        let deadline = Instant::now() + limit;
        let mut told = false;
        loop {
            if self.edge.stop.requested() {
                begun.end(crate::progress::Outcome::Failed, "asked to stop");
                return Err(self.stopped().into());
            }
            // Not ended by a stop while it is asked for: a lock that is taken has to be known.
            match lock::take(&self.registry, wish, &self.edge, &self.progress).await {
                Ok(guard) => {
                    begun.done(format!("until {:.0}", guard.holder().expires));
                    return Ok(guard);
                }
                Err(Held::By(holder)) if manner.wait && Instant::now() + LOOK_AGAIN < deadline => {
                    if !std::mem::replace(&mut told, true) {
                        self.progress.say(Step::Lock, format!("waiting: {holder}"));
                    }
                    self.edge.stop.sleep(LOOK_AGAIN).await;
                }
                Err(held) => {
                    let ending = Ending::from(held);
                    begun.end(crate::progress::Outcome::Refused, ending.to_string());
                    return Err(ending.into());
                }
            }
        }
    }
}

/// The name of the role in the ARN of whoever assumed it.
fn role_of(arn: &str) -> Option<&str> {
    let (_, resource) = arn.split_once(":assumed-role/")?;
    resource.split('/').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_is_the_middle_of_an_assumed_roles_arn() {
        assert_eq!(role_of("arn:aws:sts::123456789012:assumed-role/deployer/run-7"), Some("deployer"));
        assert_eq!(role_of("arn:aws:iam::123456789012:user/ann"), None);
    }

    #[test]
    fn leaving_at_once_says_what_may_be_left_behind() {
        let phase = Phase::default();
        assert_eq!((phase.code(), phase.is_touched()), (exit::INTERRUPTED, false));
        phase.touch();
        assert_eq!((phase.code(), phase.is_touched()), (exit::FAILED, true));
        phase.depart();
        phase.touch();
        assert_eq!(phase.code(), exit::ROLLBACK_FAILED);
        phase.arrive();
        assert_eq!(phase.code(), exit::FAILED);
    }
}
