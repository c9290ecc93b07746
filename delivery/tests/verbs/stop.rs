//! A signal at each stage of a deployment.

use rehearsal::faults::ApiFault;

use crate::deploy::staged;
use crate::stage::{STAGING, Stage};

#[tokio::test(start_paused = true)]
async fn before_anything_is_touched_it_is_an_interruption() {
    let stage = Stage::new().await;
    stage.build("one");
    stage.run_until("deploy-staging", |_| true).await.ended(130);
    // It is still looking at the environment when the signal comes.
    stage.fault("DescribeServices", ApiFault::Hang, 0, 1);
    stage.run_until("deploy-staging", |stage| stage.is_locked("staging")).await.ended(130);
    assert!(!stage.is_locked("staging"));
    assert_eq!(stage.migrations(STAGING).len(), 0);
}

#[tokio::test(start_paused = true)]
async fn during_the_migration_the_old_release_still_serves() {
    let stage = Stage::new().await;
    let before = staged(&stage, "one").await;
    let built = stage.build("two");
    let ran = stage.run_until("deploy-staging", |stage| stage.migrations(STAGING).len() > 1).await;
    ran.ended(20).says("the migration goes on");
    stage.serves(STAGING, &before);
    assert_eq!(stage.verdicts(&built), Vec::<String>::new(), "whoever stops it does not judge it");
    assert!(!stage.is_locked("staging"));
    stage.run("deploy-staging").await.ended(0);
    stage.serves(STAGING, &built);
}

#[tokio::test(start_paused = true)]
async fn during_the_rollout_it_is_taken_back() {
    let stage = Stage::new().await;
    let before = staged(&stage, "one").await;
    let built = stage.build("two");
    let ran = stage.run_until("deploy-staging", |stage| stage.service(STAGING).deployments.len() > 1).await;
    ran.ended(21);
    stage.serves(STAGING, &before);
    assert_eq!(stage.verdicts(&built), ["staging errored"]);
    assert!(!stage.is_locked("staging"));
}

#[tokio::test(start_paused = true)]
async fn before_it_is_judged_it_is_taken_back_too() {
    let stage = Stage::new().await;
    let before = staged(&stage, "one").await;
    let built = stage.build("two");
    stage.app.break_commit(&built.commit, "not yet");
    let come = |stage: &Stage| {
        stage.app.commit(STAGING).as_deref() == Some(built.commit.as_str())
            && stage.service(STAGING).service_deployments[0].status == "SUCCESSFUL"
    };
    let ran = stage.run_until("deploy-staging", come).await;
    ran.ended(21);
    stage.serves(STAGING, &before);
    assert!(!stage.is_locked("staging"));
}
