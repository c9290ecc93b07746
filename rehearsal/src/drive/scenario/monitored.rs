//! A release that has come in and is watched: well, it is left alone; gone bad, it is taken back.

use std::time::Duration;

use super::super::place::{Place, SERVICE};
use super::super::recipe::{ALARM, Recipe, Strategy};
use super::super::stage::Stage;
use super::steps::{serving, to_production, verified_release};
use crate::faults::{Faults, TaskRule};
use crate::world::{TaskFault, When};

/// So long after its first user the release goes bad: it has long come in by then, and is being watched.
const GOES_BAD_AFTER: Duration = Duration::from_secs(40);

pub(super) async fn play(stage: &mut Stage) -> anyhow::Result<()> {
    stage.view.set_alarm(ALARM, "OK").await?;
    stage.deliver_by(Some(Recipe::of(Strategy::BlueGreen)))?;
    let played = both(stage).await;
    stage.deliver_by(None)?;
    stage.view.cloud.faults(Faults::clear);
    played
}

async fn both(stage: &mut Stage) -> anyhow::Result<()> {
    let good = serving(stage, Place::Production)?;
    let mut act = stage.run("what serves is watched, and is well", &monitor("15s"), 0).await?;
    act.says("is well");
    act.leaves_alone(Place::Production);
    act.serves(Place::Production, &good).await;
    act.lock_is(Place::Production, false);
    stage.done(act)?;

    let release = verified_release(stage, "a release that goes bad later").await?;
    let errors = TaskFault::Errors { rate: 0.3 }.only(When::InProduction(GOES_BAD_AFTER));
    // Nothing is deployed to production between here and the promotion.
    let rule = TaskRule::NextDeployment(SERVICE.to_owned());
    stage.view.cloud.faults(|faults| faults.add_task(rule, errors, None));
    to_production(stage, "a release comes in that goes bad later", &release).await?;
    stage.view.cloud.faults(Faults::clear);

    let mut act = stage.run("it goes bad while it is watched, and is taken back", &monitor("3m"), 21).await?;
    act.says("error rate");
    act.serves(Place::Production, &good).await;
    act.ended_as(Place::Production, "SUCCESSFUL");
    act.is_tagged("production-latest", &good);
    act.has_evidence(&release, 3);
    act.migrated(Place::Production, 0);
    act.lock_is(Place::Production, false);
    act.users_may_notice();
    stage.done(act)?;
    stage.production = Some(good);
    Ok(())
}

fn monitor(lasts: &'static str) -> [&'static str; 6] {
    ["monitor", "--environment", "production", "--for", lasts, "--roll-back"]
}
