//! An image that is not there is refused before anything is touched.

use super::super::place::Place;
use super::super::stage::Stage;
use super::steps::serving;

/// A commit that nobody has made.
const NOBODYS: &str = "0123456789abcdef0123456789abcdef01234567";

pub(super) async fn play(stage: &mut Stage) -> anyhow::Result<()> {
    let before = serving(stage, Place::Production)?;
    let mut act = stage.run("promote an image that is not there", &["promote", "--image-tag", NOBODYS], 10).await?;
    act.says(&NOBODYS[..12]);
    act.leaves_alone(Place::Production);
    act.migrated(Place::Production, 0);
    act.serves(Place::Production, &before).await;
    act.lock_is(Place::Production, false);
    stage.done(act)
}
