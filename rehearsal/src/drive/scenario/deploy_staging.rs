//! The first release goes to staging, where an empty database waits for it.

use anyhow::Context as _;

use super::super::place::Place;
use super::super::stage::Stage;
use super::steps::to_staging;

pub(super) async fn play(stage: &mut Stage) -> anyhow::Result<()> {
    let release = stage.verified.clone().context("nothing is built")?;
    to_staging(stage, "deploy the first release to staging", &release).await?;

    let mut again = stage.run("deploy it again: there is nothing to do", &["deploy-staging", "--dry-run"], 0).await?;
    again.leaves_alone(Place::Staging);
    again.serves(Place::Staging, &release).await;
    stage.done(again)
}
