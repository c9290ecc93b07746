//! The way back from a green fleet, from every stage and for every reason.

use serde_json::json;

use super::world::{World, shifting};
use crate::RuleKind;
use crate::model::ecs::Change;
use crate::model::ecs::blue_green::{BlueGreen, HookAction, HookStatus, Pace, Stage};
use crate::model::ecs::service::{AlarmRule, DeploymentStatus, Rules};
use crate::world::{Report, TaskFault};

pub(super) const LINEAR: Pace = Pace::Linear { step: 400, bake: 5 };

/// A world in which `v1` serves, and the definition of `v2`, whose deployment has come to this stage
/// and share of users.
pub(super) fn at(rules: &Rules, stage: Stage, share: u32) -> (World, String) {
    let mut world = World::paired(4, Rules { blue_green: None, ..rules.clone() });
    world.change(Change { rules: Some(rules.clone()), ..Change::default() }).expect("a change");
    let next = world.release("v2");
    world.deploy(&next);
    while !world.run_until(0, |world| world.stage() == Some(stage) && world.shift().production >= share) {
        if let Some(id) = world.pause() {
            world.answer(&id, HookAction::Continue).expect("it goes on");
            continue;
        }
        let now = (world.stage(), world.shift().production);
        let moved = |world: &World| (world.stage(), world.shift().production) != now || world.pause().is_some();
        assert!(world.run_until(10_000, moved), "{now:?}");
    }
    (world, next)
}

/// Every stage, with the share of users that it begins with.
pub(super) fn stages() -> Vec<(Stage, u32)> {
    let shift = |share| [(Stage::PreProductionTrafficShift, share), (Stage::ProductionTrafficShift, share + 400)];
    let early =
        Stage::ALL.into_iter().filter(|stage| (Stage::PreScaleUp..Stage::PreProductionTrafficShift).contains(stage));
    let early = early.map(|stage| (stage, 0));
    let late = [Stage::PostProductionTrafficShift, Stage::BakeTime, Stage::CleanUp].map(|stage| (stage, 1000));
    let last = [(Stage::PreProductionTrafficShift, 800), (Stage::ProductionTrafficShift, 1000)];
    early.chain(shift(0)).chain(shift(400)).chain(last).chain(late).collect()
}

/// That blue serves everybody, green is gone, and nobody has noticed.
fn holds(world: &World, next: &str, case: &str) {
    assert_eq!((world.serving(next), world.running().len(), world.served()), (0, 4, 4), "{case}");
    assert_eq!((world.fewest, world.service().deployments.len()), (4, 1), "{case}");
    assert_eq!(world.fewest_blue.min(4), 4, "{case}");
    assert_eq!(world.shares(RuleKind::Production), (1000, 0), "{case}");
    assert_eq!(world.shares(RuleKind::Test), (1000, 0), "{case}");
    assert_eq!((world.shift().production, world.shift().test), (0, Some(0)), "{case}");
    assert!(world.service().history.iter().all(|deployment| deployment.status.is_over()), "{case}");
}

#[test]
fn a_deployment_is_stopped_at_every_stage_and_users_are_back_within_a_second() {
    for (stage, share) in stages() {
        let (mut world, next) = at(&shifting(LINEAR, 10, &[]), stage, share);
        let case = format!("{} {share}", stage.word());
        let arn = world.service().history[1].arn.clone();
        world.state.stop_service_deployment(&arn, true, world.now).expect("it is in flight");
        world.settle();
        if stage == Stage::CleanUp {
            // Blue was on its way out: it comes up again before it gets anybody.
            assert!(world.run_until(60, |world| world.shift().is_back), "{case}");
        }
        world.run(1);
        assert_eq!(world.shares(RuleKind::Production), (1000, 0), "{case}");
        assert!(world.run_until(600, |world| world.is(DeploymentStatus::RollbackSuccessful)), "{case}");
        world.run(60);
        holds(&world, &next, &case);
        let last = world.service().history.last().expect("it");
        assert!(last.reason.as_deref().is_some_and(|reason| reason.contains("USER_INITIATED")), "{case}");
        // And the way forward is open.
        let third = world.release("v3");
        world.deploy(&third);
        assert!(world.run_until(4000, |world| world.is(DeploymentStatus::Successful)), "{case}");
        assert_eq!((world.serving(&third), world.fewest), (4, 4), "{case}");
    }
}

#[test]
fn every_pause_ends_in_a_rollback_when_somebody_says_so() {
    let pauses = Stage::ALL.into_iter().filter(|stage| stage.may_pause() && *stage != Stage::ReconcileService);
    for stage in pauses {
        let share = if stage > Stage::ProductionTrafficShift { 1000 } else { 0 };
        let (mut world, next) = at(&shifting(LINEAR, 10, &[stage]), stage, share);
        let id = world.pause().expect("a pause");
        let case = stage.word();
        world.answer(&id, HookAction::Rollback).expect("it goes back");
        assert!(world.is(DeploymentStatus::RollbackRequested), "{case}");
        assert!(world.answer(&id, HookAction::Continue).is_err(), "{case}");
        assert!(world.run_until(600, |world| world.is(DeploymentStatus::RollbackSuccessful)), "{case}");
        assert_eq!(world.shift().hooks[0].status, HookStatus::Failed, "{case}");
        world.run(60);
        holds(&world, &next, case);
    }
}

#[test]
fn a_pause_that_nobody_answers_takes_its_action() {
    for (on_timeout, expected) in [(HookAction::Continue, "SUCCESSFUL"), (HookAction::Rollback, "ROLLBACK_SUCCESSFUL")]
    {
        let mut rules = shifting(Pace::AllAtOnce, 0, &[Stage::PreProductionTrafficShift]);
        if let Some(BlueGreen { hooks, .. }) = &mut rules.blue_green {
            (hooks[0].timeout, hooks[0].on_timeout) = (30, on_timeout);
        }
        let (mut world, next) = at(&rules, Stage::PreProductionTrafficShift, 0);
        let since = world.now;
        assert!(world.run_until(3600, |world| world.pause().is_none()));
        assert_eq!(
            (world.now.duration_since(since).as_secs(), world.shift().production),
            (
                1800,
                match on_timeout {
                    HookAction::Continue => 1000,
                    HookAction::Rollback => 0,
                }
            )
        );
        world.run(600);
        assert_eq!((world.statuses()[0], world.fewest), (expected, 4));
        if on_timeout == HookAction::Rollback {
            assert_eq!(world.shift().hooks[0].status, HookStatus::TimedOut);
            holds(&world, &next, "timed out");
        }
    }
}

#[test]
fn two_pauses_of_a_stage_both_have_to_end() {
    let mut rules = shifting(Pace::AllAtOnce, 0, &[Stage::PostScaleUp]);
    if let Some(BlueGreen { hooks, .. }) = &mut rules.blue_green {
        hooks.push(hooks[0].clone());
    }
    let (mut world, _) = at(&rules, Stage::PostScaleUp, 0);
    let first = world.pause().expect("a pause");
    world.answer(&first, HookAction::Continue).expect("it goes on");
    world.run(600);
    let second = world.pause().expect("another pause");
    assert_ne!(first, second);
    assert_eq!(world.stage(), Some(Stage::PostScaleUp));
    world.answer(&second, HookAction::Continue).expect("it goes on");
    world.run(600);
    assert_eq!(world.statuses()[0], "SUCCESSFUL");
}

fn watched(rollback: bool) -> Rules {
    let alarms = Some(AlarmRule { names: vec!["errors".to_owned()], rollback });
    Rules { alarms, ..shifting(LINEAR, 10, &[]) }
}

fn ring(world: &mut World) {
    let settings = json!({ "Period": 60, "EvaluationPeriods": 2 });
    world.state.account.alarms.put("errors", settings.as_object().expect("an object").clone(), world.now);
    assert!(world.state.account.alarms.set_state("errors", "ALARM", "a test", None, world.now));
    world.settle();
}

#[test]
fn an_alarm_takes_users_back_at_once_at_every_stage_the_bake_included() {
    for (stage, share) in stages() {
        let (mut world, next) = at(&watched(true), stage, share);
        let case = format!("{} {share}", stage.word());
        ring(&mut world);
        assert!(!world.is(DeploymentStatus::InProgress), "{case}");
        if stage != Stage::CleanUp {
            assert_eq!(world.shares(RuleKind::Production), (1000, 0), "{case}");
        }
        assert!(world.run_until(600, |world| world.is(DeploymentStatus::RollbackSuccessful)), "{case}");
        world.run(60);
        holds(&world, &next, &case);
    }
}

#[test]
fn an_alarm_that_only_ends_a_deployment_leaves_users_where_they_are_until_the_next() {
    for (stage, share) in [(Stage::ScaleUp, 0), (Stage::ProductionTrafficShift, 400), (Stage::BakeTime, 1000)] {
        let (mut world, next) = at(&watched(false), stage, share);
        let case = format!("{} {share}", stage.word());
        ring(&mut world);
        world.run(4000);
        assert_eq!((world.statuses()[0], world.shift().production), ("STOPPED", share), "{case}");
        assert_eq!(world.shares(RuleKind::Production), (1000 - share, share), "{case}");
        let used = world.tasks().find(|task| (task.definition == next) == (share == 1000) && task.is_wanted());
        let victim = used.expect("a task").arn.clone();
        world.report(&victim, Report::Exited { code: 1 });
        world.run(60);
        assert!(world.served() >= 4, "{case}: who serves users is replaced");
        world.fewest = 4;
        let third = world.release("v3");
        world.deploy(&third);
        assert_eq!(world.shares(RuleKind::Production), (1000, 0), "{case}");
        assert!(world.run_until(4000, |world| world.is(DeploymentStatus::Successful)), "{case}: {:?}", world.said());
        assert_eq!((world.serving(&third), world.running().len(), world.fewest), (4, 4, 4), "{case}");
    }
}

#[test]
fn blue_that_serves_nobody_gets_no_user_back() {
    let (mut world, next) = at(&shifting(LINEAR, 60, &[]), Stage::BakeTime, 1000);
    let first = world.service().revision(world.shift().blue.expect("blue")).expect("it").workload.definition.clone();
    world.plant(&first, TaskFault::NeverReady);
    let blue: Vec<String> = world
        .tasks()
        .filter(|task| task.definition == first && task.is_wanted())
        .map(|task| task.arn.clone())
        .collect();
    for task in blue {
        world.report(&task, Report::Exited { code: 1 });
    }
    let arn = world.service().history[1].arn.clone();
    world.state.stop_service_deployment(&arn, true, world.now).expect("it is in flight");
    world.run(600);
    assert_eq!(world.shares(RuleKind::Production), (0, 1000));
    assert_eq!((world.is(DeploymentStatus::RollbackInProgress), world.serving(&next)), (true, 4));
    world.state.faults.clear();
    assert!(world.run_until(1200, |world| world.is(DeploymentStatus::RollbackSuccessful)), "{:?}", world.said());
    assert_eq!((world.shares(RuleKind::Production), world.served(), world.fewest), ((1000, 0), 4, 4));
}

#[test]
fn the_first_deployment_has_no_way_back() {
    let mut world = World::new();
    let first = world.release("v1");
    let balancer = world.pair();
    let pauses = shifting(Pace::AllAtOnce, 0, &[Stage::PostTestTrafficShift]);
    let workload = super::world::workload(&first, balancer);
    world.create_with(2, pauses, workload).expect("a service");
    assert!(world.run_until(600, |world| world.pause().is_some()));
    let id = world.pause().expect("a pause");
    world.answer(&id, HookAction::Rollback).expect("it is heard");
    world.run(600);
    assert_eq!((world.statuses(), world.serving(&first)), (vec!["ROLLBACK_FAILED"], 2));
    let second = world.release("v2");
    world.change(Change { rules: Some(shifting(Pace::AllAtOnce, 0, &[])), ..Change::default() }).expect("a change");
    world.deploy(&second);
    assert!(world.run_until(1200, |world| world.is(DeploymentStatus::Successful)), "{:?}", world.said());
    assert_eq!((world.serving(&second), world.served()), (2, 2));
}

#[test]
fn a_service_is_deleted_in_the_middle_of_it_all_and_leaves_nothing() {
    for (stage, share) in stages() {
        let (mut world, _) = at(&shifting(LINEAR, 10, &[Stage::PostScaleUp]), stage, share);
        world.state.delete_service(0, true, world.now).expect("it goes");
        world.settle();
        world.run(120);
        assert_eq!((world.service().status.word(), world.running().len()), ("INACTIVE", 0), "{}", stage.word());
        world.run(7200);
        assert_eq!(world.state.next_deadline(), None, "{}", stage.word());
    }
}
