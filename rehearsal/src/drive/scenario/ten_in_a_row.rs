//! Ten deployments to production and ten rollbacks, one right after the other, under load: the users
//! notice none of them.

use super::super::place::Place;
use super::super::stage::Stage;
use super::steps::{serving, to_production, verified_release};

/// How often a release goes to production and is taken back.
const TIMES: usize = 10;

pub(super) async fn play(stage: &mut Stage) -> anyhow::Result<()> {
    let good = serving(stage, Place::Production)?;
    let release = verified_release(stage, "a release that comes and goes").await?;
    for time in 1..=TIMES {
        to_production(stage, &format!("deployment {time} of {TIMES}"), &release).await?;

        let title = format!("rollback {time} of {TIMES}");
        let mut act = stage.run(&title, &["rollback", "--environment", "production"], 0).await?;
        act.serves(Place::Production, &good).await;
        act.ended_as(Place::Production, "SUCCESSFUL");
        stage.done(act)?;
        stage.production = Some(good.clone());
    }
    Ok(())
}
