//! Requests without sockets: which task gets one, what its fault does to it, and how long it takes.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use http::StatusCode;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::Simulation;
use crate::balancer::turns::Turns;
use crate::balancer::{Rule, Targets as _};
use crate::faults::play::{Asked, Turn};
use crate::metrics::{self, Outcome, Sample};
use crate::world::TaskArn;
use crate::{Cloud, Target, TargetState};

/// Which way a request comes in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entrance {
    /// By the listener rule of this ARN.
    Rule(String),
    /// By a listener that sends everything to the target group of this name, for users.
    Group(String),
}

/// Whose turn it is, at each entrance and in each target group.
pub(super) struct Router {
    random: StdRng,
    groups: BTreeMap<Entrance, Turns>,
    tasks: BTreeMap<String, Turns>,
}

impl Router {
    /// Chances of its own, so that a request more changes nothing else.
    pub(super) fn new(seed: u64) -> Self {
        Self { random: StdRng::seed_from_u64(!seed), groups: BTreeMap::new(), tasks: BTreeMap::new() }
    }
}

/// A request on its way. [`Routed::answer`] sees it to its end; dropped before, its client hung up.
#[must_use]
pub struct Routed {
    /// The task that gets it.
    pub task: TaskArn,
    /// The digest of the image that the task runs.
    pub digest: String,
    /// The name of the target group that it went through.
    pub group: String,
    sample: Sample,
    /// How long its answer takes.
    pub delay: Duration,
    /// Whether it is answered with 500 in the task's stead.
    pub fails: bool,
    turn: Turn,
    simulation: Simulation,
}

impl fmt::Debug for Routed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { task, delay, fails, .. } = self;
        formatter.debug_struct("Routed").field("task", task).field("delay", delay).field("fails", fails).finish()
    }
}

impl Routed {
    /// Lets the time pass that the answer takes; the status that the client gets, where the program
    /// would answer with this one.
    pub async fn answer(self, status: u16) -> u16 {
        tokio::time::sleep(self.delay).await;
        let status = if self.fails { 500 } else { status };
        if let Some(cloud) = self.simulation.0.cloud.upgrade() {
            let code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            cloud.record(&Sample { outcome: Outcome::Answered(code, self.delay), ..self.sample.clone() });
        }
        if let Some(code) = self.turn.ends {
            self.simulation.crash(&self.task, code);
        }
        status
    }
}

impl Simulation {
    /// What becomes of a request, of which nothing but its path matters: the target whose turn it
    /// is by the weights of the rule and then of the targets, as the load balancer chooses it, and
    /// what its fault does. None when no target is registered, or there is no such entrance: the
    /// answer is 503.
    #[must_use]
    pub fn route(&self, entrance: &Entrance, path: &str) -> Option<Routed> {
        let cloud = self.0.cloud.upgrade()?;
        let (forward, of_users) = match entrance {
            Entrance::Group(group) => (vec![(group.clone(), 1)], true),
            Entrance::Rule(arn) => {
                let Rule { forward, of_users, .. } = cloud.rules().into_iter().find(|rule| rule.arn == *arn)?;
                (forward.into_iter().map(|to| (to.group, to.weight)).collect(), of_users)
            }
        };
        let mut state = self.0.lock();
        let candidates = forward.into_iter().map(|(group, weight)| (group.clone(), weight, group));
        let group = state.router.groups.entry(entrance.clone()).or_default().next(candidates)?;
        let found = cloud.target_groups().into_iter().find(|known| known.name == group)?;
        let sample = Sample {
            load_balancer: match entrance {
                Entrance::Rule(arn) => metrics::balancer_of_rule(arn),
                Entrance::Group(_) => metrics::balancer_of_group(&found.arn),
            },
            target_group: metrics::dimension(&found.arn).to_owned(),
            outcome: Outcome::Rejected(StatusCode::SERVICE_UNAVAILABLE),
        };
        let candidates = in_rotation(found.targets).into_iter();
        let candidates = candidates.map(|target| (target.task.clone(), target.weight, target.task));
        let task = state.router.tasks.entry(group.clone()).or_default().next(candidates);
        let Some((task, known)) = task.and_then(|task| state.tasks.get_key_value(&task)) else {
            cloud.record(&sample);
            return None;
        };
        let turn = known.play.take(Asked { path, of_users, share: share(&cloud, &group) });
        let (task, digest) = (task.clone(), known.digest.clone());
        let way = cloud.network().unwrap_or(self.0.options.network).delay(&mut state.router.random);
        drop(state);
        let (delay, fails) = (turn.stretch(way), turn.fails);
        Some(Routed { task, digest, group, sample, delay, fails, turn, simulation: self.clone() })
    }
}

/// Those that pass their checks, or all that are registered when none does.
fn in_rotation(targets: Vec<Target>) -> Vec<Target> {
    let is_healthy = |target: &Target| target.state == TargetState::Healthy && target.weight > 0;
    let any = targets.iter().any(is_healthy);
    let fits = |target: &Target| if any { is_healthy(target) } else { target.state != TargetState::Draining };
    targets.into_iter().filter(fits).collect()
}

/// The share of users' requests that a target group gets.
pub(super) fn share(cloud: &Cloud, group: &str) -> f64 {
    crate::balancer::share(&cloud.rules(), group)
}
