//! A release whose tasks crash in production, though they did not in staging.

use std::time::Duration;

use super::super::place::{Place, SERVICE};
use super::super::stage::Stage;
use super::steps::{serving, verified_release};
use crate::faults::TaskRule;
use crate::world::TaskFault;

/// An exit code that nothing else here has.
const CODE: i32 = 37;

pub(super) async fn play(stage: &mut Stage) -> anyhow::Result<()> {
    let release = verified_release(stage, "a release that will crash").await?;
    let before = serving(stage, Place::Production)?;
    let crash = TaskFault::Crash { after: Duration::from_millis(300), code: CODE };
    stage.view.cloud.faults(|faults| faults.add_task(TaskRule::NextDeployment(SERVICE.to_owned()), crash, None));

    let mut act =
        stage.run("promote it, and its tasks crash", &["promote", "--image-tag", &release.commit], 21).await?;
    act.says(&CODE.to_string());
    act.serves(Place::Production, &before).await;
    act.is_tagged("production-latest", &before);
    act.ended_as(Place::Production, "ROLLBACK_SUCCESSFUL");
    act.lock_is(Place::Production, false);
    stage.view.cloud.faults(crate::faults::Faults::clear);
    stage.done(act)
}
