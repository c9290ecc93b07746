//! Target groups: which tasks a load balancer may send requests to.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Identity, ids::Ids};
use crate::clock::Scale;

/// A target group and its targets.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TargetGroup {
    /// Its name, unique in the cloud.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// How the balancer checks its targets.
    pub health_check: HealthCheck,
    /// How long a target that was deregistered may finish requests; already scaled.
    pub deregistration_delay: Duration,
    /// The tasks in it, in the order of their registration.
    pub targets: Vec<Target>,
}

/// How a load balancer checks a target. Durations are already scaled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HealthCheck {
    /// The path that is asked for.
    pub path: String,
    /// How often.
    pub interval: Duration,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How many checks in a row must pass before a target is healthy.
    pub healthy_threshold: u32,
    /// How many checks in a row must fail before it is not.
    pub unhealthy_threshold: u32,
}

/// A task in a target group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Target {
    /// The ARN of the task.
    pub task: String,
    /// Where it answers.
    pub address: SocketAddr,
    /// Its share of new requests, relative to the others; 0 gets none.
    pub weight: u32,
    /// Whether it gets requests.
    pub state: TargetState,
}

/// The state of a target, in the words of the load balancer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetState {
    /// Registered; its first checks are not done.
    Initial,
    /// Gets requests.
    Healthy,
    /// Fails its checks.
    Unhealthy,
    /// Deregistered: finishes what it has and gets nothing new.
    Draining,
}

/// What a target group is made from; durations as they would be in AWS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TargetGroupOptions {
    /// Its name.
    pub name: String,
    /// The path that is asked for.
    pub path: String,
    /// Seconds between checks.
    pub interval: u64,
    /// Seconds that an answer may take.
    pub timeout: u64,
    /// How many checks in a row must pass before a target is healthy.
    pub healthy_threshold: u32,
    /// How many checks in a row must fail before it is not.
    pub unhealthy_threshold: u32,
    /// Seconds that a target which was deregistered may finish requests.
    pub deregistration_delay: u64,
}

impl Default for TargetGroupOptions {
    fn default() -> Self {
        Self {
            name: "default".to_owned(),
            path: "/ready".to_owned(),
            interval: 5,
            timeout: 2,
            healthy_threshold: 2,
            unhealthy_threshold: 2,
            deregistration_delay: 30,
        }
    }
}

/// All target groups.
#[derive(Debug, Default)]
pub(crate) struct TargetGroups {
    groups: Vec<TargetGroup>,
    changed: bool,
}

impl TargetGroups {
    /// Makes a group, or changes how it is checked; its ARN.
    pub(crate) fn put(
        &mut self,
        options: &TargetGroupOptions,
        scale: Scale,
        identity: &Identity,
        ids: &mut Ids,
    ) -> String {
        self.changed = true;
        let health_check = HealthCheck {
            path: options.path.clone(),
            interval: scale.seconds(options.interval),
            timeout: scale.seconds(options.timeout),
            healthy_threshold: options.healthy_threshold,
            unhealthy_threshold: options.unhealthy_threshold,
        };
        let deregistration_delay = scale.seconds(options.deregistration_delay);
        if let Some(group) = self.groups.iter_mut().find(|group| group.name == options.name) {
            group.health_check = health_check;
            group.deregistration_delay = deregistration_delay;
            return group.arn.clone();
        }
        let Identity { region, account, .. } = identity;
        let arn = format!(
            "arn:aws:elasticloadbalancing:{region}:{account}:targetgroup/{}/{}",
            options.name,
            &ids.hex()[..16]
        );
        let group =
            TargetGroup { name: options.name.clone(), arn, health_check, deregistration_delay, targets: Vec::new() };
        self.groups.push(group);
        self.groups.last().map(|group| group.arn.clone()).unwrap_or_default()
    }

    /// All of them.
    pub(crate) fn all(&self) -> &[TargetGroup] {
        &self.groups
    }

    /// The group of this ARN.
    pub(crate) fn get(&self, arn: &str) -> Option<&TargetGroup> {
        self.groups.iter().find(|group| group.arn == arn)
    }

    /// The groups that a task is in.
    pub(crate) fn of<'a>(&'a self, task: &'a str) -> impl Iterator<Item = &'a TargetGroup> {
        self.groups.iter().filter(move |group| group.targets.iter().any(|target| target.task == task))
    }

    /// Puts a task into a group; its checks begin.
    pub(crate) fn register(&mut self, arn: &str, task: &str, address: SocketAddr) {
        if let Some(group) = self.groups.iter_mut().find(|group| group.arn == arn) {
            self.changed = true;
            let target = Target { task: task.to_owned(), address, weight: 1, state: TargetState::Initial };
            group.targets.push(target);
        }
    }

    /// Changes the state of a task in every group that has it, unless it is draining there.
    pub(crate) fn set_state(&mut self, task: &str, state: TargetState) {
        for target in self.groups.iter_mut().flat_map(|group| &mut group.targets) {
            if target.task == task && target.state != state && target.state != TargetState::Draining {
                target.state = state;
                self.changed = true;
            }
        }
    }

    /// The state of a task, where it is in a group.
    pub(crate) fn state(&self, task: &str) -> Option<TargetState> {
        let mut targets = self.groups.iter().flat_map(|group| &group.targets);
        targets.find(|target| target.task == task).map(|target| target.state)
    }

    /// Takes a task out of every group.
    pub(crate) fn remove(&mut self, task: &str) {
        for group in &mut self.groups {
            let before = group.targets.len();
            group.targets.retain(|target| target.task != task);
            self.changed |= group.targets.len() != before;
        }
    }

    /// Whether anything changed since this was asked last.
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }
}
