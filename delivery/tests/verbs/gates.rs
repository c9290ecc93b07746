//! What is refused, and leaves everything as it was.

use std::fs;
use std::time::Duration;

use rehearsal::faults::ApiFault;
use serde_json::json;

use crate::deploy::{promoted, staged};
use crate::layout::write_layout;
use crate::stage::{PRODUCTION, Ran, STAGING, Stage};

/// Runs what is to be refused, and sees that it changed nothing.
async fn refused(stage: &Stage, line: &str, code: u8) -> Ran {
    let look = || {
        let deployments = [STAGING, PRODUCTION].map(|cluster| stage.service(cluster).service_deployments.len());
        let migrations = [STAGING, PRODUCTION].map(|cluster| stage.migrations(cluster).len());
        (deployments, migrations, [stage.is_locked("staging"), stage.is_locked("production")])
    };
    let before = look();
    let ran = stage.run(line).await;
    ran.ended(code);
    assert_eq!(look(), before, "{line}");
    ran
}

#[tokio::test(start_paused = true)]
async fn a_tree_that_is_dirty_or_not_pushed_is_not_deployed() {
    let stage = Stage::new().await;
    stage.build("one");
    fs::write(stage.tree().join("version"), "changed").expect("a file");
    refused(&stage, "deploy-staging", 10).await.says("version; commit it");
    stage.git(&["checkout", "--quiet", "version"]);
    let commit = stage.commit("two");
    refused(&stage, "deploy-staging", 10).await.says("no branch of a remote has");
    stage.git(&["push", "--quiet", "origin", "main"]);
    refused(&stage, "deploy-staging", 10).await.says("run `cargo xtask build`");
    fs::remove_dir_all(stage.tree().join("target")).expect("it is there");
    refused(&stage, "deploy-staging", 10).await.says("cargo xtask build");
    write_layout(&stage.tree().join("elsewhere"), &commit, b"two");
    fs::write(stage.tree().join(".git/info/exclude"), "elsewhere\n").expect("a file");
    let elsewhere = stage.tree().join("elsewhere");
    stage.run(&format!("deploy-staging --image-layout {}", elsewhere.display())).await.ended(0);
}

#[tokio::test(start_paused = true)]
async fn production_refuses_what_is_not_there_not_verified_failed_later_or_there_already() {
    let stage = Stage::new().await;
    let nobodys = "0123456789abcdef0123456789abcdef01234567";
    refused(&stage, &format!("promote --image-tag {nobodys}"), 10).await.says(&nobodys[..12]);
    refused(&stage, "promote", 2).await.says("IMAGE_TAG");

    let built = stage.build("one");
    stage.fault("UpdateService", ApiFault::ServerError, 0, u64::MAX);
    stage.run("deploy-staging").await.ended(20);
    stage.cloud.faults(rehearsal::faults::Faults::clear);
    let promote = format!("promote --image-tag {}", built.commit);
    refused(&stage, &promote, 10).await.says("staging has not verified");

    stage.run("deploy-staging").await.ended(0);
    stage.run(&promote).await.ended(0);
    refused(&stage, &promote, 10).await.says("in production already");

    let two = staged(&stage, "two").await;
    let promote = format!("promote --image-tag {}", two.commit);
    stage.next_tasks(rehearsal::world::TaskFault::Crash { after: Duration::from_secs(1), code: 1 });
    stage.run(&promote).await.ended(21);
    stage.cloud.faults(rehearsal::faults::Faults::clear);
    refused(&stage, &promote, 10).await.says("failed in production after staging had verified it");
    // Staging verifies it once more, and then it may go.
    tokio::time::sleep(Duration::from_mins(1)).await;
    stage.run("deploy-staging").await.ended(0);
    stage.run(&promote).await.ended(0);
}

#[tokio::test(start_paused = true)]
async fn what_a_release_leans_on_is_looked_at_before_anything_is_asked_of_ecs() {
    let stage = Stage::new().await;
    let built = staged(&stage, "one").await;
    let promote = format!("promote --image-tag {}", built.commit);
    stage.ring("ALARM").await;
    refused(&stage, &promote, 10).await.says("the alarm errors rings already");
    refused(&stage, &format!("{promote} --dry-run"), 10).await.says("the alarm errors rings already");
    stage.ring("OK").await;
    let gone = json!({ "SecretId": "myapp/production/database-url", "ForceDeleteWithoutRecovery": true });
    stage.ask("secretsmanager.DeleteSecret", &gone).await;
    refused(&stage, &promote, 10).await.says("myapp/production/database-url");
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_cannot_look_has_not_passed() {
    let stage = Stage::new().await;
    let built = staged(&stage, "one").await;
    let promote = format!("promote --image-tag {}", built.commit);
    for operation in ["GetCallerIdentity", "DescribeImages", "DescribeServices", "DescribeAlarms", "GET"] {
        stage.fault(operation, ApiFault::ServerError, 0, u64::MAX);
        refused(&stage, &promote, 11).await.says("could not tell");
        stage.cloud.faults(rehearsal::faults::Faults::clear);
    }
    refused(&stage, "status", 0).await;
    stage.fault("DescribeServices", ApiFault::Hang, 0, u64::MAX);
    refused(&stage, &promote, 11).await;
    refused(&stage, "status", 11).await;
}

#[tokio::test(start_paused = true)]
async fn one_deployer_at_a_time_and_the_other_is_told_who_or_waits() {
    let stage = Stage::new().await;
    let built = stage.build("one");
    let later = async {
        while !stage.is_locked("staging") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        (stage.run("deploy-staging").await, stage.run("deploy-staging --wait").await)
    };
    let (first, (second, third)) = tokio::join!(stage.run("deploy-staging"), later);
    first.ended(0);
    second.ended(10).says("holds the lock of staging");
    third.ended(0).says("waiting: ").says("there is nothing to do");
    assert_eq!(stage.migrations(STAGING).len(), 1);
    stage.serves(STAGING, &built);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_begun_while_somebody_elses_deployment_is_in_flight() {
    let stage = Stage::new().await;
    let one = staged(&stage, "one").await;
    let definition = stage.service(STAGING).task_definition;
    staged(&stage, "two").await;
    stage.build("three");
    let update = json!({ "cluster": STAGING, "service": "myapp-api", "taskDefinition": definition });
    stage.ask("AmazonEC2ContainerServiceV20141113.UpdateService", &update).await;
    refused(&stage, "deploy-staging", 10).await.says("is in flight in staging").says(&one.digest[..19]);
    let three = stage.run("deploy-staging --wait").await;
    three.ended(0).says("waiting: ");
    assert_eq!(three.err.matches("waiting: ").count(), 1, "{}", three.err);
}

#[tokio::test(start_paused = true)]
async fn a_release_whose_flows_could_not_be_run_is_not_begun_though_a_way_back_is() {
    let mut stage = Stage::new().await;
    let built = promoted(&stage, "one").await;
    promoted(&stage, "two").await;
    let promote = format!("promote --image-tag {}", staged(&stage, "three").await.commit);
    let unset = ["STAGING", "PRODUCTION"].map(|name| (format!("SLIPWAY_{name}_API_TOKEN"), String::new()));
    stage.variables = unset.into();
    refused(&stage, "deploy-staging", 10)
        .await
        .says("SLIPWAY_STAGING_API_TOKEN with the token of the flows is not set");
    refused(&stage, &promote, 10).await.says("SLIPWAY_PRODUCTION_API_TOKEN");
    stage.run("rollback --environment production").await.ended(0).says("the flows are not run");
    stage.serves(PRODUCTION, &built);
}

#[tokio::test(start_paused = true)]
async fn only_the_role_that_is_named_deploys() {
    let stage = Stage::new().await;
    stage.build("one");
    let settings = stage.tree().join("delivery.toml");
    let text = fs::read_to_string(&settings).expect("settings");
    let text = text.replace("[environments.production]", "role = \"deployer\"\n[environments.production]");
    fs::write(&settings, text).expect("settings");
    stage.git(&["commit", "--quiet", "--all", "-m", "a role"]);
    stage.build("two");
    refused(&stage, "deploy-staging", 10).await.says("only the role deployer deploys to staging");
}

#[tokio::test(start_paused = true)]
async fn a_service_without_tasks_or_that_is_not_there_is_refused() {
    let stage = Stage::new().await;
    promoted(&stage, "one").await;
    stage.build("two");
    let none = json!({ "cluster": STAGING, "service": "myapp-api", "desiredCount": 0 });
    stage.ask("AmazonEC2ContainerServiceV20141113.UpdateService", &none).await;
    tokio::time::sleep(Duration::from_mins(5)).await;
    refused(&stage, "deploy-staging", 10).await.says("desired count");
    let settings = stage.tree().join("delivery.toml");
    let text = fs::read_to_string(&settings).expect("settings");
    fs::write(&settings, text.replace("name = \"myapp-api\"", "name = \"other\"")).expect("settings");
    refused(&stage, "history --environment production", 11).await;
    refused(&stage, "rollback --environment production", 10).await.says("has no active service other");
}
