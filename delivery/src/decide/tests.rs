//! Cases of decisions.

use super::*;
use crate::aws::ecs::Container;

const POLICY: Policy =
    Policy { limit: Duration::from_mins(20), crashes: 2, unhealthy: None, tasks: true, alarms: true };

fn stopped(id: &str, kind: Kind) -> StoppedTask {
    let exit_code = (kind == Kind::Crashed).then_some(37);
    StoppedTask { id: id.to_owned(), kind, reason: "its reason".to_owned(), exit_code }
}

fn going_on() -> Observation {
    Observation { status: Some(DeploymentStatus::InProgress), ..Observation::default() }
}

/// The reason why it fails.
#[track_caller]
fn fails(observed: &Observation) -> String {
    match decide(observed, POLICY) {
        Decision::Fail { reason, .. } => reason,
        other => panic!("{other:?} of {observed:?}"),
    }
}

#[test]
fn what_may_still_come_in_goes_on() {
    for observed in [
        Observation::default(),
        going_on(),
        Observation { status: Some(DeploymentStatus::Pending), ..going_on() },
        Observation { status: Some(DeploymentStatus::of("HIBERNATING")), ..going_on() },
        Observation { spent: Duration::from_secs(1_199), ..going_on() },
        // One crash may be the machine's.
        Observation { stopped: vec![stopped("a", Kind::Crashed)], ..going_on() },
        // How often a task may fail its health checks is for ECS to say, and for the limit.
        Observation { stopped: ["a", "b", "c"].map(|id| stopped(id, Kind::Unhealthy)).into(), ..going_on() },
    ] {
        assert_eq!(decide(&observed, POLICY), Decision::GoOn, "{observed:?}");
    }
}

#[test]
fn what_will_not_heal_fails_at_once_and_says_why() {
    let crash = |id| stopped(id, Kind::Crashed);
    let says = |reason: &str| Some(reason.to_owned());
    for (observed, expected) in [
        (
            Observation { stopped: vec![stopped("a", Kind::CannotStart)], ..going_on() },
            "task a could not be started: its reason",
        ),
        (
            Observation { stopped: vec![crash("a"), stopped("b", Kind::Unhealthy), crash("c")], ..going_on() },
            "2 tasks crashed; task c crashed with exit code 37: its reason",
        ),
        (Observation { ringing: vec!["5xx".to_owned()], ..going_on() }, "the alarm 5xx rings"),
        (Observation { interrupted: true, ..going_on() }, "a signal asked to stop"),
        (Observation { lost: says("bob broke it"), ..going_on() }, "the lock was lost: bob broke it"),
        (
            Observation { replaced: says("revision/3"), ..going_on() },
            "somebody else deployed in between: it replaced revision/3, for which it was not planned",
        ),
        (
            Observation { spent: POLICY.limit, stopped: vec![stopped("a", Kind::Unhealthy)], ..going_on() },
            "it is not in after 1200 s: IN_PROGRESS; task a was stopped: its reason",
        ),
        (Observation { spent: POLICY.limit, status: None, ..going_on() }, "it is not in after 1200 s: not listed"),
    ] {
        assert_eq!(fails(&observed), expected);
    }
}

#[test]
fn a_trigger_is_named_with_what_it_saw_and_decides_nothing_when_it_is_switched_off() {
    let off = Policy { tasks: false, alarms: false, ..POLICY };
    let crashes = ["a", "b"].map(|id| stopped(id, Kind::Crashed));
    for (observed, expected) in [
        (Observation { stopped: vec![stopped("a", Kind::CannotStart)], ..going_on() }, Trigger::Tasks),
        (Observation { stopped: crashes.into(), ..going_on() }, Trigger::Tasks),
        (Observation { ringing: vec!["5xx".to_owned()], ..going_on() }, Trigger::Alarm),
    ] {
        let Decision::Fail { trigger, .. } = decide(&observed, POLICY) else { panic!("{observed:?}") };
        assert_eq!(trigger, Some(expected));
        assert_eq!(decide(&observed, off), Decision::GoOn, "{observed:?}");
    }
    let Decision::Fail { trigger, .. } = decide(&Observation { interrupted: true, ..going_on() }, POLICY) else {
        panic!("a signal stops it")
    };
    assert_eq!(trigger, None);
}

#[test]
fn tasks_that_fail_their_health_checks_end_it_where_ecs_does_not_count_them() {
    let counts = Policy { unhealthy: Some(3), ..POLICY };
    let observed = |count: usize| {
        let stopped = ["a", "b", "c"][..count].iter().map(|id| stopped(id, Kind::Unhealthy)).collect();
        Observation { stopped, ..going_on() }
    };
    assert_eq!(decide(&observed(2), counts), Decision::GoOn);
    assert_eq!(decide(&observed(3), POLICY), Decision::GoOn);
    assert_eq!(decide(&observed(3), Policy { tasks: false, ..counts }), Decision::GoOn);
    let reason = "3 tasks were not healthy; task c was stopped: its reason".to_owned();
    assert_eq!(decide(&observed(3), counts), Decision::Fail { reason, trigger: Some(Trigger::Tasks) });
}

#[test]
fn half_of_the_tasks_trip_the_breaker_within_its_bounds() {
    for (desired, tasks) in [(0, 3), (1, 3), (6, 3), (7, 4), (100, 50), (1000, 200)] {
        assert_eq!(breaker(desired), tasks, "{desired}");
    }
}

#[test]
fn what_ecs_takes_back_has_failed_whatever_else_is_seen() {
    for status in ["ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"] {
        let reason = Some("the circuit breaker tripped".to_owned());
        let status = Some(DeploymentStatus::of(status));
        let superseded = Some("deployment/9".to_owned());
        let observed = Observation { status, reason, superseded, interrupted: true, ..Observation::default() };
        let why = fails(&observed);
        assert!(
            why.starts_with("ECS takes it back, ROLLBACK_") && why.ends_with("the circuit breaker tripped"),
            "{why}"
        );
    }
}

#[test]
fn what_is_in_is_done_even_when_a_stop_was_asked_for() {
    let status = Some(DeploymentStatus::Successful);
    let crashed = vec![stopped("a", Kind::Crashed), stopped("b", Kind::Crashed)];
    let observed = Observation { status, interrupted: true, stopped: crashed, spent: POLICY.limit, ..going_on() };
    assert_eq!(decide(&observed, POLICY), Decision::Done);
}

#[test]
fn what_somebody_deployed_over_is_theirs_and_what_somebody_stopped_has_failed() {
    let status = Some(DeploymentStatus::Stopped);
    let stopped = Observation { status, ..Observation::default() };
    assert_eq!(fails(&stopped), "somebody stopped it, STOPPED");
    for status in [DeploymentStatus::Stopped, DeploymentStatus::StopRequested, DeploymentStatus::InProgress] {
        let superseded = Some("deployment/9".to_owned());
        let observed = Observation { status: Some(status), superseded, interrupted: true, ..Observation::default() };
        let reason = "somebody else deployed over it: deployment/9".to_owned();
        assert_eq!(decide(&observed, POLICY), Decision::Yield { reason });
    }
}

fn task(code: Option<&str>, reason: &str, containers: &[(&str, Option<i32>, Option<&str>)]) -> Task {
    let container = |(name, exit_code, reason): &(&str, Option<i32>, Option<&str>)| Container {
        name: (*name).to_owned(),
        exit_code: *exit_code,
        reason: reason.map(str::to_owned),
        digest: None,
    };
    Task {
        arn: "arn:aws:ecs:r:a:task/c/0123".to_owned(),
        task_definition: String::new(),
        started_by: None,
        last_status: "STOPPED".to_owned(),
        desired_status: "STOPPED".to_owned(),
        health: None,
        stop_code: code.map(str::to_owned),
        stopped_reason: Some(reason.to_owned()).filter(|reason| !reason.is_empty()),
        containers: containers.iter().map(container).collect(),
        created_at: None,
        stopped_at: None,
    }
}

#[test]
fn the_end_of_a_task_is_told_with_its_code_and_reasons() {
    let exited = Some("EssentialContainerExited");
    for (task, expected) in [
        (
            task(exited, "Essential container in task exited", &[("app", Some(37), None)]),
            Some("task 0123 crashed with exit code 37: Essential container in task exited"),
        ),
        (
            task(exited, "", &[("app", Some(137), Some("OutOfMemoryError: container killed"))]),
            Some("task 0123 crashed with exit code 137: OutOfMemoryError: container killed"),
        ),
        // A service that ends has failed, however content it is with itself.
        (task(exited, "", &[("app", Some(0), None)]), Some("task 0123 crashed with exit code 0: ECS gave no reason")),
        (
            task(exited, "exited", &[("sidecar", Some(1), Some("no configuration")), ("app", Some(0), None)]),
            Some("task 0123 crashed with exit code 1: exited: no configuration"),
        ),
        (
            task(Some("TaskFailedToStart"), "CannotPullContainerError: not found", &[("app", None, None)]),
            Some("task 0123 could not be started: CannotPullContainerError: not found"),
        ),
        (
            task(
                Some("ServiceSchedulerInitiated"),
                "Task failed ELB health checks in (target-group x)",
                &[("app", Some(0), None)],
            ),
            Some("task 0123 was stopped with exit code 0: Task failed ELB health checks in (target-group x)"),
        ),
        (task(Some("ServiceSchedulerInitiated"), "Scaling activity initiated by (deployment ecs-svc/1)", &[]), None),
        (task(Some("UserInitiated"), "Task stopped by a person", &[]), None),
        (task(None, "", &[]), None),
        (
            task(Some("TaskFailedToStart"), "Capacity is unavailable at this time. Please try again later", &[]),
            Some("task 0123 was stopped: Capacity is unavailable at this time. Please try again later"),
        ),
    ] {
        let told = StoppedTask::of(&task, "app").map(|stopped| stopped.to_string());
        assert_eq!(told.as_deref(), expected);
    }
}
