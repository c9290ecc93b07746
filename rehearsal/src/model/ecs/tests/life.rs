//! Services that are made, refused and deleted, and what their tasks are made from.

use std::time::Duration;

use serde_json::json;

use super::world::{World, network, rules};
use crate::model::ecs::Change;
use crate::model::ecs::service::{LoadBalancer, Status, Workload};
use crate::world::Report;

fn workload(definition: &str) -> Workload {
    Workload {
        definition: definition.to_owned(),
        balancers: Vec::new(),
        network: network(),
        launch_type: "FARGATE".to_owned(),
        platform_version: "LATEST".to_owned(),
    }
}

#[test]
fn a_task_passes_through_all_its_states() {
    let mut world = World::new();
    let definition = world.release("v1");
    world.create(1, rules(), &definition).expect("a service");
    let mut seen: Vec<&str> = Vec::new();
    let mut watch = |world: &mut World, seconds: u64| {
        for _ in 0..seconds * 2 {
            let word = world.tasks().next().map_or("FORGOTTEN", |task| task.phase.word());
            if seen.last() != Some(&word) {
                seen.push(word);
            }
            let half = Duration::from_millis(500);
            let until = world.now + half;
            world.run_until(0, |_| false);
            world.now = until;
            world.run(0);
        }
    };
    watch(&mut world, 30);
    world.change(Change { desired: Some(0), ..Change::default() }).expect("a change");
    watch(&mut world, 60);
    world.run(3600);
    watch(&mut world, 1);
    let expected = [
        "FORGOTTEN",
        "PROVISIONING",
        "PENDING",
        "ACTIVATING",
        "RUNNING",
        "DEACTIVATING",
        "STOPPING",
        "DEPROVISIONING",
        "STOPPED",
        "FORGOTTEN",
    ];
    assert_eq!(seen, expected);
}

#[test]
fn a_service_that_cannot_be_is_refused_with_the_reason() {
    let mut world = World::up(1, rules());
    let definition = world.release("v2");
    let inactive = world.release("v3");
    world.state.ecs.definitions.deregister(&inactive, world.now).expect("it is there");
    let group = world.service().workload().expect("a workload").balancers[0].target_group.clone();
    let balancer = |container: &str, port, group: &str| Workload {
        balancers: vec![LoadBalancer {
            target_group: group.to_owned(),
            container: container.to_owned(),
            port,
            advanced: None,
        }],
        ..workload(&definition)
    };
    let sidecar = json!({
        "family": "two", "containerDefinitions": [{ "name": "a", "image": "i" }, { "name": "b", "image": "i" }],
    });
    let sidecar = world.register_document(sidecar).expect("a definition");
    let cases = [
        (workload("web:99"), "ClientException", "Unable to find task definition"),
        (workload(&inactive), "ClientException", "TaskDefinition is inactive"),
        (workload(&sidecar), "NotImplementedException", "2 containers"),
        (Workload { network: json!(null), ..workload(&definition) }, "InvalidParameterException", "Network"),
        (balancer("other", 8080, &group), "InvalidParameterException", "container other does not exist"),
        (balancer("app", 8081, &group), "InvalidParameterException", "container port 8081"),
        (balancer("app", 8080, "arn"), "InvalidParameterException", "target group does not exist"),
    ];
    for (workload, code, words) in cases {
        let change = Change { workload: Some(workload), ..Change::default() };
        let refusal = world.change(change).expect_err("it cannot be");
        assert_eq!(refusal.code, code);
        assert!(refusal.message.contains(words), "{}", refusal.message);
    }
    let twice = world.create(1, rules(), &definition).expect_err("there is one");
    assert_eq!(twice.code, "InvalidParameterException");
    assert_eq!(world.statuses(), ["SUCCESSFUL"], "nothing has begun");
}

#[test]
fn a_service_without_a_load_balancer_is_healthy_when_it_runs() {
    let mut world = World::new();
    let definition = world.release("v1");
    world.create_with(2, rules(), workload(&definition)).expect("a service");
    world.run(30);
    assert_eq!((world.statuses(), world.in_rotation(), world.running().len()), (vec!["SUCCESSFUL"], 0, 2));
    let next = world.release("v2");
    world.deploy(&next);
    world.run(60);
    assert_eq!((world.statuses()[0], world.serving(&next)), ("SUCCESSFUL", 2));
    assert!(world.launches.iter().all(|launch| launch.port.is_none()));
}

#[test]
fn a_deleted_service_drains_and_is_gone_and_its_name_is_free() {
    let mut world = World::up(2, rules());
    let definition = world.service().workload().expect("a workload").definition.clone();
    let refusal = world.state.delete_service(0, false, world.now).expect_err("it has tasks");
    assert!(refusal.message.contains("scaled above 0"), "{}", refusal.message);
    let next = world.release("v2");
    world.deploy(&next);
    world.run(3);
    world.state.delete_service(0, true, world.now).expect("it goes");
    world.settle();
    let refusal = world.create(1, rules(), &definition).expect_err("it drains");
    assert!(refusal.message.contains("still Draining"), "{}", refusal.message);
    assert_eq!((world.service().status.word(), world.statuses()[0]), (Status::Draining.word(), "STOPPED"));
    world.run(120);
    assert_eq!((world.service().status.word(), world.running().len()), ("INACTIVE", 0));
    assert_eq!(world.state.service_views().len(), 0);
    assert_eq!(world.create(1, rules(), &definition), Ok(1));
}

#[test]
fn a_service_that_is_deleted_in_the_middle_of_everything_leaves_nothing_due() {
    let mut world = World::new();
    let definition = world.release("v1");
    world.create(0, rules(), &definition).expect("a service");
    for _ in 0..2 {
        world.change(Change { force: true, ..Change::default() }).expect("a change");
    }
    world.state.delete_service(0, false, world.now).expect("it goes");
    world.settle();
    assert_eq!((world.service().status.word(), world.statuses()), ("INACTIVE", vec!["STOPPED"; 3]));
    world.run(60);
    assert_eq!(world.state.next_deadline(), None);
}

#[test]
fn a_revision_keeps_the_digest_that_a_tag_had_when_it_was_made() {
    let mut world = World::new();
    let seed = |world: &World, release: &str| {
        let seeded = world.state.account.registry.seed("myapp", Some("latest"), &[("RELEASE", release)], world.now);
        seeded.expect("a new image").to_string()
    };
    let old = seed(&world, "v1");
    let definition = world.register("127.0.0.1:5000/myapp:latest");
    world.create(1, rules(), &definition).expect("a service");
    world.run(30);
    let new = seed(&world, "v2");
    let victim = world.running()[0].clone();
    world.report(&victim, Report::Exited { code: 1 });
    world.run(30);
    let digests: Vec<_> = world.launches.iter().map(|launch| launch.digest.clone()).collect();
    assert_eq!(digests, [old.clone(), old.clone()]);
    world.change(Change { force: true, ..Change::default() }).expect("a change");
    world.run(120);
    assert_eq!(world.launches[2].digest, new);
    assert_eq!(world.service().revisions[0].digest, Some(old));
    assert_eq!(world.service().revisions[1].digest, Some(new));
}

#[test]
fn what_a_task_needs_and_cannot_have_stops_it_with_the_reason() {
    let document = |image: &str, secret: &str| {
        json!({
            "family": "needs", "containerDefinitions": [{
                "name": "app", "image": image, "entryPoint": ["/app"],
                "secrets": [{ "name": "TOKEN", "valueFrom": secret }],
            }],
        })
    };
    let cases = [
        ("127.0.0.1:5000/myapp:none", "/token", "CannotPullContainerError: "),
        ("127.0.0.1:5000/myapp:v1", "/none", "ResourceInitializationError: unable to pull secrets"),
        ("127.0.0.1:5000/myapp:v1", "/token", ""),
    ];
    for (image, secret, expected) in cases {
        let mut world = World::new();
        world.state.account.registry.seed("myapp", Some("v1"), &[("RELEASE", "v1")], world.now).expect("an image");
        let kind = crate::parameters::Kind::SecureString;
        world
            .state
            .account
            .parameters
            .put("/token", Some(kind), None, "secret", false, world.now)
            .expect("a parameter");
        let definition = world.register_document(document(image, secret)).expect("a definition");
        world.create_with(1, rules(), workload(&definition)).expect("a service");
        world.run(8);
        let task = world.tasks().next().expect("a task");
        let reason = task.stop.as_ref().map(|stop| stop.reason.as_str()).unwrap_or_default();
        assert!(reason.starts_with(expected) && reason.is_empty() == expected.is_empty(), "{image}: {reason}");
        if expected.is_empty() {
            let launch = &world.launches[0];
            assert_eq!(launch.environment["TOKEN"], "secret");
            assert_eq!(launch.entry_point.as_deref(), Some(&["/app".to_owned()][..]));
            assert_eq!(launch.stop_timeout, Duration::from_secs(30));
        }
    }
}

#[test]
fn lines_go_to_the_stream_of_their_task_and_strangers_are_ignored() {
    let mut world = World::up(1, rules());
    let task = world.running()[0].clone();
    world.report(&task, Report::Log { line: "hello".to_owned() });
    let id = task.rsplit('/').next().expect("an id");
    let stream = format!("ecs/app/{id}");
    let group = world.state.account.logs.group("g").expect("the group");
    assert_eq!(group.streams[&stream].events[0].message, "hello");
    world.report("arn:nobody", Report::Exited { code: 1 });
    world.report(&task, Report::Running { address: None });
    assert_eq!(world.running(), [task]);
}

#[test]
fn a_runtime_that_never_tells_the_end_is_not_waited_for_for_ever() {
    let mut world = World::up(1, rules());
    let task = world.running()[0].clone();
    world.change(Change { desired: Some(0), ..Change::default() }).expect("a change");
    world.run(29);
    world.state.advance(world.now + Duration::from_secs(1));
    let _ = world.state.take_commands();
    world.run(300);
    let ended = world.tasks().find(|known| known.arn == task).expect("the task");
    assert_eq!((ended.phase.word(), ended.exit_code), ("STOPPED", Some(137)));
}
