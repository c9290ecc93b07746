//! A world whose users can be shifted between two target groups.

use super::{World, rules, workload};
use crate::TargetGroupOptions;
use crate::model::ecs::Refusal;
use crate::model::ecs::blue_green::{BlueGreen, HookAction, HookStatus, Pace, PauseHook, Shift, Stage};
use crate::model::ecs::service::{Advanced, LoadBalancer, Rules};
use crate::model::listeners::{ListenerRuleOptions, RuleKind};

/// Rules that bring users over at a pace, with a bake in minutes, and pauses at these stages.
pub(in super::super) fn shifting(pace: Pace, bake: u64, stages: &[Stage]) -> Rules {
    let pause = PauseHook { stages: stages.to_vec(), timeout: 60, on_timeout: HookAction::Rollback };
    let hooks = if stages.is_empty() { Vec::new() } else { vec![pause] };
    Rules { blue_green: Some(BlueGreen { pace, bake, hooks }), ..rules() }
}

impl World {
    /// The same with a second target group, so that users can be shifted between the two.
    pub(in super::super) fn paired(desired: u32, rules: Rules) -> Self {
        let mut world = Self::new();
        let definition = world.release("v1");
        let balancer = world.pair();
        world.create_with(desired, rules, workload(&definition, balancer)).expect("a service");
        let is_up = |world: &Self| world.service().steady;
        assert!(world.run_until(100_000, is_up), "{:?}", world.said());
        world.fewest = world.served();
        world.most = 0;
        world
    }

    /// A load balancer with two target groups, and the rules that lead to them.
    pub(in super::super) fn pair(&mut self) -> LoadBalancer {
        let group = |name: &str| TargetGroupOptions { name: name.to_owned(), ..TargetGroupOptions::default() };
        let target_group = self.state.put_target_group(&group("web"));
        let alternate = self.state.put_target_group(&group("web-alternate"));
        let mut rule = |kind| {
            let target_groups = vec![target_group.clone(), alternate.clone()];
            self.state.put_listener_rule(&ListenerRuleOptions { balancer: "web".to_owned(), kind, target_groups })
        };
        let (production_rule, test_rule) = (rule(RuleKind::Production), Some(rule(RuleKind::Test)));
        let role = "arn:aws:iam::123456789012:role/shifts".to_owned();
        let advanced = Some(Advanced { alternate, production_rule, test_rule, role });
        LoadBalancer { target_group, container: "app".to_owned(), port: 8080, advanced }
    }

    /// How many targets are in rotation in the worst of the groups that users are sent to.
    pub(in super::super) fn served(&self) -> usize {
        let rules = self.state.listener_rules();
        let Some(rule) = rules.iter().find(|rule| rule.kind == RuleKind::Production) else {
            return self.in_rotation();
        };
        let used = rule.forward.iter().filter(|(_, share)| *share > 0);
        let healthy = |name: &str| {
            let tasks = self.state.task_views();
            tasks.iter().filter(|task| task.in_rotation && task.target_group.as_deref() == Some(name)).count()
        };
        used.map(|(name, _)| healthy(name)).min().unwrap_or_default()
    }

    /// How many blue tasks serve, while a deployment may need them.
    pub(super) fn blue(&self) -> Option<usize> {
        let service = self.state.ecs.services.first()?;
        let last = service.history.last().filter(|last| !last.status.is_over())?;
        let shift = last.shift.as_ref()?;
        let is_needed = shift.has_reached(Stage::PreScaleUp) && (shift.stage != Some(Stage::CleanUp) || shift.is_back);
        let blue = shift.blue.filter(|_| is_needed)?;
        // With a third revision about, blue is only on its way to be the one that serves.
        let mut numbers = service.deployments.iter().map(|deployment| deployment.number);
        if numbers.any(|number| number != blue && number != last.target) {
            return None;
        }
        Some(self.tasks().filter(|task| task.is_of(0, blue) && task.is_wanted() && task.serves()).count())
    }

    /// The shares of the two groups, in tenths of a percent.
    pub(in super::super) fn shares(&self, kind: RuleKind) -> (u32, u32) {
        let rules = self.state.listener_rules();
        let rule = rules.iter().find(|rule| rule.kind == kind).expect("a rule");
        (rule.forward[0].1, rule.forward[1].1)
    }

    /// How the newest service deployment brings users over.
    pub(in super::super) fn shift(&self) -> &Shift {
        self.service().history.last().and_then(|last| last.shift.as_ref()).expect("a shift")
    }

    /// The stage of the newest service deployment.
    pub(in super::super) fn stage(&self) -> Option<Stage> {
        self.shift().stage
    }

    /// The pause that waits for somebody.
    pub(in super::super) fn pause(&self) -> Option<String> {
        let shift = self.service().history.last().and_then(|last| last.shift.as_ref());
        let mut hooks = shift.into_iter().flat_map(|shift| &shift.hooks);
        hooks.find(|hook| hook.status == HookStatus::AwaitingAction).map(|hook| hook.id.clone())
    }

    /// Answers the pause of the newest service deployment.
    pub(in super::super) fn answer(&mut self, hook: &str, action: HookAction) -> Result<String, Refusal> {
        let arn = self.service().history.last().expect("a deployment").arn.clone();
        let answer = self.state.continue_service_deployment(&arn, hook, action, self.now);
        self.settle();
        answer
    }
}
