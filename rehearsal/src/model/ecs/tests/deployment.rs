//! Rollouts that go well, within their bounds at every moment, and those that are replaced or stopped.

use super::world::{World, rules};
use crate::model::ecs::Change;
use crate::model::ecs::service::{DeploymentStatus, Rules};

#[test]
fn a_service_comes_up_and_says_that_it_is_steady() {
    let world = World::up(2, rules());
    assert_eq!(world.in_rotation(), 2);
    assert_eq!(world.statuses(), ["SUCCESSFUL"]);
    let expected = [
        "(service web) has started 2 tasks: (task #) (task #).",
        "(service web) registered 1 targets in (target-group arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup/web/#)",
        "(service web) registered 1 targets in (target-group arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup/web/#)",
        "(service web) (deployment ecs-svc/#) deployment completed.",
        "(service web) has reached a steady state.",
    ];
    assert_eq!(world.said(), expected);
}

#[test]
fn a_rollout_stays_within_its_bounds_at_every_moment() {
    // Desired, minimum and maximum percent; the fewest in rotation, the most tasks.
    let cases = [
        (1, 100, 200, 1, 2),
        (2, 100, 200, 2, 4),
        (4, 100, 200, 4, 8),
        (4, 100, 150, 4, 6),
        (4, 50, 100, 2, 4),
        (4, 50, 200, 4, 8),
        (4, 75, 125, 3, 5),
        (4, 75, 100, 3, 4),
        (3, 0, 100, 0, 3),
        (10, 90, 110, 9, 11),
    ];
    for (desired, minimum, maximum, fewest, most) in cases {
        let mut world = World::up(desired, Rules { minimum, maximum, ..rules() });
        let next = world.release("v2");
        world.deploy(&next);
        let ended = world.run_until(1200, |world| world.is(DeploymentStatus::Successful));
        let case = format!("{desired} tasks, {minimum} to {maximum} %");
        assert!(ended, "{case}: {:?}", world.said());
        assert_eq!((world.fewest, world.most), (fewest, most), "{case}");
        assert_eq!(world.serving(&next), desired as usize, "{case}");
        assert_eq!(world.service().deployments.len(), 1, "{case}");
    }
}

#[test]
fn a_task_that_goes_drains_before_it_is_asked_to_end() {
    let mut world = World::up(2, rules());
    let old = world.running();
    let next = world.release("v2");
    world.deploy(&next);
    assert!(world.run_until(60, |world| world.tasks().any(|task| task.phase.word() == "DEACTIVATING")));
    let began = world.now;
    assert!(world.state.task_views().iter().all(|task| task.in_rotation == (task.desired_status == "RUNNING")));
    assert!(world.run_until(60, |world| world.tasks().any(|task| task.phase.word() == "STOPPING")));
    assert_eq!(world.now.duration_since(began).as_secs(), 30, "the deregistration delay");
    world.run(30);
    let ended: Vec<_> = world.tasks().filter(|task| old.contains(&task.arn)).collect();
    for task in ended {
        let stop = task.stop.as_ref().expect("a stop");
        assert_eq!(
            (task.phase.word(), stop.code.word(), task.exit_code),
            ("STOPPED", "ServiceSchedulerInitiated", Some(0))
        );
        assert!(stop.reason.starts_with("Scaling activity initiated by (deployment ecs-svc/"), "{}", stop.reason);
        assert!(task.started_at < task.stopping_at && task.stopping_at < task.stopped_at);
    }
}

#[test]
fn the_history_tells_what_ran_before_and_what_runs_now() {
    let mut world = World::up(2, rules());
    let first = world.service().primary().expect("a primary").number;
    let next = world.release("v2");
    world.deploy(&next);
    assert_eq!(world.statuses(), ["PENDING", "SUCCESSFUL"]);
    world.run(1);
    assert_eq!(world.statuses(), ["IN_PROGRESS", "SUCCESSFUL"]);
    let primary = world.service().primary().expect("a primary");
    assert_eq!((primary.rollout.word(), primary.failed), ("IN_PROGRESS", 0));
    world.run(120);
    let last = world.service().history.last().expect("a deployment");
    let source = last.sources[0];
    assert_eq!((last.sources.len(), source.revision, source.requested, source.running), (1, first, 2, 2));
    assert!(last.created_at < last.started_at.expect("a start"));
    assert!(last.started_at < last.finished_at && last.stopped_at.is_none());
    assert_eq!(world.service().primary().expect("a primary").rollout.word(), "COMPLETED");
}

#[test]
fn only_what_changes_tasks_begins_a_deployment() {
    let mut world = World::up(2, rules());
    let same = world.service().workload().cloned();
    world.change(Change { workload: same.clone(), ..Change::default() }).expect("a change");
    world.change(Change { grace: Some(5), rules: Some(rules()), ..Change::default() }).expect("a change");
    world.change(Change { desired: Some(3), ..Change::default() }).expect("a change");
    world.run(60);
    assert_eq!((world.statuses().len(), world.in_rotation()), (1, 3));
    world.change(Change { desired: Some(1), ..Change::default() }).expect("a change");
    world.run(60);
    assert_eq!((world.statuses().len(), world.in_rotation(), world.running().len()), (1, 1, 1));
    world.change(Change { force: true, ..Change::default() }).expect("a change");
    world.run(120);
    assert_eq!((world.statuses(), world.in_rotation()), (vec!["SUCCESSFUL"; 2], 1));
}

#[test]
fn a_second_update_supersedes_the_one_in_flight() {
    for after in [0, 3, 12, 16, 30, 40] {
        let mut world = World::up(4, rules());
        let (second, third) = (world.release("v2"), world.release("v3"));
        world.deploy(&second);
        world.run(after);
        world.deploy(&third);
        assert_eq!(world.statuses()[..2], ["PENDING", "STOP_REQUESTED"], "after {after}");
        world.run(1);
        assert_eq!(world.statuses()[..2], ["IN_PROGRESS", "STOPPED"], "after {after}");
        assert!(world.run_until(600, |world| world.is(DeploymentStatus::Successful)), "after {after}");
        assert_eq!((world.serving(&third), world.running().len()), (4, 4), "after {after}");
        assert!(world.fewest >= 4, "after {after}: {}", world.fewest);
        let reason = world.service().history[1].reason.as_deref().unwrap_or_default();
        assert!(reason.contains(":service-deployment/c/web/"), "{reason}");
    }
}

#[test]
fn a_deployment_that_is_stopped_goes_back_without_a_gap() {
    for after in [0, 3, 12, 16, 30] {
        let mut world = World::up(4, rules());
        let first = world.service().workload().expect("a workload").definition.clone();
        let good = world.service().primary().expect("a primary").id();
        let second = world.release("v2");
        world.deploy(&second);
        world.run(after);
        let arn = world.service().history[1].arn.clone();
        assert_eq!(world.state.stop_service_deployment(&arn, true, world.now), Ok(arn.clone()));
        assert_eq!(world.state.stop_service_deployment(&arn, true, world.now), Ok(arn.clone()), "once more");
        assert!(world.is(DeploymentStatus::RollbackRequested));
        world.run(1);
        assert!(!world.is(DeploymentStatus::RollbackRequested), "after {after}");
        assert_eq!(world.service().primary().expect("a primary").id(), good);
        assert!(world.run_until(600, |world| world.is(DeploymentStatus::RollbackSuccessful)), "after {after}");
        assert_eq!((world.serving(&first), world.serving(&second), world.fewest), (4, 0, 4), "after {after}");
        let last = world.service().history.last().expect("a deployment");
        let rollback = last.rollback.as_ref().expect("a rollback");
        assert_eq!(rollback.revision, world.service().good);
        assert!(rollback.reason.contains("USER_INITIATED"), "{}", rollback.reason);
        let over = world.state.stop_service_deployment(&arn, true, world.now).expect_err("it is over");
        assert_eq!(over.code, "ConflictException");
        assert!(world.said().contains(&"(service web) rolling back to deployment ecs-svc/#.".to_owned()));
    }
}

#[test]
fn a_deployment_that_is_aborted_stays_where_it_is() {
    let mut world = World::up(2, rules());
    let second = world.release("v2");
    world.deploy(&second);
    world.run(3);
    let arn = world.service().history[1].arn.clone();
    assert_eq!(world.state.stop_service_deployment(&arn, false, world.now), Ok(arn.clone()));
    assert_eq!(world.state.stop_service_deployment(&arn, false, world.now), Ok(arn), "once more");
    world.run(120);
    assert_eq!(world.statuses()[0], "STOPPED");
    assert_eq!(world.service().primary().expect("a primary").rollout.word(), "FAILED");
    let third = world.release("v3");
    world.deploy(&third);
    world.run(120);
    assert_eq!((world.statuses()[0], world.serving(&third), world.running().len()), ("SUCCESSFUL", 2, 2));
}

#[test]
fn the_first_deployment_has_nothing_to_go_back_to() {
    let mut world = World::new();
    let first = world.release("v1");
    world.create(2, rules(), &first).expect("a service");
    let arn = world.service().history[0].arn.clone();
    world.state.stop_service_deployment(&arn, true, world.now).expect("it is in flight");
    world.run(10);
    assert_eq!(world.statuses(), ["ROLLBACK_FAILED"]);
    let last = world.service().history.last().expect("a deployment");
    assert_eq!(last.reason.as_deref(), Some("There is no service revision to roll back to."));
    assert_eq!(last.rollback.as_ref().and_then(|rollback| rollback.revision), None);
}
