//! ECS's answers in the engine's words.

use delivery::aws::ecs::{DeploymentStatus, DesiredStatus};
use delivery::aws::signed::Refusal;
use rehearsal::faults::ApiFault;
use serde_json::json;

use crate::cloud::{CONTAINER, DESIRED, Scene};

#[tokio::test(start_paused = true)]
async fn a_service_is_described_and_one_that_is_not_there_is_none() {
    let scene = Scene::new().await;
    let cluster = &scene.staging().cluster;
    let service = scene.service().await;
    assert_eq!((service.name.as_str(), &service.cluster), ("myapp-api", cluster));
    assert_eq!((service.desired, service.running, service.pending), (2, 2, 0));
    assert_eq!(service.status, "ACTIVE");
    let primary = service.primary().expect("a primary");
    assert_eq!((primary.rollout_state.as_str(), primary.running, primary.failed), ("COMPLETED", 2, 0));
    assert!(primary.id.starts_with("ecs-svc/") && !service.events.is_empty(), "{service:?}");
    assert_eq!(scene.clients.service(cluster, "nobody").await.expect("an answer"), None);
    scene.ask("DeleteService", json!({ "cluster": cluster, "service": service.name, "force": true })).await;
    tokio::time::sleep(std::time::Duration::from_mins(10)).await;
    assert_eq!(scene.clients.service(cluster, &service.name).await.expect("an answer"), None);
    let error = scene.clients.service("nowhere", "nobody").await.expect_err("there is no such cluster");
    assert_eq!(error.downcast_ref::<Refusal>().expect("ECS answered").code, "ClusterNotFoundException");
}

#[tokio::test(start_paused = true)]
async fn deployments_revisions_and_tasks_carry_what_a_release_is_known_by() {
    let scene = Scene::new().await;
    let release = scene.release('b');
    scene.deploy(&release).await;
    let (cluster, name) = (&scene.staging().cluster, &scene.staging().service);
    let all = scene.clients.service_deployments(cluster, name, None).await.expect("an answer");
    assert_eq!(all.len(), 2);
    assert!(all[0].created_at > all[1].created_at);
    assert_eq!(all[0].status, DeploymentStatus::Successful);
    assert_eq!(all[0].source_revisions, [all[1].target_revision.clone()]);
    assert!(all[1].source_revisions.is_empty(), "{all:?}");
    assert!(all[0].is_of(&all[0].deployment_id()) && !all[0].is_of(&all[1].deployment_id()));
    let since = scene.clients.service_deployments(cluster, name, Some(all[0].created_at)).await.expect("an answer");
    assert_eq!(since, all[..1]);
    assert_eq!(scene.clients.service_deployment(&all[1].arn).await.expect("an answer"), all[1]);
    scene.clients.service_deployment("arn:aws:ecs:r:a:service-deployment/c/s/none").await.expect_err("it is unknown");

    let arns: Vec<_> = all.iter().map(|deployment| deployment.target_revision.clone()).collect();
    let arns = [arns, vec!["arn:aws:ecs:r:a:service-revision/c/s/1".to_owned()]].concat();
    let revisions = scene.clients.service_revisions(&arns).await.expect("an answer");
    let digests: Vec<_> = revisions.iter().map(|revision| revision.digest_of(CONTAINER)).collect();
    assert_eq!(digests, [Some(&release.digest), Some(&scene.first.digest)]);
    assert_eq!(revisions[0].digest_of("sidecar"), None);

    let running = scene.clients.tasks(cluster, name, DesiredStatus::Running).await.expect("an answer");
    assert_eq!(running.len(), DESIRED);
    for task in &running {
        assert_eq!(task.container(CONTAINER).and_then(|found| found.digest.as_ref()), Some(&release.digest));
        assert_eq!(task.started_by, Some(all[0].deployment_id()));
        assert!(!task.is_stopped() && !task.id().contains('/'), "{task:?}");
    }
    let stopped = scene.clients.tasks(cluster, name, DesiredStatus::Stopped).await.expect("an answer");
    assert!(stopped.iter().all(|task| task.stop_code.as_deref() == Some("ServiceSchedulerInitiated")), "{stopped:?}");
    assert_eq!(scene.clients.task(cluster, &format!("{}0", running[0].arn)).await.expect("an answer"), None);
}

#[tokio::test(start_paused = true)]
async fn a_definition_is_copied_whole_with_another_image_and_found_again() {
    let scene = Scene::new().await;
    let now = scene.clients.task_definition(&scene.service().await.task_definition).await.expect("a definition");
    assert!(now.is_active());
    assert_eq!((now.family(), now.revision()), ("myapp-staging", 1));
    let copy = now.with_image(CONTAINER, "127.0.0.1:5000/myapp@sha256:b").expect("it has the container");
    assert!(now.same_as(&now.clone()) && !now.same_as(&copy));
    let registered = scene.clients.register(&copy).await.expect("it is registered");
    assert_eq!(registered.revision(), 2);
    assert!(registered.same_as(&copy), "{:?}", copy.differences(&registered));
    assert_eq!(registered.image(CONTAINER), Some("127.0.0.1:5000/myapp@sha256:b"));
    assert_eq!(registered.differences(&now).len(), 1, "{:?}", registered.differences(&now));
    let place = registered.log_of(CONTAINER, "0123").expect("it goes to CloudWatch");
    assert_eq!((place.group.as_str(), place.stream.as_str()), ("/ecs/myapp", "ecs/app/0123"));
    assert_eq!(registered.log_of("sidecar", "0123"), None);
    let listed = scene.clients.definitions_of("myapp-staging", 20).await.expect("an answer");
    assert_eq!(listed, [registered.arn().to_owned(), now.arn().to_owned()]);
    assert_eq!(scene.clients.definitions_of("myapp-staging", 1).await.expect("an answer"), listed[..1]);
    let error = now.with_image("api", "x").expect_err("there is no such container").to_string();
    assert!(error.contains("has no container api, only app"), "{error}");
    assert!(!format!("{now:?}").contains("hunter2"), "{now:?}");
    scene.ask("DeregisterTaskDefinition", json!({ "taskDefinition": registered.arn() })).await;
    let gone = scene.clients.task_definition(registered.arn()).await.expect("an answer");
    assert!(!gone.is_active());
}

#[tokio::test(start_paused = true)]
async fn what_a_definition_needs_is_its_roles_and_secrets() {
    let scene = Scene::new().await;
    let definition = json!({
        "family": "needy", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
        "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
        "taskRoleArn": "arn:aws:iam::123456789012:role/task",
        "containerDefinitions": [{
            "name": CONTAINER, "image": "x", "essential": true,
            "secrets": [{ "name": "DATABASE_URL", "valueFrom": "arn:aws:ssm:r:a:parameter/url" }],
        }],
    });
    let answer = scene.ask("RegisterTaskDefinition", definition).await;
    let arn = answer["taskDefinition"]["taskDefinitionArn"].as_str().expect("an ARN");
    let needs = scene.clients.task_definition(arn).await.expect("an answer").needs();
    let roles = ["arn:aws:iam::123456789012:role/execution", "arn:aws:iam::123456789012:role/task"];
    assert_eq!(needs.roles, roles);
    assert_eq!(needs.secrets, [("DATABASE_URL".to_owned(), "arn:aws:ssm:r:a:parameter/url".to_owned())]);
    assert!(needs.alarms.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_update_whose_answer_is_lost_is_one_deployment() {
    for fault in [ApiFault::Throttle, ApiFault::ServerError, ApiFault::Hang, ApiFault::LostAnswer] {
        let scene = Scene::new().await;
        scene.break_calls("UpdateService", fault, 0, 3);
        let (id, _) = scene.update(&scene.release('b')).await;
        assert_eq!(scene.view().service_deployments.len(), 2, "{fault:?}");
        assert_eq!(scene.service().await.primary().expect("a primary").id, id);
    }
}
