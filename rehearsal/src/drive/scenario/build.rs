//! The image of the work tree, as it is.

use super::super::stage::Stage;
use super::steps::new_release;

pub(super) async fn play(stage: &mut Stage) -> anyhow::Result<()> {
    let release = new_release(stage, "the first release").await?;
    stage.verified = Some(release);
    Ok(())
}
