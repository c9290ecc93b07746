//! The cloud as it is decided, without anything that runs: pure, deterministic, fed with calls,
//! reports and the time.

pub(crate) mod ids;
pub(crate) mod targets;

use jiff::Timestamp;

use crate::account::Account;
use crate::clock::Scale;
use crate::faults::Faults;
use crate::snapshot::{ServiceView, TaskView};
use crate::world::{Launch, Report, TaskArn};

/// Whose cloud this is.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// `ap-northeast-1` for one.
    pub(crate) region: String,
    /// Twelve digits.
    pub(crate) account: String,
    /// The host and port of the registry, as image names have it.
    pub(crate) registry_host: String,
}

/// Everything that the cloud knows.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) identity: Identity,
    pub(crate) scale: Scale,
    pub(crate) ids: ids::Ids,
    /// Every service but ECS.
    pub(crate) account: Account,
    pub(crate) faults: Faults,
    pub(crate) targets: targets::TargetGroups,
    commands: Vec<Command>,
}

/// What a runtime is to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Command {
    /// Start a task.
    Start(Box<Launch>),
    /// Ask a task to end.
    Stop(TaskArn),
}

impl State {
    pub(crate) fn new(identity: Identity, scale: Scale, seed: u64) -> Self {
        Self {
            account: Account::new(&identity),
            identity,
            scale,
            ids: ids::Ids::new(seed),
            faults: Faults::new(seed),
            targets: targets::TargetGroups::default(),
            commands: Vec::new(),
        }
    }

    /// Lets everything happen that is due.
    pub(crate) fn advance(&mut self, _now: Timestamp) {}

    /// When something is due next.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        None
    }

    /// Takes what a runtime saw.
    pub(crate) fn report(&mut self, _task: &TaskArn, _report: Report, _now: Timestamp) {}

    /// Every service.
    pub(crate) fn service_views(&self) -> Vec<ServiceView> {
        Vec::new()
    }

    /// Every task.
    pub(crate) fn task_views(&self) -> Vec<TaskView> {
        Vec::new()
    }

    /// Makes a target group, or changes how it is checked.
    pub(crate) fn put_target_group(&mut self, options: &targets::TargetGroupOptions) -> String {
        self.targets.put(options, self.scale, &self.identity, &mut self.ids)
    }

    /// What the runtime is to do since this was asked last.
    pub(crate) fn take_commands(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.commands)
    }
}
