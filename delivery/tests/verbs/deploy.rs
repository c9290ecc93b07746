//! deploy-staging and promote, when all goes well and when it does not.

use std::sync::Arc;
use std::time::Duration;

use rehearsal::faults::ApiFault;
use rehearsal::scenery::Scenery;
use rehearsal::simulation::OneOff;
use rehearsal::world::TaskFault;

use crate::stage::{Built, Migration, PRODUCTION, STAGING, Stage};

/// A release that serves in staging, verified.
pub(crate) async fn staged(stage: &Stage, name: &str) -> Built {
    let built = stage.build(name);
    stage.run("deploy-staging").await.ended(0);
    built
}

/// A release that serves in production too.
pub(crate) async fn promoted(stage: &Stage, name: &str) -> Built {
    let built = staged(stage, name).await;
    stage.run(&format!("promote --image-tag {}", built.commit)).await.ended(0);
    built
}

#[tokio::test(start_paused = true)]
async fn a_release_goes_to_staging_and_its_digest_to_production() {
    let stage = Stage::new().await;
    let built = stage.build("one");
    let ran = stage.run("deploy-staging").await;
    ran.ended(0).says("staging serves");
    stage.serves(STAGING, &built);
    assert_eq!(stage.migrations(STAGING).len(), 1);
    assert_eq!(stage.tag(&built.commit).as_deref(), Some(built.digest.as_str()));
    assert_eq!(stage.verdicts(&built), ["staging passed"]);
    assert!(!stage.is_locked("staging"));

    stage.run(&format!("promote --image-tag {}", built.commit)).await.ended(0);
    stage.serves(PRODUCTION, &built);
    assert_eq!(stage.migrations(PRODUCTION).len(), 1);
    assert_eq!(stage.tag("production-latest").as_deref(), Some(built.digest.as_str()));
    assert_eq!(stage.verdicts(&built), ["staging passed", "production passed"]);
    assert!(!stage.is_locked("production"));
}

#[tokio::test(start_paused = true)]
async fn a_release_that_crashes_is_taken_back_and_said_to_have_failed() {
    let stage = Stage::new().await;
    let before = promoted(&stage, "one").await;
    let built = staged(&stage, "two").await;
    stage.next_tasks(TaskFault::Crash { after: Duration::from_millis(300), code: 37 });
    let ran = stage.run(&format!("promote --image-tag {}", built.commit)).await;
    ran.ended(21).says("37");
    stage.serves(PRODUCTION, &before);
    assert_eq!(stage.tag("production-latest").as_deref(), Some(before.digest.as_str()));
    assert_eq!(stage.service(PRODUCTION).service_deployments[0].status, "ROLLBACK_SUCCESSFUL");
    assert_eq!(stage.verdicts(&built), ["staging passed", "production failed"]);
    assert!(!stage.is_locked("production"));
}

#[tokio::test(start_paused = true)]
async fn a_release_that_never_becomes_ready_is_taken_back_and_production_refuses_it() {
    let stage = Stage::new().await;
    let before = promoted(&stage, "one").await;
    let built = stage.build("two");
    stage.next_tasks(TaskFault::NeverReady);
    stage.run("deploy-staging").await.ended(21);
    stage.serves(STAGING, &before);
    assert_eq!(stage.verdicts(&built), ["staging failed"]);
    assert!(!stage.is_locked("staging"));
    stage.run(&format!("promote --image-tag {}", built.commit)).await.ended(10).says("failed in staging");
    stage.serves(PRODUCTION, &before);
    assert_eq!(stage.migrations(PRODUCTION).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_image_that_cannot_be_pulled_is_noticed_at_the_first_task() {
    let stage = Stage::new().await;
    let before = staged(&stage, "one").await;
    stage.build("two");
    stage.next_tasks(TaskFault::CannotStart { reason: "CannotPullContainerError: no basic auth".to_owned() });
    stage.run("deploy-staging").await.ended(21).says("CannotPullContainerError");
    stage.serves(STAGING, &before);
}

#[tokio::test(start_paused = true)]
async fn a_migration_that_fails_leaves_the_service_alone() {
    let fails: Migration = Arc::new(|_| OneOff {
        lines: vec!["column already exists".to_owned()],
        runs: Duration::from_secs(3),
        code: 41,
    });
    let stage = Stage::with(1, &Scenery::default(), fails).await;
    let before = stage.service(STAGING).service_deployments.len();
    let built = stage.build("one");
    stage.run("deploy-staging").await.ended(20).says("exit code 41").says("column already exists");
    assert_eq!(stage.migrations(STAGING).len(), 1);
    assert_eq!(stage.service(STAGING).service_deployments.len(), before);
    assert_eq!(stage.verdicts(&built), ["staging failed"]);
    assert!(!stage.is_locked("staging"));
}

#[tokio::test(start_paused = true)]
async fn what_comes_in_and_is_not_well_is_taken_back_by_its_former_definition() {
    let stage = Stage::new().await;
    let before = staged(&stage, "one").await;
    let built = stage.build("two");
    stage.app.break_commit(&built.commit, "no database");
    stage.run("deploy-staging").await.ended(21).says("no database").says("smoke test failed");
    stage.serves(STAGING, &before);
    assert_eq!(stage.verdicts(&built), ["staging failed"]);
    assert_eq!(stage.migrations(STAGING).len(), 2, "going back migrates nothing");
    assert!(!stage.is_locked("staging"));

    stage.app.mend();
    stage.run("deploy-staging").await.ended(0);
    stage.serves(STAGING, &built);
    assert_eq!(stage.verdicts(&built), ["staging failed", "staging passed"]);
}

#[tokio::test(start_paused = true)]
async fn a_way_back_that_fails_too_calls_for_someone() {
    let stage = Stage::new().await;
    staged(&stage, "one").await;
    let built = stage.build("two");
    stage.app.break_commit(&built.commit, "no database");
    // The first update is that of the release, the second the way back.
    stage.fault("UpdateService", ApiFault::ServerError, 1, u64::MAX);
    stage.run("deploy-staging").await.ended(22).says("page someone");
    stage.serves(STAGING, &built);
    assert!(!stage.is_locked("staging"));
}

#[tokio::test(start_paused = true)]
async fn a_verdict_that_cannot_be_stored_is_no_pass() {
    let stage = Stage::new().await;
    let built = stage.build("one");
    // What the registry is asked by PUT: the image's manifest first, the verdict's then.
    let puts = {
        let trial = Stage::new().await;
        trial.build("one");
        trial.run("deploy-staging").await.ended(0);
        trial.count("PUT")
    };
    stage.fault("PUT", ApiFault::ServerError, u64::try_from(puts - 1).expect("few"), u64::MAX);
    stage.run("deploy-staging").await.ended(11).says("could not be stored").says("run the same again");
    stage.serves(STAGING, &built);
    assert_eq!(stage.verdicts(&built), Vec::<String>::new());
    stage.cloud.faults(rehearsal::faults::Faults::clear);
    let deployments = stage.service(STAGING).service_deployments.len();
    stage.run("deploy-staging").await.ended(0).says("which nobody has verified");
    assert_eq!(stage.service(STAGING).service_deployments.len(), deployments, "nothing is deployed again");
    assert_eq!(stage.migrations(STAGING).len(), 1);
    assert_eq!(stage.verdicts(&built), ["staging passed"]);
}

#[tokio::test(start_paused = true)]
async fn an_update_that_nobody_answers_is_looked_for() {
    for (fault, times, code) in [
        (ApiFault::LostAnswer, 1, 0),
        (ApiFault::LostAnswer, u64::MAX, 0),
        (ApiFault::Hang, 1, 0),
        (ApiFault::Throttle, 3, 0),
        (ApiFault::ExpiredToken, 1, 0),
        (ApiFault::ServerError, u64::MAX, 20),
    ] {
        let stage = Stage::new().await;
        let deployments = stage.service(STAGING).service_deployments.len();
        let built = stage.build("one");
        stage.fault("UpdateService", fault, 0, times);
        stage.run("deploy-staging").await.ended(code);
        let new = stage.service(STAGING).service_deployments.len() - deployments;
        assert_eq!((new, stage.migrations(STAGING).len()), (usize::from(code == 0), 1), "{fault:?}");
        if code == 0 {
            stage.serves(STAGING, &built);
        }
        assert!(!stage.is_locked("staging"));
    }
}
