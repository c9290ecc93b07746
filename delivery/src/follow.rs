//! Following a service deployment to its end, failing fast, and back when it fails.
//!
//! **Invariant**: [`End::In`] is said of what ECS calls successful, [`End::BackAgain`] of what ECS calls
//! rolled back and whose former tasks were seen to run. Whatever else happens is another end, and
//! every end comes within the limits.

mod back;
mod failures;
mod look;

use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use crate::aws::Clients;
use crate::aws::ecs::ServiceDeployment;
use crate::decide::{Decision, Policy, decide};
use crate::edge::Edge;
use crate::progress::{Progress, Step};
use crate::secret::Redactor;
use crate::settings::EnvironmentSettings;
use look::Watch;

/// The pause between looks.
const PAUSE: Duration = Duration::from_secs(2);
/// The crash that ends a rollout: the first may have been the machine's.
const CRASHES: usize = 2;

/// What is needed to follow.
#[derive(Clone, Copy, Debug)]
pub struct Following<'a> {
    /// How AWS is reached.
    pub clients: &'a Clients,
    /// Where.
    pub environment: &'a EnvironmentSettings,
    /// The container of the release.
    pub container: &'a str,
    /// Signals and time.
    pub edge: &'a Edge,
    /// Who is told. The step [`Step::Follow`] is the caller's; [`Step::RollBack`] begins and ends here.
    pub progress: &'a Progress,
    /// What may not be repeated.
    pub redactor: &'a Redactor,
    /// How long the rollout may last.
    pub limit: Duration,
    /// How long the way back may last.
    pub rollback_limit: Duration,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// The ARN of the service deployment, when it was found.
    pub deployment: Option<String>,
    /// How it ended.
    pub end: End,
    /// The tasks that failed.
    pub failures: Vec<TaskFailure>,
    /// Why it ended like that, for people, without secrets.
    pub reason: String,
}

/// Where a service deployment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The new revision is in.
    In,
    /// Rolled back, and what served before is proven to serve.
    BackAgain,
    /// The way back failed, or was not seen to end: someone must look.
    NotBack,
    /// Somebody else deployed over it, or before it: what serves is theirs.
    Somebody,
}

/// A task that failed. Nothing in it has secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskFailure {
    /// Its id.
    pub task: String,
    /// Why it stopped, in ECS's words.
    pub reason: String,
    /// How its container's process ended.
    pub exit_code: Option<i32>,
    /// The last lines that it wrote.
    pub log: Vec<String>,
}

impl Following<'_> {
    /// Follows what `update_service` began, whose id there is `ecs-svc/N`. It must have replaced the
    /// service revision that it was planned from, and nothing else. When it fails, lasts too long,
    /// somebody asks to stop or the lock is lost, ECS is asked to take it back, and that is followed too.
    pub async fn follow(
        &self,
        deployment_id: &str,
        planned_from: Option<&str>,
        lost: impl Future<Output = String>,
    ) -> Followed {
        let mut watch = Watch::new(*self, deployment_id, planned_from);
        match forward(&mut watch, lost).await {
            Decision::Yield { reason } => watch.end(End::Somebody, &reason),
            Decision::Fail { reason } => watch.back(&reason).await,
            Decision::Done | Decision::GoOn => watch.end(End::In, "it is in"),
        }
    }

    /// Asks for the rollback of a deployment in flight, and follows that.
    pub async fn abort(&self, deployment: &ServiceDeployment, why: &str) -> Followed {
        Watch::over(*self, deployment).back(why).await
    }
}

/// Looks until there is more to do than to look again.
async fn forward(watch: &mut Watch<'_>, lost: impl Future<Output = String>) -> Decision {
    let mut lost = pin!(lost);
    let stop = &watch.by.edge.stop;
    let policy = Policy { limit: watch.limit, crashes: CRASHES };
    let deadline = Instant::now() + watch.limit;
    let (mut interrupted, mut why_lost) = (false, None);
    loop {
        // Looking changes nothing, so it may be cut short by what cannot wait.
        tokio::select! {
            biased;
            () = stop.wait() => interrupted = true,
            why = &mut lost, if why_lost.is_none() => why_lost = Some(why),
            () = sleep_until(deadline) => {}
            () = watch.look() => {}
        }
        let mut observed = watch.observation();
        observed.interrupted = interrupted;
        observed.lost.clone_from(&why_lost);
        let decision = decide(&observed, policy);
        if decision != Decision::GoOn {
            return decision;
        }
        tokio::select! {
            biased;
            () = stop.wait() => {}
            why = &mut lost, if why_lost.is_none() => why_lost = Some(why),
            () = sleep_until(deadline) => {}
            () = async { watch.logs().await; sleep(PAUSE).await } => {}
        }
    }
}

impl Watch<'_> {
    /// What is told in the end.
    fn end(self, end: End, reason: &str) -> Followed {
        Followed {
            deployment: self.deployment.map(|deployment| deployment.arn),
            end,
            failures: self.failures.into_iter().map(|failure| failure.told).collect(),
            reason: self.by.redactor.redact(reason),
        }
    }

    fn warn(&self, step: Step, what: &str) {
        self.by.progress.warn(step, self.by.redactor.redact(what));
    }
}
