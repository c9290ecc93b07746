//! What is not committed, or not pushed, is not deployed.

use super::super::place::Place;
use super::super::stage::Stage;
use super::steps::serving;

pub(super) async fn play(stage: &mut Stage) -> anyhow::Result<()> {
    let before = serving(stage, Place::Staging)?;
    stage.shadow.dirty("a commit with a file that the work tree has not")?;
    let dirty = refused(stage, "deploy a tree that differs from its commit").await;
    stage.shadow.back_to(&before.commit)?;
    dirty?;

    stage.shadow.unpushed("a commit that nobody else has")?;
    let unpushed = refused(stage, "deploy a commit that is not pushed").await;
    stage.shadow.back_to(&before.commit)?;
    unpushed
}

async fn refused(stage: &mut Stage, title: &str) -> anyhow::Result<()> {
    let before = serving(stage, Place::Staging)?;
    let mut act = stage.run(title, &["deploy-staging"], 10).await?;
    act.leaves_alone(Place::Staging);
    act.migrated(Place::Staging, 0);
    act.serves(Place::Staging, &before).await;
    stage.done(act)
}
