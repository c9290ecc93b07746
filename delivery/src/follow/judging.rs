//! Who judges a release at the pauses of ECS and in its bake, and what was found.

use std::time::Duration;

use crate::aws::ecs::ServiceDeployment;
use crate::evidence::Judgement;
use crate::settings::Strategy;
use crate::verdict::Verdict;
use crate::watch::{Subject, TargetGroups, Watch};

/// The longest time by which a watch of the bake ends before the bake does, so that the old release is
/// still there to go back to.
const BEFORE_ITS_END: Duration = Duration::from_secs(30);

/// Judges one deployment.
#[derive(Debug)]
pub struct Judging<'a> {
    subject: Subject<'a>,
    /// The rules of users' and test traffic, when the service has them: where CloudWatch counts.
    load_balancer: Option<String>,
    watch: Option<Watch<'a>>,
    /// The stage at which it is left.
    pub until: Option<String>,
    /// What the watches came to, in order.
    pub verdicts: Vec<Verdict>,
    /// How the release was judged when it may not stay.
    pub unfit: Option<Judgement>,
    /// Whether it has been watched with all traffic, to the end of its bake, and was well.
    pub baked: bool,
}

impl<'a> Judging<'a> {
    /// Nothing is judged yet.
    #[must_use]
    pub fn new(subject: Subject<'a>, load_balancer: Option<String>, until: Option<String>) -> Self {
        Self { subject, load_balancer, watch: None, until, verdicts: Vec::new(), unfit: None, baked: false }
    }

    pub(super) fn strategy(&self) -> &'a Strategy {
        &self.subject.environment.strategy
    }

    /// For how long it bakes.
    pub(super) fn bake(&self) -> Duration {
        self.subject.environment.rollout.bake
    }

    /// For how long ECS's own bake is watched: a little shorter than it lasts.
    pub(super) fn bake_of_ecs(&self) -> Duration {
        let bake = self.bake();
        bake.saturating_sub((bake / 10).min(BEFORE_ITS_END))
    }

    /// The watch of this deployment, which knows what was measured earlier in it.
    pub async fn watch(&mut self, deployment: Option<&ServiceDeployment>) -> &mut Watch<'a> {
        if self.watch.is_none() {
            if let Some(deployment) = deployment {
                let source = deployment.source_revisions.first();
                let balancer = self.load_balancer.clone();
                self.subject.target_groups =
                    TargetGroups::of(self.subject.clients, balancer, &deployment.target_revision, source).await;
            }
            self.watch = Some(Watch::new(self.subject.clone(), &self.subject.environment.watch));
        }
        self.watch.get_or_insert_with(|| unreachable!("it was just made"))
    }

    /// Notes what a watch came to; whether the release may go on.
    pub fn note(&mut self, verdict: &Verdict) -> bool {
        self.verdicts.push(verdict.clone());
        if !verdict.passed() {
            self.unfit = Some(verdict.judgement);
        }
        verdict.passed()
    }
}
