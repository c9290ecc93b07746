//! ECS: task definitions, and services that are there or not.

use aws_sdk_ecs::types::{Compatibility, ContainerDefinition, KeyValuePair, NetworkMode, Secret};

use crate::server::Moto;

async fn first(moto: &Moto) -> String {
    let secret =
        Secret::builder().name("API_TOKEN").value_from("arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:a");
    let container = ContainerDefinition::builder()
        .name("app")
        .image("registry/myapp@sha256:old")
        .essential(true)
        .environment(KeyValuePair::builder().name("LOG").value("info").build())
        .secrets(secret.build().expect("a secret"))
        .build();
    let register = moto.clients.ecs.register_task_definition().family("myapp-api").container_definitions(container);
    let register = register.network_mode(NetworkMode::Awsvpc).requires_compatibilities(Compatibility::Fargate);
    let answer = register.cpu("256").memory("512").send().await.expect("a revision");
    answer.task_definition().and_then(|found| found.task_definition_arn()).expect("an ARN").to_owned()
}

#[tokio::test]
async fn a_revision_is_copied_with_another_image_and_known_again() {
    let moto = Moto::start();
    let old = moto.clients.task_definition(&first(&moto).await).await.expect("a definition");
    assert_eq!((old.family(), old.revision(), old.is_active()), ("myapp-api", 1, true));
    let wanted = old.with_image("app", "registry/myapp@sha256:new").expect("a copy");
    assert!(!wanted.same_as(&old));
    let new = moto.clients.register(&wanted).await.expect("a revision");
    assert_eq!((new.revision(), new.image("app")), (2, Some("registry/myapp@sha256:new")));
    let described = moto.clients.task_definition(new.arn()).await.expect("a definition");
    assert!(described.same_as(&wanted), "{:?}", described.differences(&wanted));
    assert_eq!(described.needs().secrets.len(), 1);
    // moto knows no order but its own.
    let mut known = moto.clients.definitions_of("myapp-api", 10).await.expect("a list");
    known.sort();
    assert_eq!(known, [old.arn(), new.arn()]);
    assert!(moto.clients.task_definition("myapp-api:9").await.is_err());
}

#[tokio::test]
async fn a_service_that_is_not_there_is_none() {
    let moto = Moto::start();
    moto.clients.ecs.create_cluster().cluster_name("myapp-cluster").send().await.expect("a cluster");
    assert!(moto.clients.service("myapp-cluster", "myapp-api").await.expect("an answer").is_none());
}
