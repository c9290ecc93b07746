//! The digest that staging verified goes to production.

use anyhow::Context as _;

use super::super::place::Place;
use super::super::stage::Stage;
use super::steps::to_production;

pub(super) async fn play(stage: &mut Stage) -> anyhow::Result<()> {
    let release = stage.verified.take().context("staging has verified nothing")?;
    to_production(stage, "promote what staging verified", &release).await?;

    // From here on production has users, and none of them may notice anything.
    stage.begin_traffic("promote").await?;
    let mut again = stage.run("promote it again", &["promote", "--image-tag", &release.commit], 10).await?;
    again.leaves_alone(Place::Production);
    again.serves(Place::Production, &release).await;
    stage.done(again)
}
