//! Following a service deployment to its end, failing fast, and back when it fails.
//!
//! **Invariant**: [`End::In`] is said of what ECS calls successful, [`End::BackAgain`] of what ECS calls
//! rolled back and whose former tasks were seen to run. Whatever else happens is another end, and
//! every end comes within the limits.

mod attend;
mod back;
mod failures;
mod judging;
mod look;
mod stage;

use std::time::Duration;

use crate::aws::Clients;
use crate::aws::ecs::ServiceDeployment;
use crate::edge::Edge;
use crate::evidence::{Check, Judgement};
use crate::progress::{Progress, Step};
use crate::secret::Redactor;
use crate::settings::EnvironmentSettings;
use crate::verdict::Verdict;
use attend::Ears;
pub use judging::Judging;
use look::Lookout;

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
#[derive(Clone, Debug, PartialEq)]
pub struct Followed {
    /// The ARN of the service deployment, when it was found.
    pub deployment: Option<String>,
    /// How it ended.
    pub end: End,
    /// The tasks that failed.
    pub failures: Vec<TaskFailure>,
    /// Why it ended like that, for people, without secrets.
    pub reason: String,
    /// What the watches came to on the way, in order.
    pub verdicts: Vec<Verdict>,
    /// How the release was judged when it may not stay by what a watch has found.
    pub unfit: Option<Judgement>,
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
    /// It is under way and was left there, as was asked for.
    Left,
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

/// Where the way forward ended.
enum Forward {
    In,
    Left { stage: String },
    Fail { reason: String },
    Yield { reason: String },
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
        self.follow_judged(deployment_id, planned_from, None, lost).await
    }

    /// The same, and at every pause and in the bake the release is judged: only a pass goes on.
    pub async fn follow_judged(
        &self,
        deployment_id: &str,
        planned_from: Option<&str>,
        mut judging: Option<&mut Judging<'_>>,
        lost: impl Future<Output = String>,
    ) -> Followed {
        let mut lookout = Lookout::new(*self, deployment_id, planned_from);
        let decision = {
            let mut ears = Ears::of(&self.edge.stop, Box::pin(lost));
            Box::pin(lookout.forward(judging.as_deref_mut(), &mut ears)).await
        };
        let mut followed = match decision {
            Forward::Yield { reason } => lookout.end(End::Somebody, &reason),
            Forward::Fail { reason } => Box::pin(lookout.back(&reason)).await,
            Forward::In => lookout.end(End::In, "it is in"),
            Forward::Left { stage } => lookout.end(End::Left, &format!("left at {stage}, as was asked for")),
        };
        if let Some(judging) = judging {
            followed.verdicts.clone_from(&judging.verdicts);
            followed.unfit = judging.unfit;
        }
        followed
    }

    /// Asks for the rollback of a deployment in flight, and follows that.
    pub async fn abort(&self, deployment: &ServiceDeployment, why: &str) -> Followed {
        Lookout::over(*self, deployment).back(why).await
    }
}

impl Followed {
    /// What ended before there was anything to follow.
    pub(crate) fn somebodys(reason: String) -> Self {
        let (deployment, failures, verdicts) = (None, Vec::new(), Vec::new());
        Self { deployment, end: End::Somebody, failures, reason, verdicts, unfit: None }
    }

    /// What the watches found, as evidence.
    pub(crate) fn checks(&self) -> Vec<Check> {
        self.verdicts.iter().flat_map(Verdict::checks).collect()
    }
}

impl Lookout<'_> {
    /// What is told in the end.
    fn end(self, end: End, reason: &str) -> Followed {
        Followed {
            deployment: self.deployment.map(|deployment| deployment.arn),
            end,
            failures: self.failures.into_iter().map(|failure| failure.told).collect(),
            reason: self.by.redactor.redact(reason),
            verdicts: Vec::new(),
            unfit: None,
        }
    }

    fn warn(&self, step: Step, what: &str) {
        self.by.progress.warn(step, self.by.redactor.redact(what));
    }
}
