//! A release that is taken back.

use super::super::place::Place;
use super::super::stage::Stage;
use super::steps::{serving, to_production, verified_release};

const ROLLBACK: [&str; 3] = ["rollback", "--environment", "production"];

pub(super) async fn play(stage: &mut Stage) -> anyhow::Result<()> {
    let good = serving(stage, Place::Production)?;
    let release = verified_release(stage, "a release that will be taken back").await?;
    to_production(stage, "promote a release that will be taken back", &release).await?;

    let mut act = stage.run("where would a rollback go?", &[&ROLLBACK[..], &["--dry-run"]].concat(), 0).await?;
    act.says(&good.commit[..12]);
    act.leaves_alone(Place::Production);
    act.serves(Place::Production, &release).await;
    stage.done(act)?;

    let mut act = stage.run("take it back", &ROLLBACK, 0).await?;
    act.serves(Place::Production, &good).await;
    act.is_tagged("production-latest", &good);
    act.ended_as(Place::Production, "SUCCESSFUL");
    act.migrated(Place::Production, 0);
    act.lock_is(Place::Production, false);
    stage.done(act)?;
    stage.production = Some(good.clone());

    let mut act = stage.run("what runs where?", &["status"], 0).await?;
    act.says(&good.commit[..12]);
    stage.done(act)?;
    let act = stage.run("what ran, and how did it end?", &["history", "--environment", "production"], 0).await?;
    stage.done(act)
}
