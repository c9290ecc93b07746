//! Updates that come while users are between two fleets.

use serde_json::json;

use super::back::{LINEAR, at, stages};
use super::world::{World, rules, shifting};
use crate::RuleKind;
use crate::model::ecs::Change;
use crate::model::ecs::blue_green::{HookAction, Stage};
use crate::model::ecs::service::{AlarmRule, DeploymentStatus, Rules};

#[test]
fn another_update_ends_the_one_in_flight_and_begins_where_that_began() {
    for next_rules in [shifting(LINEAR, 10, &[]), rules()] {
        for (stage, share) in stages() {
            let (mut world, second) = at(&shifting(LINEAR, 10, &[]), stage, share);
            let case = format!("{} {share}", stage.word());
            let first = world.shift().blue;
            world.change(Change { rules: Some(next_rules.clone()), ..Change::default() }).expect("a change");
            let third = world.release("v3");
            world.deploy(&third);
            assert_eq!(world.statuses()[..2], ["PENDING", "STOP_REQUESTED"], "{case}");
            // From the clean-up on, what came in serves.
            let (users, good) = match stage {
                Stage::CleanUp => ((0, 1000), Some(world.service().history[1].target)),
                _ => ((1000, 0), first),
            };
            assert_eq!((world.shares(RuleKind::Production), world.service().good), (users, good), "{case}");
            world.run(1);
            assert_eq!(world.statuses()[..2], ["IN_PROGRESS", "STOPPED"], "{case}");
            if next_rules.blue_green.is_some() {
                let others = stage > Stage::PreScaleUp;
                assert!(!others || world.stage() == Some(Stage::ReconcileService), "{case}: {:?}", world.stage());
            }
            assert!(
                world.run_until(4000, |world| world.is(DeploymentStatus::Successful)),
                "{case}: {:?}",
                world.said()
            );
            assert_eq!((world.serving(&second), world.serving(&third)), (0, 4), "{case}");
            assert_eq!((world.served(), world.running().len(), world.fewest), (4, 4, 4), "{case}");
        }
    }
}

#[test]
fn blue_whose_tasks_a_rolling_update_has_replaced_is_brought_back_before_anybody_else_goes() {
    for after in [5, 20, 28, 60] {
        // The rolling update is watched for a while after all its tasks are up.
        let alarms = Some(AlarmRule { names: vec!["errors".to_owned()], rollback: true });
        let mut world = World::paired(4, Rules { alarms, ..rules() });
        let settings = json!({ "Period": 60, "EvaluationPeriods": 20 });
        world.state.account.alarms.put("errors", settings.as_object().expect("an object").clone(), world.now);
        let good = world.service().good;
        let second = world.release("v2");
        world.deploy(&second);
        world.run(after);
        world.change(Change { rules: Some(shifting(LINEAR, 0, &[])), ..Change::default() }).expect("a change");
        let third = world.release("v3");
        world.deploy(&third);
        assert_eq!(world.shift().blue, good, "after {after}");
        assert!(world.run_until(60, |world| world.stage() == Some(Stage::ReconcileService)), "after {after}");
        assert!(world.run_until(4000, |world| world.is(DeploymentStatus::Successful)), "after {after}");
        assert_eq!((world.serving(&third), world.running().len(), world.fewest), (4, 4, 4), "after {after}");
        assert_eq!(world.fewest_blue.min(4), 4, "after {after}");
    }
}

#[test]
fn a_pause_of_the_reconciliation_holds_up_what_comes_after_it() {
    let (mut world, second) = at(&shifting(LINEAR, 10, &[Stage::ReconcileService]), Stage::BakeTime, 1000);
    let third = world.release("v3");
    world.deploy(&third);
    world.run(1800);
    assert_eq!((world.stage(), world.serving(&second), world.serving(&third)), (Some(Stage::ReconcileService), 0, 0));
    let id = world.pause().expect("a pause");
    world.answer(&id, HookAction::Continue).expect("it goes on");
    assert!(world.run_until(4000, |world| world.is(DeploymentStatus::Successful)), "{:?}", world.said());
    assert_eq!((world.serving(&third), world.fewest), (4, 4));
}

#[test]
fn a_pause_of_a_deployment_that_is_superseded_or_stopped_waits_for_nobody() {
    for supersedes in [true, false] {
        let rules = shifting(LINEAR, 10, &[Stage::PostScaleUp]);
        let (mut world, _) = at(&rules, Stage::PostScaleUp, 0);
        let (id, arn) = (world.pause().expect("a pause"), world.service().history[1].arn.clone());
        if supersedes {
            let third = world.release("v3");
            world.deploy(&third);
        } else {
            world.state.stop_service_deployment(&arn, true, world.now).expect("it is in flight");
        }
        let hook = world.service().history[1].shift.as_ref().expect("a shift").hooks[0].clone();
        assert_eq!((hook.id.as_str(), hook.status.word()), (id.as_str(), "FAILED"), "{supersedes}");
        let late = world.state.continue_service_deployment(&arn, &id, HookAction::Continue, world.now);
        assert_eq!(late.expect_err("too late").code, "InvalidParameterException", "{supersedes}");
    }
}
