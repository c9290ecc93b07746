//! A release that never becomes ready in staging, and that production then refuses.

use super::super::place::{Place, SERVICE};
use super::super::stage::Stage;
use super::steps::{new_release, serving};
use crate::faults::TaskRule;
use crate::world::TaskFault;

pub(super) async fn play(stage: &mut Stage) -> anyhow::Result<()> {
    let release = new_release(stage, "a release that never becomes ready").await?;
    let before = serving(stage, Place::Staging)?;
    let rule = TaskRule::NextDeployment(SERVICE.to_owned());
    stage.view.cloud.faults(|faults| faults.add_task(rule, TaskFault::NeverReady, None));

    let mut act = stage.run("deploy it to staging, where it never becomes ready", &["deploy-staging"], 21).await?;
    act.serves(Place::Staging, &before).await;
    act.ended_as(Place::Staging, "ROLLBACK_SUCCESSFUL");
    act.lock_is(Place::Staging, false);
    stage.view.cloud.faults(crate::faults::Faults::clear);
    stage.done(act)?;

    let serves = serving(stage, Place::Production)?;
    let promote = ["promote", "--image-tag", &release.commit];
    let mut act = stage.run("promote it all the same, and be refused", &promote, 10).await?;
    act.leaves_alone(Place::Production);
    act.migrated(Place::Production, 0);
    act.serves(Place::Production, &serves).await;
    stage.done(act)
}
