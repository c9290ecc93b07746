//! A release whose migration fails.

use std::time::Duration;

use super::super::place::Place;
use super::super::stage::Stage;
use super::steps::{new_release, serving};
use crate::faults::TaskRule;
use crate::world::TaskFault;

/// An exit code that nothing else here has.
const CODE: i32 = 41;

pub(super) async fn play(stage: &mut Stage) -> anyhow::Result<()> {
    let _ = new_release(stage, "a release whose migration fails").await?;
    let before = serving(stage, Place::Staging)?;
    // The machine below it dies, which no code of ours can forestall.
    let dies = TaskFault::Crash { after: Duration::ZERO, code: CODE };
    stage.view.cloud.faults(|faults| faults.add_task(TaskRule::OneOff, dies, Some(1)));

    let mut act = stage.run("deploy it, and its migration fails", &["deploy-staging"], 20).await?;
    act.says(&CODE.to_string());
    act.migrated(Place::Staging, 1);
    let code = act.last_migration().and_then(|task| task.exit_code);
    act.check(format!("the migration ended with {CODE}"), code == Some(CODE), format!("{code:?}"));
    act.leaves_alone(Place::Staging);
    act.serves(Place::Staging, &before).await;
    act.lock_is(Place::Staging, false);
    stage.view.cloud.faults(crate::faults::Faults::clear);
    stage.done(act)
}
