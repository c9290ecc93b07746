//! Engines that are killed while they bring a canary in, each further than the one before: ECS takes
//! the release back by itself, and whoever runs the command again is told so and goes on.

use std::time::Duration;

use super::super::place::{Place, View};
use super::super::recipe::{ALARM, Recipe, Strategy};
use super::super::release::Release;
use super::super::stage::Stage;
use super::steps::{serving, verified_release};

/// Where an engine dies.
struct Dies {
    title: &'static str,
    /// At a pause of this stage, with this share of the users brought over, in percent.
    stage: &'static str,
    share: f64,
    /// What the engine says when it is at work there.
    says: &'static str,
}

/// In the order in which a release gets there.
const DIES: [Dies; 4] = [
    Dies {
        title: "before any user",
        stage: "POST_TEST_TRAFFIC_SHIFT",
        share: 0.0,
        says: "whether the new release is well",
    },
    Dies { title: "with 5 % of the users", stage: "PRE_PRODUCTION_TRAFFIC_SHIFT", share: 5.0, says: "5 % for 5 s" },
    Dies { title: "with 50 % of the users", stage: "PRE_PRODUCTION_TRAFFIC_SHIFT", share: 50.0, says: "50 % for 5 s" },
    Dies {
        title: "in the bake",
        stage: "POST_PRODUCTION_TRAFFIC_SHIFT",
        share: 100.0,
        says: "the old release is kept",
    },
];

/// Until a release is as far as that.
const GETS_THERE: Duration = Duration::from_mins(3);

/// After a pause has run out users are back within this: a few looks of ECS's.
const BACK: Duration = Duration::from_secs(5);

pub(super) async fn play(stage: &mut Stage) -> anyhow::Result<()> {
    let release = verified_release(stage, "a release whose deployers die").await?;
    stage.view.set_alarm(ALARM, "OK").await?;
    stage.deliver_by(Some(Recipe::impatient(Strategy::Canary)))?;
    let played = all(stage, &release).await;
    stage.deliver_by(None)?;
    played
}

async fn all(stage: &mut Stage, release: &Release) -> anyhow::Result<()> {
    let before = serving(stage, Place::Production)?;
    let promote = ["promote", "--image-tag", &release.commit];
    let again = ["promote", "--image-tag", &release.commit, "--break-lock"];
    for (number, dies) in DIES.iter().enumerate() {
        if number == 1 {
            let mut act = stage.run("run it again: the dead one holds the lock", &promote, 10).await?;
            act.says("lock");
            act.leaves_alone(Place::Production);
            stage.done(act)?;
        }
        let command = if number == 0 { &promote[..] } else { &again[..] };
        dies_at(stage, dies, command, &before, number > 0).await?;
    }
    let mut act = stage.run("run it again, to the end", &again, 0).await?;
    was_told(&mut act, &before);
    act.serves(Place::Production, release).await;
    act.ended_as(Place::Production, "SUCCESSFUL");
    act.is_tagged("production-latest", release);
    act.has_evidence(release, 2);
    act.lock_is(Place::Production, false);
    stage.done(act)?;
    stage.production = Some(release.clone());

    let mut act = stage.run("what ran, and how did it end?", &["history", "--environment", "production"], 0).await?;
    act.says("ROLLBACK_SUCCESSFUL");
    stage.done(act)
}

/// An engine dies at a pause, and ECS does the rest.
async fn dies_at(
    stage: &mut Stage,
    dies: &Dies,
    command: &[&str],
    before: &Release,
    is_again: bool,
) -> anyhow::Result<()> {
    let title = format!("the engine is killed {}", dies.title);
    let mut playing = stage.start(&title, command, &[])?;
    let waits = |view: &View| {
        let pause = view.pause(Place::Production).filter(|pause| pause.stage == dies.stage);
        pause.is_some() && view.share(Place::Production).is_some_and(|share| (share - dies.share).abs() < f64::EPSILON)
    };
    stage.until(&mut playing, "ECS waits there", GETS_THERE, waits).await?;
    stage.until_it_says(&mut playing, dies.says, GETS_THERE).await?;
    let pause = stage.view.pause(Place::Production);
    playing.kill();
    let mut act = stage.end(playing).await?;
    act.check("ECS was waiting for the engine then", pause.is_some(), "that it was not");
    act.lock_is(Place::Production, true);
    if is_again {
        was_told(&mut act, before);
    }
    if let Some(pause) = pause {
        let now = stage.view.cloud.snapshot().at;
        let left = Duration::try_from(pause.expires_at.duration_since(now)).unwrap_or_default();
        let what =
            format!("all users are at the old release when the pause has run out, {:.0} s later", left.as_secs_f64());
        let are_back = |view: &View| {
            let status = view.status(Place::Production);
            status.is_some_and(|status| status.starts_with("ROLLBACK")) && view.share(Place::Production) == Some(0.0)
        };
        stage.see(&mut act, &what, left + BACK, are_back).await;
    }
    let is_over = |view: &View| view.status(Place::Production).is_some_and(|status| status == "ROLLBACK_SUCCESSFUL");
    stage.see(&mut act, "ECS has taken it back by itself", Duration::from_mins(1), is_over).await;
    act.serves(Place::Production, before).await;
    act.reached_at_most(dies.share);
    stage.done(act)
}

/// Whoever runs it again is told what serves, and what became of the last one.
fn was_told(act: &mut super::super::act::Act, before: &Release) {
    act.says(&format!("serves {}", before.short()));
    act.says("was taken back");
}
