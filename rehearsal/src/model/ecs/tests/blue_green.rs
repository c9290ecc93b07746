//! Deployments with a green fleet beside the blue one, from their first stage to their last.

use super::world::{World, rules, shifting};
use crate::RuleKind;
use crate::model::ecs::Change;
use crate::model::ecs::blue_green::{HookAction, Pace, Stage};
use crate::model::ecs::service::DeploymentStatus;
use crate::world::{Report, TaskFault};

const BLUE_GREEN: Pace = Pace::AllAtOnce;

/// Every stage with the share of users at its end, in their order, while nobody answers a pause.
fn pass(world: &mut World) -> Vec<(Stage, u32)> {
    let mut seen = Vec::new();
    let is_over = |world: &World| world.service().history.last().is_some_and(|last| last.status.is_over());
    while !is_over(world) {
        let now = (world.stage(), world.shift().production);
        if let (Some(stage), share) = now {
            seen.push((stage, share));
        }
        let moved = |world: &World| (world.stage(), world.shift().production) != now || is_over(world);
        assert!(world.run_until(100_000, moved), "{now:?}: {:?}", world.said());
    }
    seen
}

fn words(seen: &[(Stage, u32)]) -> String {
    seen.iter().map(|(stage, share)| format!("{} {share}", stage.word())).collect::<Vec<_>>().join("\n")
}

#[test]
fn users_come_over_step_by_step_and_blue_stays_until_the_end() {
    let before = "PRE_SCALE_UP 0\nSCALE_UP 0\nPOST_SCALE_UP 0\nTEST_TRAFFIC_SHIFT 0\nPOST_TEST_TRAFFIC_SHIFT 0";
    let after = "POST_PRODUCTION_TRAFFIC_SHIFT 1000\nBAKE_TIME 1000\nCLEAN_UP 1000";
    let cases = [
        (BLUE_GREEN, vec![(0, 1000)]),
        (Pace::Canary { share: 50, bake: 10 }, vec![(0, 50), (50, 1000)]),
        (Pace::Linear { step: 400, bake: 0 }, vec![(0, 400), (400, 800), (800, 1000)]),
    ];
    for (pace, shifts) in cases {
        let mut world = World::paired(4, shifting(pace, 5, &[]));
        let next = world.release("v2");
        world.deploy(&next);
        let seen = words(&pass(&mut world));
        let shift =
            |(from, to): &(u32, u32)| format!("PRE_PRODUCTION_TRAFFIC_SHIFT {from}\nPRODUCTION_TRAFFIC_SHIFT {to}");
        let shifts = shifts.iter().map(shift).collect::<Vec<_>>().join("\n");
        assert_eq!(seen, format!("{before}\n{shifts}\n{after}"), "{pace:?}");
        assert_eq!(world.statuses(), ["SUCCESSFUL"; 2], "{pace:?}");
        assert_eq!((world.serving(&next), world.running().len()), (4, 4), "{pace:?}");
        assert_eq!((world.fewest, world.most), (4, 8), "{pace:?}");
        assert_eq!(world.shares(RuleKind::Production), (0, 1000), "{pace:?}");
        assert_eq!(world.shares(RuleKind::Test), (0, 1000), "{pace:?}");
        assert_eq!(world.service().deployments.len(), 1, "{pace:?}");
    }
}

#[test]
fn steps_and_both_revisions_are_looked_at_for_as_long_as_was_asked_for() {
    let minutes = |world: &mut World, is_so: &dyn Fn(&World) -> bool| {
        let since = world.now;
        assert!(world.run_until(100_000, is_so), "{:?}", world.said());
        world.now.duration_since(since).as_secs() / 60
    };
    for (pace, first, bake) in [
        (BLUE_GREEN, 1000, 0),
        (Pace::Canary { share: 100, bake: 7 }, 100, 7),
        (Pace::Linear { step: 500, bake: 3 }, 500, 3),
    ] {
        let mut world = World::paired(2, shifting(pace, 30, &[]));
        let next = world.release("v2");
        world.deploy(&next);
        assert!(world.run_until(600, |world| world.shift().production == first), "{pace:?}");
        assert_eq!(minutes(&mut world, &|world| world.shift().production == 1000), bake, "{pace:?}");
        assert!(world.run_until(600, |world| world.stage() == Some(Stage::BakeTime)), "{pace:?}");
        assert_eq!(minutes(&mut world, &|world| world.stage() == Some(Stage::CleanUp)), 30, "{pace:?}");
    }
}

#[test]
fn a_linear_ladder_is_walked_with_a_pause_before_every_shift_and_each_pause_has_an_id_of_its_own() {
    let stages = [Stage::PostTestTrafficShift, Stage::PreProductionTrafficShift];
    let pace = Pace::Linear { step: 50, bake: 0 };
    let mut world = World::paired(4, shifting(pace, 0, &[]));
    world.change(Change { rules: Some(shifting(pace, 0, &stages)), ..Change::default() }).expect("a change");
    let next = world.release("v2");
    world.deploy(&next);
    let mut ids: Vec<String> = Vec::new();
    let mut shares = Vec::new();
    while world.run_until(600, |world| world.pause().is_some()) {
        let id = world.pause().expect("a pause");
        assert!(!ids.contains(&id), "{id}");
        if world.stage() == Some(Stage::PreProductionTrafficShift) {
            shares.push(world.shift().production);
        }
        // It lasts until somebody says how it goes on.
        world.run(1800);
        assert_eq!(world.pause().as_ref(), Some(&id));
        assert_eq!(world.shares(RuleKind::Production), (1000 - world.shift().production, world.shift().production));
        let wrong = ids.last().map_or("ecs-pause-none", String::as_str);
        assert_eq!(world.answer(wrong, HookAction::Continue).expect_err("another").code, "InvalidParameterException");
        world.answer(&id, HookAction::Continue).expect("it goes on");
        assert!(world.answer(&id, HookAction::Continue).is_err(), "twice");
        ids.push(id);
    }
    assert_eq!(shares, (0..20).map(|step| step * 50).collect::<Vec<_>>());
    assert_eq!((ids.len(), world.statuses()[0], world.fewest), (21, "SUCCESSFUL", 4));
}

#[test]
fn target_groups_take_turns_and_a_rolling_update_stays_where_users_are() {
    let rules = shifting(BLUE_GREEN, 0, &[]);
    let mut world = World::paired(2, rules.clone());
    for (name, expected) in [("v2", (0, 1000)), ("v3", (1000, 0)), ("v4", (0, 1000))] {
        let next = world.release(name);
        world.deploy(&next);
        assert!(world.run_until(600, |world| world.is(DeploymentStatus::Successful)), "{name}");
        assert_eq!((world.shares(RuleKind::Production), world.serving(&next)), (expected, 2), "{name}");
        assert_eq!((world.served(), world.in_rotation()), (2, 2), "{name}");
    }
    world.change(Change { rules: Some(super::world::rules()), ..Change::default() }).expect("a change");
    let next = world.release("v5");
    world.deploy(&next);
    assert!(world.service().history.last().expect("it").shift.is_none());
    assert!(world.run_until(600, |world| world.is(DeploymentStatus::Successful)));
    assert_eq!((world.shares(RuleKind::Production), world.served(), world.fewest), ((0, 1000), 2, 2));
    world.change(Change { rules: Some(rules), ..Change::default() }).expect("a change");
    let next = world.release("v6");
    world.deploy(&next);
    assert!(world.run_until(600, |world| world.is(DeploymentStatus::Successful)));
    assert_eq!((world.shares(RuleKind::Production), world.serving(&next), world.fewest), ((1000, 0), 2, 2));
}

#[test]
fn a_service_may_change_to_a_strategy_that_shifts_only_with_what_that_takes() {
    let mut world = World::up(2, rules());
    let change = Change { rules: Some(shifting(BLUE_GREEN, 0, &[])), ..Change::default() };
    let refused = world.change(change.clone()).expect_err("it has one target group");
    assert_eq!(refused.code, "InvalidParameterException");
    for member in ["alternateTargetGroupArn", "productionListenerRule", "roleArn"] {
        assert!(refused.message.contains(member), "{}", refused.message);
    }
    let mut workload = world.service().workload().cloned().expect("a workload");
    workload.balancers.clear();
    let without = Change { workload: Some(workload.clone()), ..change.clone() };
    assert!(world.change(without).expect_err("no balancer").message.contains("loadBalancers"));
    // With it, the next deployment is the first that shifts.
    workload.balancers = vec![world.pair()];
    world.change(Change { workload: Some(workload), ..change }).expect("a change");
    assert!(world.run_until(600, |world| world.is(DeploymentStatus::Successful)), "{:?}", world.said());
    assert_eq!((world.shares(RuleKind::Production), world.fewest), ((0, 1000), 2));
}

#[test]
fn an_advanced_configuration_names_what_is_there() {
    let mut world = World::paired(1, shifting(BLUE_GREEN, 0, &[]));
    let good = world.service().workload().cloned().expect("a workload");
    let plain = world.state.put_target_group(&crate::TargetGroupOptions::default());
    let advanced = |change: &dyn Fn(&mut crate::model::ecs::service::Advanced)| {
        let mut workload = good.clone();
        change(workload.balancers[0].advanced.as_mut().expect("it"));
        workload
    };
    let main = good.balancers[0].target_group.clone();
    let cases = [
        (advanced(&|it| it.alternate = "arn".to_owned()), "target group does not exist: arn"),
        (advanced(&|it| it.alternate.clone_from(&main)), "another one"),
        (advanced(&|it| it.alternate.clone_from(&plain)), "must be associated"),
        (advanced(&|it| it.production_rule = "arn".to_owned()), "listener rule does not exist: arn"),
        (advanced(&|it| it.test_rule = Some("arn".to_owned())), "listener rule does not exist: arn"),
    ];
    for (workload, words) in cases {
        let refused = world.change(Change { workload: Some(workload), ..Change::default() }).expect_err("refused");
        assert_eq!(refused.code, "InvalidParameterException");
        assert!(refused.message.contains(words), "{}", refused.message);
    }
    let without = advanced(&|it| it.test_rule = None);
    world.change(Change { workload: Some(without), ..Change::default() }).expect("tests are optional");
    assert_eq!(pass(&mut world).len(), 9);
    assert_eq!((world.shift().test, world.statuses()[0]), (None, "SUCCESSFUL"));
}

#[test]
fn the_first_deployment_has_nobody_to_take_users_from() {
    for pace in [BLUE_GREEN, Pace::Canary { share: 50, bake: 10 }, Pace::Linear { step: 50, bake: 6 }] {
        let world = World::paired(2, shifting(pace, 5, &[]));
        assert_eq!((world.statuses(), world.served()), (vec!["SUCCESSFUL"], 2), "{pace:?}");
        assert_eq!(world.shares(RuleKind::Production), (1000, 0), "{pace:?}");
    }
}

#[test]
fn both_fleets_are_scaled_and_their_lost_tasks_replaced_by_their_own_kind() {
    let mut world = World::paired(2, shifting(BLUE_GREEN, 60, &[]));
    let first = world.service().workload().expect("a workload").definition.clone();
    let next = world.release("v2");
    world.deploy(&next);
    assert!(world.run_until(600, |world| world.stage() == Some(Stage::BakeTime)));
    for definition in [&first, &next] {
        let of = |task: &&crate::model::ecs::task::Task| task.definition == **definition && task.is_wanted();
        let victim = world.tasks().find(of).expect("a task").arn.clone();
        world.report(&victim, Report::Exited { code: 1 });
        world.run(60);
        assert_eq!((world.serving(&first), world.serving(&next)), (2, 2));
    }
    for desired in [3, 1] {
        world.change(Change { desired: Some(desired), ..Change::default() }).expect("a change");
        world.run(120);
        assert_eq!((world.serving(&first), world.serving(&next)), (desired as usize, desired as usize));
    }
    assert_eq!(world.stage(), Some(Stage::BakeTime));
}

#[test]
fn a_green_fleet_that_does_not_come_up_is_tried_for_a_day_and_no_user_sees_it() {
    for fault in [TaskFault::NeverReady, TaskFault::CannotStart { reason: "CannotPullContainerError: no".to_owned() }] {
        let mut world = World::paired(4, shifting(BLUE_GREEN, 0, &[]));
        let next = world.release("v2");
        world.plant(&next, fault.clone());
        world.deploy(&next);
        world.run(12 * 3600);
        assert_eq!((world.stage(), world.statuses()[0]), (Some(Stage::ScaleUp), "IN_PROGRESS"), "{fault:?}");
        assert!(!world.service().history[1].triggered, "the circuit breaker is for rolling updates");
        assert!(world.run_until(13 * 3600, |world| world.is(DeploymentStatus::RollbackSuccessful)), "{fault:?}");
        assert_eq!((world.fewest, world.served(), world.running().len()), (4, 4, 4), "{fault:?}");
    }
}
