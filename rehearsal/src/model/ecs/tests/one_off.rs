//! One-off tasks, and tasks that somebody stops.

use serde_json::{Value, json};

use super::world::{World, network, rules};
use crate::faults::TaskRule;
use crate::model::ecs::RunWish;
use crate::world::{Report, TaskFault};

fn wish(definition: &str) -> RunWish {
    RunWish {
        cluster: Some("c".to_owned()),
        definition: definition.to_owned(),
        count: 1,
        overrides: json!({ "containerOverrides": [{
            "name": "app", "command": ["migrate", "up"], "environment": [{ "name": "A", "value": "2" }],
        }] }),
        network: network(),
        launch_type: "FARGATE".to_owned(),
        group: None,
        started_by: Some("deploy".to_owned()),
        tags: Vec::new(),
    }
}

#[test]
fn a_one_off_task_runs_what_it_was_told_to_its_end() {
    let mut world = World::new();
    let definition = world.release("v1");
    let arns = world.state.run_task(wish(&definition), None, world.now).expect("a task");
    world.run(20);
    let launch = &world.launches[0];
    assert_eq!((launch.service.as_deref(), launch.port), (None, None));
    assert_eq!(launch.command, Some(vec!["migrate".to_owned(), "up".to_owned()]));
    assert_eq!(launch.environment["A"], "2");
    assert_eq!(world.running(), arns);
    world.report(&arns[0], Report::Exited { code: 3 });
    world.run(5);
    let task = world.tasks().next().expect("a task");
    let stop = task.stop.as_ref().expect("a stop");
    assert_eq!((task.phase.word(), stop.code.word(), task.exit_code), ("STOPPED", "EssentialContainerExited", Some(3)));
    assert_eq!((task.group.as_str(), task.started_by.as_deref()), ("family:web", Some("deploy")));
    let view = &world.state.task_views()[0];
    assert_eq!((view.command.as_ref().map(Vec::len), view.service.as_ref()), (Some(2), None));
    world.run(30);
    assert_eq!(world.launches.len(), 1, "nobody replaces it");
}

#[test]
fn a_client_token_runs_a_task_once() {
    let mut world = World::new();
    let definition = world.release("v1");
    let first = world.state.run_task(wish(&definition), Some("token"), world.now).expect("a task");
    world.run(20);
    let again = world.state.run_task(wish(&definition), Some("token"), world.now);
    assert_eq!(again.as_ref(), Ok(&first));
    let other = RunWish { started_by: None, ..wish(&definition) };
    let conflict = world.state.run_task(other, Some("token"), world.now).expect_err("another request");
    assert_eq!(conflict.code, "ConflictException");
    assert!(conflict.message.contains(&first[0]), "{}", conflict.message);
    let second = world.state.run_task(RunWish { count: 2, ..wish(&definition) }, Some("another"), world.now);
    assert_eq!(second.expect("tasks").len(), 2);
    assert_eq!(world.tasks().count(), 3);
}

#[test]
fn a_run_that_cannot_be_is_refused() {
    let mut world = World::new();
    let definition = world.release("v1");
    let stranger = json!({ "containerOverrides": [{ "name": "other" }] });
    let cases = [
        (RunWish { cluster: None, ..wish(&definition) }, "ClusterNotFoundException"),
        (wish("web:9"), "ClientException"),
        (RunWish { network: Value::Null, ..wish(&definition) }, "InvalidParameterException"),
        (RunWish { overrides: stranger, ..wish(&definition) }, "InvalidParameterException"),
    ];
    for (wish, code) in cases {
        assert_eq!(world.state.run_task(wish, None, world.now).expect_err("refused").code, code);
    }
    let plain = RunWish { overrides: Value::Null, ..wish(&definition) };
    world.state.run_task(plain, None, world.now).expect("a task");
    world.run(20);
    assert_eq!(world.launches[0].command, Some(vec!["serve".to_owned()]));
}

#[test]
fn a_fault_of_one_off_tasks_leaves_services_alone() {
    let mut world = World::up(1, rules());
    let definition = world.service().workload().expect("a workload").definition.clone();
    let fault = TaskFault::CannotStart { reason: "CannotPullContainerError: gone".to_owned() };
    world.state.faults.add_task(TaskRule::OneOff, fault, Some(1));
    let victim = world.running()[0].clone();
    world.report(&victim, Report::Exited { code: 1 });
    world.state.run_task(wish(&definition), None, world.now).expect("a task");
    world.run(30);
    assert_eq!(world.in_rotation(), 1);
    let failed = world.tasks().find(|task| task.service.is_none()).expect("the task");
    assert_eq!(failed.stop.as_ref().expect("a stop").code.word(), "TaskFailedToStart");
    assert_eq!(failed.container_reason.as_deref(), Some("CannotPullContainerError: gone"));
}

#[test]
fn a_task_is_stopped_at_any_time_and_a_service_replaces_its_own() {
    for after in [0, 6, 10, 30] {
        let mut world = World::new();
        let definition = world.release("v1");
        world.state.run_task(wish(&definition), None, world.now).expect("a task");
        world.run(after);
        world.state.stop_by_user(0, None, world.now);
        world.state.stop_by_user(0, Some("once more"), world.now);
        world.settle();
        world.run(30);
        let task = world.tasks().next().expect("a task");
        let stop = task.stop.as_ref().expect("a stop");
        assert_eq!((task.phase.word(), stop.code.word()), ("STOPPED", "UserInitiated"), "after {after}");
        assert_eq!(stop.reason, "Task stopped by user");
    }
    let mut world = World::up(2, rules());
    let victim = world.running()[0].clone();
    let place = world.state.ecs.find_task("c", &victim).expect("a place");
    world.state.stop_by_user(place, Some("a drill"), world.now);
    world.run(60);
    assert_eq!(world.in_rotation(), 2);
    assert!(!world.running().contains(&victim));
}
