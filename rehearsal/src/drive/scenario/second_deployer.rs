//! Two deployers at the same time: one deploys, the other is told who does.

use std::time::Duration;

use super::super::place::Place;
use super::super::stage::Stage;
use super::steps::new_release;

pub(super) async fn play(stage: &mut Stage) -> anyhow::Result<()> {
    let release = new_release(stage, "a release for two").await?;
    let mut first = stage.start("the first deployer", &["deploy-staging"], &[0])?;
    let is_locked = |view: &super::super::place::View| {
        view.repository().is_ok_and(|repository| repository.tags.contains_key("lock-staging"))
    };
    stage.until(&mut first, "it has the lock", Duration::from_mins(5), is_locked).await?;

    let mut second = stage.run("the second deployer", &["deploy-staging"], 10).await?;
    second.says("lock");
    stage.done(second)?;

    let mut first = stage.end(first).await?;
    first.serves(Place::Staging, &release).await;
    first.ended_as(Place::Staging, "SUCCESSFUL");
    first.migrated(Place::Staging, 1);
    first.lock_is(Place::Staging, false);
    stage.done(first)?;
    stage.staging = Some(release.clone());
    stage.verified = Some(release);
    Ok(())
}
