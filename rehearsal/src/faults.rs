//! What goes wrong on purpose: calls that fail, and tasks that do.

mod effect;
pub(crate) mod play;

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use crate::metrics::MetricsFault;
use crate::world::TaskFault;

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApiFault {
    /// Refused with `ThrottlingException`; nothing was done.
    Throttle,
    /// Refused with 500; nothing was done.
    ServerError,
    /// Nothing is done, and no answer comes until the client gives up.
    Hang,
    /// Done; then the connection breaks before the answer.
    LostAnswer,
    /// Refused with `ExpiredTokenException`; nothing was done.
    ExpiredToken,
}

/// Which calls a fault meets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApiRule {
    /// The operation, `UpdateService` for one; `*` for each.
    pub operation: String,
    /// What happens to it.
    pub fault: ApiFault,
    /// How many calls it passes by first.
    #[serde(default)]
    pub after: u64,
    /// How many calls it meets at most; without it, no limit.
    #[serde(default)]
    pub times: Option<u64>,
    /// The share of calls that it meets, 0.0 to 1.0, by the cloud's seed.
    #[serde(default = "always")]
    pub probability: f64,
}

fn always() -> f64 {
    1.0
}

impl ApiRule {
    /// The next calls of an operation, this many.
    #[must_use]
    pub fn times(operation: &str, fault: ApiFault, times: u64) -> Self {
        Self { operation: operation.to_owned(), fault, after: 0, times: Some(times), probability: 1.0 }
    }

    /// This share of all calls of an operation.
    #[must_use]
    pub fn share(operation: &str, fault: ApiFault, probability: f64) -> Self {
        Self { operation: operation.to_owned(), fault, after: 0, times: None, probability }
    }
}

/// Which tasks a fault meets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskRule {
    /// Tasks of this image.
    Digest(String),
    /// Tasks of this revision, its ARN or `family:revision`.
    TaskDefinition(String),
    /// Tasks of the next deployment of this service that begins after the rule was made. Those of a
    /// rollback to an older revision are not among them.
    NextDeployment(String),
    /// The next one-off tasks, whatever they run.
    OneOff,
}

/// Everything that is to go wrong.
#[derive(Debug)]
pub struct Faults {
    random: StdRng,
    calls: Vec<(ApiRule, u64)>,
    tasks: Vec<Planted>,
    metrics: Option<MetricsFault>,
}

#[derive(Debug)]
struct Planted {
    rule: TaskRule,
    fault: TaskFault,
    left: Option<u64>,
    /// The number of the deployment that a [`TaskRule::NextDeployment`] waits for no longer.
    deployment: Option<u64>,
}

/// What is known about a task that is about to start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate<'a> {
    pub(crate) deployment: Option<u64>,
    pub(crate) task_definition: &'a str,
    pub(crate) digest: &'a str,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: StdRng::seed_from_u64(seed), calls: Vec::new(), tasks: Vec::new(), metrics: None }
    }

    /// Adds a rule for calls; the first that meets a call decides.
    pub fn add_call(&mut self, rule: ApiRule) {
        self.calls.push((rule, 0));
    }

    /// Adds a rule for tasks, for this many of them or for all.
    pub fn add_task(&mut self, rule: TaskRule, fault: TaskFault, times: Option<u64>) {
        self.tasks.push(Planted { rule, fault, left: times, deployment: None });
    }

    /// Forgets every rule. Tasks that run keep what was done to them.
    pub fn clear(&mut self) {
        self.calls.clear();
        self.tasks.clear();
        self.metrics = None;
    }

    /// Sets what is wrong with metrics, or that nothing is.
    pub fn set_metrics(&mut self, fault: Option<MetricsFault>) {
        self.metrics = fault;
    }

    /// What is wrong with metrics.
    pub(crate) fn metrics(&self) -> Option<MetricsFault> {
        self.metrics
    }

    /// What happens to this call.
    pub(crate) fn call(&mut self, operation: &str) -> Option<ApiFault> {
        for (rule, seen) in &mut self.calls {
            if rule.operation != "*" && rule.operation != operation {
                continue;
            }
            if rule.times == Some(0) {
                continue;
            }
            *seen += 1;
            if *seen <= rule.after {
                continue;
            }
            if rule.probability < 1.0 && self.random.random::<f64>() >= rule.probability {
                continue;
            }
            if let Some(times) = &mut rule.times {
                *times -= 1;
            }
            return Some(rule.fault);
        }
        None
    }

    /// Tells the rules that wait for it that a deployment of a service has begun.
    pub(crate) fn deployment_began(&mut self, service: &str, number: u64) {
        for planted in &mut self.tasks {
            if planted.deployment.is_none() && planted.rule == TaskRule::NextDeployment(service.to_owned()) {
                planted.deployment = Some(number);
            }
        }
    }

    /// What happens to this task.
    pub(crate) fn task(&mut self, candidate: Candidate<'_>) -> Option<TaskFault> {
        let planted = self.tasks.iter_mut().find(|planted| planted.meets(candidate))?;
        if let Some(left) = &mut planted.left {
            *left -= 1;
        }
        Some(planted.fault.clone())
    }
}

impl Planted {
    fn meets(&self, candidate: Candidate<'_>) -> bool {
        self.left != Some(0)
            && match &self.rule {
                TaskRule::Digest(digest) => digest == candidate.digest,
                TaskRule::TaskDefinition(name) => {
                    candidate.task_definition == name || candidate.task_definition.ends_with(&format!("/{name}"))
                }
                TaskRule::NextDeployment(_) => self.deployment.is_some() && self.deployment == candidate.deployment,
                TaskRule::OneOff => candidate.deployment.is_none(),
            }
    }
}
