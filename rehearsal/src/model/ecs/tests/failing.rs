//! Tasks that fail: counted, replaced, and what the circuit breaker makes of it.

use std::time::Duration;

use super::world::{World, rules};
use crate::model::ecs::service::{Breaker, DeploymentStatus, Rules, Threshold};
use crate::world::{Report, TaskFault};

fn crash(seconds: u64) -> TaskFault {
    TaskFault::Crash { after: Duration::from_secs(seconds), code: 37 }
}

#[test]
fn a_deployment_whose_tasks_fail_goes_back_by_itself_and_nobody_notices() {
    let cannot = |reason: &str| TaskFault::CannotStart { reason: reason.to_owned() };
    let cases = [
        (crash(0), "EssentialContainerExited", "Essential container in task exited", Some(37)),
        (crash(3), "EssentialContainerExited", "Essential container in task exited", Some(37)),
        (
            TaskFault::NeverReady,
            "ServiceSchedulerInitiated",
            "Task failed ELB health checks in (target-group arn",
            Some(0),
        ),
        (cannot("CannotPullContainerError: none"), "TaskFailedToStart", "CannotPullContainerError: none", None),
        (cannot("ResourceInitializationError: no"), "TaskFailedToStart", "ResourceInitializationError: no", None),
    ];
    for (fault, code, reason, exit_code) in cases {
        let mut world = World::up(4, rules());
        let first = world.service().workload().expect("a workload").definition.clone();
        let next = world.release("v2");
        world.plant(&next, fault.clone());
        world.deploy(&next);
        assert!(world.run_until(900, |world| world.is(DeploymentStatus::RollbackSuccessful)), "{fault:?}");
        assert_eq!((world.serving(&first), world.serving(&next), world.fewest), (4, 0, 4), "{fault:?}");
        let last = world.service().history.last().expect("a deployment");
        assert!(last.triggered && last.failures >= 3 && last.threshold == 3, "{fault:?}: {last:?}");
        world.run(60);
        let failed = world.tasks().find(|task| task.definition == next && task.phase.word() == "STOPPED");
        let failed = failed.expect("a failed task");
        let stop = failed.stop.as_ref().expect("a stop");
        assert_eq!((stop.code.word(), failed.exit_code), (code, exit_code), "{fault:?}");
        assert!(stop.reason.starts_with(reason), "{}", stop.reason);
        let said = world.said();
        let failed = "(service web) (deployment ecs-svc/#) deployment failed: tasks failed to start.".to_owned();
        assert!(said.contains(&failed), "{said:?}");
        let steady = "(service web) has reached a steady state.";
        assert_eq!(said.last().map(String::as_str), Some(steady), "{fault:?}");
    }
}

#[test]
fn without_rollback_or_anything_to_go_back_to_a_failed_deployment_stops() {
    let breaker = Breaker { rollback: false, resets: true, threshold: Threshold::Count(2) };
    let mut world = World::up(2, Rules { breaker: Some(breaker), ..rules() });
    let next = world.release("v2");
    world.plant(&next, crash(0));
    world.deploy(&next);
    world.run(600);
    assert_eq!(world.statuses(), ["STOPPED", "SUCCESSFUL"]);
    let started = world.launches.len();
    world.run(3000);
    assert_eq!(world.launches.len(), started, "a failed deployment starts nothing");
    assert_eq!((world.in_rotation(), world.fewest), (2, 2), "the old tasks go on");
    assert!(world.service().history[1].stopped_at.is_some());

    let mut world = World::new();
    let first = world.release("v1");
    world.plant(&first, crash(0));
    world.create(2, rules(), &first).expect("a service");
    world.run(600);
    assert_eq!(world.statuses(), ["STOPPED"]);
}

#[test]
fn without_a_circuit_breaker_tasks_are_tried_for_ever_and_ever_more_rarely() {
    let mut world = World::up(1, Rules { breaker: None, ..rules() });
    let next = world.release("v2");
    world.plant(&next, crash(0));
    world.deploy(&next);
    world.run(3600);
    let tries = world.launches.len();
    assert!((15..40).contains(&tries), "{tries}");
    assert_eq!((world.statuses()[0], world.fewest), ("IN_PROGRESS", 1));
    assert!(world.said().iter().any(|said| said.contains("unable to consistently start tasks")));
}

#[test]
fn a_rollback_whose_tasks_fail_too_has_failed() {
    let mut world = World::up(4, rules());
    let first = world.service().workload().expect("a workload").definition.clone();
    let next = world.release("v2");
    world.plant(&next, crash(0));
    world.deploy(&next);
    assert!(world.run_until(300, |world| world.is(DeploymentStatus::RollbackInProgress)));
    world.plant(&first, crash(0));
    for task in world.running() {
        world.report(&task, Report::Exited { code: 137 });
    }
    assert!(world.run_until(900, |world| world.is(DeploymentStatus::RollbackFailed)), "{:?}", world.said());
    assert_eq!(world.service().primary().expect("a primary").rollout.word(), "FAILED");
}

#[test]
fn a_healthy_task_makes_the_circuit_breaker_forget() {
    for (resets, expected) in [(true, 0), (false, 1)] {
        let breaker = Breaker { rollback: true, resets, threshold: Threshold::Bounded(50) };
        let mut world = World::up(2, Rules { breaker: Some(breaker), ..rules() });
        let next = world.release("v2");
        let rule = crate::faults::TaskRule::TaskDefinition(next.clone());
        world.state.faults.add_task(rule, crash(0), Some(1));
        world.deploy(&next);
        world.run(13);
        assert_eq!(world.service().primary().expect("a primary").failed, 1);
        assert!(world.run_until(300, |world| world.is(DeploymentStatus::Successful)));
        assert_eq!(world.service().primary().expect("a primary").failed, expected);
    }
}

#[test]
fn the_threshold_is_half_of_the_tasks_within_bounds_unless_told_otherwise() {
    let cases = [
        (Threshold::Bounded(50), 1, 3),
        (Threshold::Bounded(50), 4, 3),
        (Threshold::Bounded(50), 25, 13),
        (Threshold::Bounded(50), 1000, 200),
        (Threshold::Unbounded(50), 1, 1),
        (Threshold::Unbounded(50), 1000, 500),
        (Threshold::Count(7), 1000, 7),
        (Threshold::Count(0), 1000, 1),
    ];
    for (threshold, desired, expected) in cases {
        assert_eq!(threshold.of(desired), expected, "{threshold:?} of {desired}");
    }
}

#[test]
fn a_task_that_dies_is_replaced_also_in_the_middle_of_a_deployment() {
    let mut world = World::up(2, rules());
    let victim = world.running()[0].clone();
    world.report(&victim, Report::Exited { code: 1 });
    assert_eq!(world.in_rotation(), 1);
    world.run(30);
    assert_eq!((world.in_rotation(), world.statuses().len()), (2, 1));

    // The new ones never become ready, and an old one dies: it is replaced by one of its own.
    let first = world.service().workload().expect("a workload").definition.clone();
    let next = world.release("v2");
    world.plant(&next, TaskFault::NeverReady);
    world.deploy(&next);
    world.run(20);
    let victim = world.running()[0].clone();
    world.report(&victim, Report::Exited { code: 1 });
    world.run(25);
    assert_eq!((world.serving(&first), world.in_rotation()), (2, 2));
    assert!(world.is(DeploymentStatus::InProgress));
}

#[test]
fn a_target_that_fails_its_checks_is_replaced_after_the_grace_period() {
    let mut world = World::up(2, rules());
    world.run(60);
    let victim = world.running()[0].clone();
    world.report(&victim, Report::TargetHealth { healthy: false });
    let said = world.said();
    assert!(said.iter().any(|said| said.contains("(port 8080) is unhealthy in (target-group")), "{said:?}");
    world.run(120);
    assert!(!world.running().contains(&victim));
    assert_eq!(world.in_rotation(), 2);

    let victim = world.running()[0].clone();
    world.report(&victim, Report::ContainerHealth { healthy: true });
    assert_eq!(world.state.task_views().iter().find(|task| task.arn == victim).expect("it").health, "HEALTHY");
    world.report(&victim, Report::ContainerHealth { healthy: false });
    let task = world.tasks().find(|task| task.arn == victim).expect("the task");
    assert_eq!(task.stop.as_ref().expect("a stop").reason, "Task failed container health checks");
}

#[test]
fn checks_that_fail_within_the_grace_period_are_forgiven() {
    let mut world = World::new();
    let first = world.release("v1");
    world.create(1, rules(), &first).expect("a service");
    world.run(20);
    let task = world.running()[0].clone();
    world.report(&task, Report::TargetHealth { healthy: false });
    world.run(30);
    assert_eq!(world.running(), std::slice::from_ref(&task));
    world.report(&task, Report::TargetHealth { healthy: true });
    world.run(60);
    assert_eq!(world.running(), [task]);
}
