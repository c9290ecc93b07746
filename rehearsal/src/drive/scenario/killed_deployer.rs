//! A deployer that is killed half way, and run again.

use std::time::Duration;

use super::super::place::{Place, View};
use super::super::stage::Stage;
use super::steps::new_release;

pub(super) async fn play(stage: &mut Stage) -> anyhow::Result<()> {
    let release = new_release(stage, "a release whose deployer dies").await?;
    let mut playing = stage.start("a deployer is killed in the middle of the rollout", &["deploy-staging"], &[])?;
    let digest = release.digest.clone();
    let is_rolling_out = move |view: &View| {
        let service = view.service(Place::Staging);
        service.is_ok_and(|service| service.deployments.iter().any(|d| d.digest.as_deref() == Some(&digest)))
    };
    stage.until(&mut playing, "the rollout has begun", Duration::from_mins(5), is_rolling_out).await?;
    playing.kill();
    let mut act = stage.end(playing).await?;
    act.migrated(Place::Staging, 1);
    act.lock_is(Place::Staging, true);
    stage.done(act)?;

    let mut act = stage.run("run it again: the dead one holds the lock", &["deploy-staging"], 10).await?;
    act.says("lock");
    stage.done(act)?;

    let mut act =
        stage.run("break the lock, and finish what was begun", &["deploy-staging", "--break-lock"], 0).await?;
    act.serves(Place::Staging, &release).await;
    act.ended_as(Place::Staging, "SUCCESSFUL");
    act.has_evidence(&release, 1);
    act.lock_is(Place::Staging, false);
    stage.done(act)?;
    stage.staging = Some(release.clone());
    stage.verified = Some(release);
    Ok(())
}
