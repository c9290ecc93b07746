//! What becomes of a rollout, purely: from what was observed, to whether it goes on.
//!
//! ECS notices a release that crashes after minutes and one that cannot start after many. Here the
//! first task that cannot be started and the second that crashes end it: neither will heal.

use std::fmt;
use std::time::Duration;

use crate::aws::ecs::{DeploymentStatus, Task};
use crate::verdict::Trigger;

/// A task of the new revision that stopped of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoppedTask {
    /// Its id.
    pub id: String,
    /// What its end says of the release.
    pub kind: Kind,
    /// Why, in ECS's words.
    pub reason: String,
    /// How its container's process ended.
    pub exit_code: Option<i32>,
}

/// What the end of a task says of the release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It could not be started: an image, a secret or a role is missing.
    CannotStart,
    /// A container that it cannot be without ended.
    Crashed,
    /// It failed its health checks, or AWS had no room for it just then, and ECS replaces it. ECS
    /// decides how often.
    Unhealthy,
}

/// Words in the reasons of tasks that could not be started which say that the next one may.
const MAY_PASS: [&str; 4] =
    ["Capacity is unavailable", "Timeout waiting for network interface", "ThrottlingException", "Rate exceeded"];

impl StoppedTask {
    /// What a stopped task says of the release; none when it was stopped as tasks are, by a scaling
    /// say. `container` is the release's.
    #[must_use]
    pub fn of(task: &Task, container: &str) -> Option<Self> {
        let reason = task.stopped_reason.clone().unwrap_or_default();
        let kind = match task.stop_code.as_deref() {
            Some("TaskFailedToStart") if MAY_PASS.iter().any(|words| reason.contains(words)) => Kind::Unhealthy,
            Some("TaskFailedToStart") => Kind::CannotStart,
            Some("EssentialContainerExited") => Kind::Crashed,
            _ if reason.contains("failed") && reason.contains("health check") => Kind::Unhealthy,
            _ => return None,
        };
        let ours = task.container(container);
        // A sidecar may have ended it: its code then says more than that of ours, which was stopped.
        let others = task.containers.iter();
        let bad = others.chain(ours).rfind(|found| found.exit_code.is_some_and(|code| code != 0)).or(ours);
        let detail = bad.and_then(|found| found.reason.clone()).filter(|detail| !reason.contains(detail.as_str()));
        let reason = match (reason.is_empty(), detail) {
            (false, Some(detail)) => format!("{reason}: {detail}"),
            (false, None) => reason,
            (true, detail) => detail.unwrap_or_else(|| "ECS gave no reason".to_owned()),
        };
        Some(Self { id: task.id().to_owned(), kind, reason, exit_code: bad.and_then(|found| found.exit_code) })
    }
}

impl fmt::Display for StoppedTask {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            Kind::CannotStart => "could not be started",
            Kind::Crashed => "crashed",
            Kind::Unhealthy => "was stopped",
        };
        write!(formatter, "task {} {what}", self.id)?;
        if let Some(code) = self.exit_code {
            write!(formatter, " with exit code {code}")?;
        }
        write!(formatter, ": {}", self.reason)
    }
}

/// What is known of a rollout at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observation {
    /// How its service deployment stands; none when ECS does not list it yet.
    pub status: Option<DeploymentStatus>,
    /// Why, in ECS's words.
    pub reason: Option<String>,
    /// Its tasks that stopped of themselves, each once.
    pub stopped: Vec<StoppedTask>,
    /// The alarms that ring.
    pub ringing: Vec<String>,
    /// Who deployed over it since.
    pub superseded: Option<String>,
    /// What it replaced, when that is not what it was planned to replace.
    pub replaced: Option<String>,
    /// How the lock was lost.
    pub lost: Option<String>,
    /// Whether a signal asked to stop.
    pub interrupted: bool,
    /// How long it has lasted, holds and bakes aside.
    pub spent: Duration,
}

/// What is tolerated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How long it may last.
    pub limit: Duration,
    /// The crash that ends it.
    pub crashes: usize,
    /// The task that fails its health checks which ends it; none where ECS's circuit breaker counts them.
    pub unhealthy: Option<usize>,
    /// Whether tasks that crash or cannot be started end it.
    pub tasks: bool,
    /// Whether an alarm ends it.
    pub alarms: bool,
}

/// The number of tasks that fail their health checks which ends a deployment of so many: half of them,
/// but 3 at least and 200 at the most, as [ECS's circuit breaker] has it, which works for rolling updates
/// alone.
///
/// [ECS's circuit breaker]: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
#[must_use]
pub fn breaker(desired: i32) -> usize {
    usize::try_from(desired).unwrap_or_default().div_ceil(2).clamp(3, 200)
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Look again.
    GoOn,
    /// It is in.
    Done,
    /// Take it back.
    Fail {
        /// Why.
        reason: String,
        /// What was watched that says so, when it is one of the triggers.
        trigger: Option<Trigger>,
    },
    /// Somebody deployed over it: it is theirs now.
    Yield {
        /// To whom.
        reason: String,
    },
}

/// Decides.
#[must_use]
pub fn decide(observed: &Observation, policy: Policy) -> Decision {
    let fail = |reason: String| Decision::Fail { reason, trigger: None };
    let fired = |trigger, reason: String| Decision::Fail { reason, trigger: Some(trigger) };
    let because = observed.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    match &observed.status {
        Some(DeploymentStatus::Successful) => return Decision::Done,
        Some(status) if status.is_rollback() => return fail(format!("ECS takes it back, {status}{because}")),
        _ => {}
    }
    if let Some(who) = &observed.superseded {
        return Decision::Yield { reason: format!("somebody else deployed over it: {who}") };
    }
    if let Some(status @ (DeploymentStatus::Stopped | DeploymentStatus::StopRequested)) = &observed.status {
        return fail(format!("somebody stopped it, {status}{because}"));
    }
    if let Some(other) = &observed.replaced {
        return fail(format!("somebody else deployed in between: it replaced {other}, for which it was not planned"));
    }
    if let Some(why) = &observed.lost {
        return fail(format!("the lock was lost: {why}"));
    }
    if observed.interrupted {
        return fail("a signal asked to stop".to_owned());
    }
    let of_kind = |kind| observed.stopped.iter().filter(move |task| task.kind == kind);
    if policy.tasks
        && let Some(task) = of_kind(Kind::CannotStart).next()
    {
        return fired(Trigger::Tasks, task.to_string());
    }
    let crashed = of_kind(Kind::Crashed).count();
    if policy.tasks && crashed >= policy.crashes {
        let last = of_kind(Kind::Crashed).next_back().map(ToString::to_string).unwrap_or_default();
        return fired(Trigger::Tasks, format!("{crashed} tasks crashed; {last}"));
    }
    let unhealthy = of_kind(Kind::Unhealthy).count();
    if policy.tasks && policy.unhealthy.is_some_and(|most| unhealthy >= most) {
        let last = of_kind(Kind::Unhealthy).next_back().map(ToString::to_string).unwrap_or_default();
        return fired(Trigger::Tasks, format!("{unhealthy} tasks were not healthy; {last}"));
    }
    if policy.alarms && !observed.ringing.is_empty() {
        return fired(Trigger::Alarm, format!("the alarm {} rings", observed.ringing.join(" and ")));
    }
    if observed.spent >= policy.limit {
        let stands = observed.status.as_ref().map_or("not listed", DeploymentStatus::as_str);
        let last = observed.stopped.last().map(|task| format!("; {task}")).unwrap_or_default();
        return fail(format!("it is not in after {} s: {stands}{because}{last}", policy.limit.as_secs()));
    }
    Decision::GoOn
}

#[cfg(test)]
mod tests;
