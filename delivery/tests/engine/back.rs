//! The way back, where it is not simple.

use std::future::pending;
use std::time::Duration;

use delivery::aws::ecs::ServiceDeployment;
use delivery::follow::End;
use rehearsal::faults::{ApiFault, TaskRule};
use rehearsal::world::TaskFault;
use serde_json::json;

use crate::cloud::{CONTAINER, Scene};

async fn last_deployment(scene: &Scene) -> ServiceDeployment {
    let staging = scene.staging();
    let all = scene.clients.service_deployments(&staging.cluster, &staging.service, None).await.expect("an answer");
    all.into_iter().next().expect("there is one")
}

#[tokio::test(start_paused = true)]
async fn a_deployment_in_flight_is_aborted() {
    let scene = Scene::new().await;
    scene.update(&scene.release('b')).await;
    tokio::time::sleep(Duration::from_secs(8)).await;
    let deployment = last_deployment(&scene).await;
    let followed = scene.following().abort(&deployment, "somebody wants it back").await;
    assert_eq!(followed.end, End::BackAgain, "{followed:?}");
    assert_eq!(followed.reason, "somebody wants it back");
    assert_eq!(followed.deployment, Some(deployment.arn));
    scene.serves(&scene.first);
}

#[tokio::test(start_paused = true)]
async fn what_came_in_meanwhile_is_in() {
    let scene = Scene::new().await;
    let release = scene.release('b');
    scene.update(&release).await;
    tokio::time::sleep(Duration::from_secs(8)).await;
    let deployment = last_deployment(&scene).await;
    scene.until("SUCCESSFUL").await;
    let followed = scene.following().abort(&deployment, "somebody wants it back").await;
    assert_eq!(followed.end, End::In, "{followed:?}");
    assert!(followed.reason.contains("it came in before it could be taken back"), "{followed:?}");
    scene.serves(&release);
}

#[tokio::test(start_paused = true)]
async fn whatever_becomes_of_the_asking_it_is_taken_back() {
    let faults =
        [ApiFault::Throttle, ApiFault::ServerError, ApiFault::Hang, ApiFault::LostAnswer, ApiFault::ExpiredToken];
    for fault in faults {
        for times in [1, 9] {
            let scene = Scene::new().await;
            scene.break_tasks(TaskFault::NeverReady, None);
            scene.update(&scene.release('b')).await;
            tokio::time::sleep(Duration::from_secs(4)).await;
            scene.break_calls("StopServiceDeployment", fault, 0, times);
            let deployment = last_deployment(&scene).await;
            let followed = scene.following().abort(&deployment, "it is bad").await;
            assert_eq!(followed.end, End::BackAgain, "{fault:?} {times}: {followed:?}");
            scene.serves(&scene.first);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_release_has_nothing_to_go_back_to() {
    let scene = Scene::new().await;
    let staging = scene.staging();
    let definition = scene.register(&scene.first).await;
    let create = json!({
        "cluster": staging.cluster, "serviceName": "another", "desiredCount": 1,
        "taskDefinition": definition.arn(), "launchType": "FARGATE",
        "networkConfiguration": { "awsvpcConfiguration": { "subnets": ["subnet-1"] } },
    });
    let rule = TaskRule::NextDeployment("another".to_owned());
    let fault = TaskFault::CannotStart { reason: "CannotPullContainerError: not found".to_owned() };
    scene.cloud.faults(|faults| faults.add_task(rule, fault, None));
    scene.ask("CreateService", create).await;
    let mut environment = staging.clone();
    environment.service = "another".to_owned();
    let service = scene.clients.service(&environment.cluster, "another").await.expect("an answer").expect("a service");
    let following = delivery::follow::Following { environment: &environment, ..scene.following() };
    let followed = following.follow(&service.primary().expect("a primary").id, None, pending()).await;
    assert_eq!(followed.end, End::NotBack, "{followed:?}");
    assert!(followed.reason.contains("it is the first release, there is nothing to go back to"), "{followed:?}");
    assert!(followed.reason.contains("could not be started: "), "{followed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_way_back_that_fails_is_not_back() {
    let scene = Scene::new().await;
    let first = scene.service().await.task_definition;
    scene.break_tasks(TaskFault::NeverReady, None);
    scene.update(&scene.release('b')).await;
    tokio::time::sleep(Duration::from_secs(20)).await;
    // What served before can serve no more.
    let reason = "CannotPullContainerError: it is gone".to_owned();
    let rule = TaskRule::TaskDefinition(first.clone());
    scene.cloud.faults(|faults| faults.add_task(rule, TaskFault::CannotStart { reason }, None));
    for task in scene.cloud.snapshot().tasks.iter().filter(|task| task.task_definition == first) {
        scene.simulation.crash(&task.arn, 1);
    }
    let deployment = last_deployment(&scene).await;
    let followed = scene.following().abort(&deployment, "it is bad").await;
    assert_eq!(followed.end, End::NotBack, "{followed:?}");
    let reason = &followed.reason;
    assert!(reason.starts_with("it is bad; "), "{reason}");
    assert!(reason.contains("left: arn:"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn somebody_who_deploys_while_it_goes_back_is_yielded_to() {
    let scene = Scene::new().await;
    scene.update(&scene.release('b')).await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    let deployment = last_deployment(&scene).await;
    let theirs = scene.release('c');
    let following = scene.following();
    let others = async {
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        scene.update(&theirs).await;
    };
    let (followed, ()) = tokio::join!(following.abort(&deployment, "it is bad"), others);
    assert!(matches!(followed.end, End::Somebody | End::In), "{followed:?}");
    scene.until("SUCCESSFUL").await;
    let definition = scene.clients.task_definition(&scene.service().await.task_definition).await.expect("an answer");
    let image = definition.image(CONTAINER).expect("an image").to_owned();
    assert!(image.ends_with(theirs.digest.as_str()), "{image}");
}
