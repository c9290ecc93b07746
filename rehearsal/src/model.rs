//! The cloud as it is decided, without anything that runs: pure, deterministic, fed with calls,
//! reports and the time.

pub(crate) mod ecs;
pub(crate) mod ids;
pub(crate) mod listeners;
pub(crate) mod targets;

use crate::account::Account;
use crate::clock::Scale;
use crate::faults::Faults;
use crate::world::{Launch, TaskArn};

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
    pub(crate) listeners: listeners::Listeners,
    pub(crate) ecs: ecs::Ecs,
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
            account: Account::new(&identity, scale),
            identity,
            scale,
            ids: ids::Ids::new(seed),
            faults: Faults::new(seed),
            targets: targets::TargetGroups::default(),
            listeners: listeners::Listeners::default(),
            ecs: ecs::Ecs::default(),
            commands: Vec::new(),
        }
    }

    /// Makes a target group, or changes how it is checked.
    pub(crate) fn put_target_group(&mut self, options: &targets::TargetGroupOptions) -> String {
        self.targets.put(options, self.scale, &self.identity, &mut self.ids)
    }

    /// Makes a listener rule, or has one begin anew; its ARN.
    pub(crate) fn put_listener_rule(&mut self, options: &listeners::ListenerRuleOptions) -> String {
        self.listeners.put(options, &self.identity, &mut self.ids)
    }

    /// Every listener rule as it is now.
    pub(crate) fn listener_rules(&self) -> Vec<listeners::ListenerRule> {
        let name = |(arn, share): &(String, u32)| Some((self.targets.get(arn)?.name.clone(), *share));
        let rule = |rule: &listeners::Rule| listeners::ListenerRule {
            arn: rule.arn.clone(),
            kind: rule.kind,
            forward: rule.forward.iter().filter_map(name).collect(),
        };
        self.listeners.all().iter().map(rule).collect()
    }

    /// What the runtime is to do since this was asked last.
    pub(crate) fn take_commands(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.commands)
    }
}
