//! A column gets another name in three releases: `links.target_url` becomes `links.destination` as
//! `migrations/README.md` has it, while users make links and follow them. The first two are taken back and
//! come in again; past the third, which takes the old column away, there is no way back to the first.
//!
//! The patches are made for the sample service. Whoever has changed its links makes them anew, or takes
//! this story out.

use anyhow::Context as _;

use super::super::links::Links;
use super::super::place::Place;
use super::super::release::Release;
use super::super::stage::Stage;
use super::steps::{new_release_of_fork, serving, taken_back, to_production, verified_again};

/// The old column and the new one are written, and either is read.
const EXPAND: &str = include_str!("../../../stories/rename/1-expand.patch");
/// Only the new one is used, once it is whole.
const BACKFILL: &str = include_str!("../../../stories/rename/2-backfill.patch");
/// The old one goes.
const CONTRACT: &str = include_str!("../../../stories/rename/3-contract.patch");

pub(super) async fn play(stage: &mut Stage) -> anyhow::Result<()> {
    let old = serving(stage, Place::Production)?;
    let mut links = Links::of(stage)?;
    links.make("by-the-old-release").await?;
    stage.go_to_fork()?;

    let both = comes_in(stage, EXPAND, "a release that knows both columns", &mut links).await?;
    links.make("by-both-columns").await?;
    taken_back(stage, &old, "9020", &links).await?;
    links.make("by-the-old-release-again").await?;
    comes_again(stage, &both, &links).await?;

    let new = comes_in(stage, BACKFILL, "a release that knows the new column alone", &mut links).await?;
    links.make("by-the-new-column").await?;
    taken_back(stage, &both, "9025", &links).await?;
    links.make("by-both-columns-again").await?;
    comes_again(stage, &new, &links).await?;

    let last = comes_in(stage, CONTRACT, "a release that takes the old column away", &mut links).await?;
    let past = ["rollback", "--environment", "production", "--to", &both.commit];
    let mut act = stage.run("there is no way back past that", &past, 10).await?;
    act.says("there is no way back past a contract step");
    act.leaves_alone(Place::Production);
    act.serves(Place::Production, &last).await;
    links.lead_where_they_did(&mut act).await;
    stage.done(act)?;

    taken_back(stage, &new, "9026", &links).await
}

/// A release comes in, through staging.
async fn comes_in(stage: &mut Stage, patch: &str, subject: &str, links: &mut Links) -> anyhow::Result<Release> {
    stage.shadow.apply(patch).context(
        "the patches of this story are made for the links of the sample service: make them anew, or take it out",
    )?;
    let release = new_release_of_fork(stage, subject).await?;
    to_production(stage, &format!("promote {subject}"), &release).await?;
    let mut act = stage.look("users find all that is theirs");
    links.lead_where_they_did(&mut act).await;
    stage.done(act)?;
    Ok(release)
}

/// What was taken back comes in again.
async fn comes_again(stage: &mut Stage, release: &Release, links: &Links) -> anyhow::Result<()> {
    verified_again(stage, release).await?;
    to_production(stage, "promote it again", release).await?;
    let mut act = stage.look("users find all that is theirs");
    links.lead_where_they_did(&mut act).await;
    stage.done(act)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::super::git::Shadow;
    use super::*;

    #[test]
    fn its_patches_fit_this_repository_one_after_another() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
        let shadow = Shadow::of(root, &folder.path().join("git")).expect("a shadow");
        let place = folder.path().join("fork");
        let fork = shadow.fork(&place).expect("a fork");
        for (patch, newest) in [(EXPAND, "9020_add"), (BACKFILL, "9025_require"), (CONTRACT, "9026_drop")] {
            fork.apply(patch).expect("it fits");
            let files = std::fs::read_dir(place.join("migrations")).expect("migrations");
            let names = files.map(|file| file.expect("a file").file_name().into_string().expect("text"));
            let last = names.filter(|name| name.ends_with(".up.sql")).max().expect("one");
            assert!(last.starts_with(newest), "{last}");
        }
    }
}
