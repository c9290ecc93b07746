//! The steps that several stories have: a release is made, goes to staging and to production, and is taken back.

use super::super::links::Links;
use super::super::place::Place;
use super::super::release::Release;
use super::super::stage::Stage;

/// A new release of the same work tree, built: another commit, so another image, though no code of it
/// differs.
pub(super) async fn new_release(stage: &mut Stage, subject: &str) -> anyhow::Result<Release> {
    let commit = stage.shadow.release(subject)?;
    let mut act = stage.run(&format!("build {subject}"), &["build"], 0).await?;
    let built = Release::in_layout(&stage.layout());
    let found = built.as_ref().map_or_else(|error| format!("{error:#}"), |release| release.commit.clone());
    act.check(format!("the image is that of commit {}", &commit[..12]), found == commit, found);
    stage.done(act)?;
    built
}

/// The same of the fork, as it is now; its migrations are checked, and it goes to staging.
pub(super) async fn new_release_of_fork(stage: &mut Stage, subject: &str) -> anyhow::Result<Release> {
    stage.shadow.take_in()?;
    let release = new_release(stage, subject).await?;
    let mut act = stage.run("check its migrations", &["migrate", "check"], 0).await?;
    act.says("0 findings");
    stage.done(act)?;
    to_staging(stage, &format!("deploy {subject} to staging"), &release).await?;
    Ok(release)
}

/// A release of production is taken back: nobody touches the schema, and each link leads where it did.
pub(super) async fn taken_back(stage: &mut Stage, to: &Release, schema: &str, links: &Links) -> anyhow::Result<()> {
    let title = format!("take it back: {} comes to a schema that is newer", to.short());
    let mut act = stage.run(&title, &["rollback", "--environment", "production"], 0).await?;
    act.says(&format!("the schema stays where it is, at {schema}"));
    act.serves(Place::Production, to).await;
    act.ended_as(Place::Production, "SUCCESSFUL");
    act.migrated(Place::Production, 0);
    act.lock_is(Place::Production, false);
    links.lead_where_they_did(&mut act).await;
    stage.done(act)?;
    stage.production = Some(to.clone());
    Ok(())
}

/// Staging verifies a release again: what failed in production, or was taken back there, goes there only
/// after that.
pub(super) async fn verified_again(stage: &mut Stage, release: &Release) -> anyhow::Result<()> {
    let mut act = stage.run("staging verifies it again", &["deploy-staging"], 0).await?;
    act.serves(Place::Staging, release).await;
    stage.done(act)
}

/// A release that staging has verified and production has not had: the one that is left over from an
/// earlier story, or a new one.
pub(super) async fn verified_release(stage: &mut Stage, subject: &str) -> anyhow::Result<Release> {
    if let Some(release) = stage.verified.take() {
        return Ok(release);
    }
    let release = new_release(stage, subject).await?;
    to_staging(stage, &format!("deploy {subject} to staging"), &release).await?;
    Ok(release)
}

/// A release goes to staging, and all is well.
pub(super) async fn to_staging(stage: &mut Stage, title: &str, release: &Release) -> anyhow::Result<()> {
    let mut act = stage.run(title, &["deploy-staging"], 0).await?;
    act.serves(Place::Staging, release).await;
    act.ended_as(Place::Staging, "SUCCESSFUL");
    act.is_tagged(&release.commit, release);
    act.migrated(Place::Staging, 1);
    act.has_evidence(release, 1);
    act.lock_is(Place::Staging, false);
    stage.done(act)?;
    stage.staging = Some(release.clone());
    Ok(())
}

/// A release goes to production, and all is well.
pub(super) async fn to_production(stage: &mut Stage, title: &str, release: &Release) -> anyhow::Result<()> {
    let mut act = stage.run(title, &["promote", "--image-tag", &release.commit], 0).await?;
    act.serves(Place::Production, release).await;
    act.ended_as(Place::Production, "SUCCESSFUL");
    act.is_tagged("production-latest", release);
    act.migrated(Place::Production, 1);
    act.has_evidence(release, 2);
    act.lock_is(Place::Production, false);
    stage.done(act)?;
    stage.production = Some(release.clone());
    Ok(())
}

/// What serves in an environment and must go on serving.
pub(super) fn serving(stage: &Stage, place: Place) -> anyhow::Result<Release> {
    let release = match place {
        Place::Staging => &stage.staging,
        Place::Production => &stage.production,
    };
    release.clone().ok_or_else(|| anyhow::anyhow!("nothing serves in {} yet", place.name()))
}
