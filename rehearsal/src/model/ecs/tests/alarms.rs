//! Alarms that fail a deployment.

use serde_json::json;

use super::world::{World, rules};
use crate::model::ecs::service::{AlarmRule, DeploymentStatus, Rules};

fn watched(rollback: bool) -> Rules {
    Rules { alarms: Some(AlarmRule { names: vec!["errors".to_owned()], rollback }), ..rules() }
}

fn world(rollback: bool) -> World {
    let mut world = World::new();
    let settings = json!({ "Period": 60, "EvaluationPeriods": 2 });
    let settings = settings.as_object().expect("an object").clone();
    world.state.account.alarms.put("errors", settings, world.now);
    let first = world.release("v1");
    world.create(2, watched(rollback), &first).expect("a service");
    world.run(300);
    world.fewest = 2;
    world
}

fn ring(world: &mut World, state: &str) {
    assert!(world.state.account.alarms.set_state("errors", state, "a test", None, world.now));
    world.settle();
}

#[test]
fn an_alarm_takes_a_deployment_back_or_only_ends_it() {
    for (rollback, expected) in [(true, DeploymentStatus::RollbackSuccessful), (false, DeploymentStatus::Stopped)] {
        let mut world = world(rollback);
        let next = world.release("v2");
        world.deploy(&next);
        world.run(30);
        ring(&mut world, "ALARM");
        assert!(world.run_until(300, |world| world.is(expected)), "{rollback}: {:?}", world.statuses());
        let last = world.service().history.last().expect("a deployment");
        assert_eq!(last.rang, ["errors"]);
        assert_eq!(world.fewest, 2);
        assert!(world.said().iter().any(|said| said.ends_with("deployment failed: alarm detected.")));
    }
}

#[test]
fn alarms_are_watched_for_a_while_after_all_tasks_are_up() {
    let mut world = world(true);
    let next = world.release("v2");
    world.deploy(&next);
    assert!(world.run_until(300, |world| world.service().history[1].bakes_until.is_some()));
    let up = world.now;
    assert!(world.run_until(300, |world| world.is(DeploymentStatus::Successful)));
    assert_eq!(world.now.duration_since(up).as_secs(), 120);
    // Rung too late, it changes nothing.
    ring(&mut world, "ALARM");
    world.run(60);
    assert_eq!(world.statuses()[0], "SUCCESSFUL");
}

#[test]
fn an_alarm_that_rings_already_at_the_start_is_ignored() {
    let mut world = world(true);
    ring(&mut world, "ALARM");
    let next = world.release("v2");
    world.deploy(&next);
    assert!(!world.service().history[1].watches_alarms);
    assert!(world.run_until(300, |world| world.is(DeploymentStatus::Successful)));
}

#[test]
fn a_task_that_is_lost_while_it_is_watched_starts_the_watch_anew() {
    let mut world = world(true);
    let next = world.release("v2");
    world.deploy(&next);
    assert!(world.run_until(300, |world| world.service().history[1].bakes_until.is_some()));
    let up = world.now;
    let victim = world.running()[0].clone();
    world.report(&victim, crate::world::Report::Exited { code: 1 });
    assert_eq!(world.service().history[1].bakes_until, None);
    assert!(world.run_until(600, |world| world.is(DeploymentStatus::Successful)));
    assert!(world.now.duration_since(up).as_secs() > 120);
}
