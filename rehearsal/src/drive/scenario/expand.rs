//! A migration that adds something comes in with its release, and the release is taken back: the one before
//! lives on the schema that stays.

use super::super::links::Links;
use super::super::place::Place;
use super::super::stage::Stage;
use super::steps::{new_release_of_fork, serving, taken_back, to_production};

const UP: &str = "-- Expand: a link may have a note, which nobody writes yet.
SET LOCAL lock_timeout = '500ms';
SET LOCAL statement_timeout = '30s';

ALTER TABLE links ADD COLUMN note text;
";

const DOWN: &str = "-- loses: the notes, which nobody writes yet
SET LOCAL lock_timeout = '500ms';
SET LOCAL statement_timeout = '30s';

ALTER TABLE links DROP COLUMN note;
";

pub(super) async fn play(stage: &mut Stage) -> anyhow::Result<()> {
    let before = serving(stage, Place::Production)?;
    let mut links = Links::of(stage)?;
    links.make("before-the-note").await?;
    stage.go_to_fork()?;
    stage.shadow.write("migrations/9001_add_note.up.sql", UP)?;
    stage.shadow.write("migrations/9001_add_note.down.sql", DOWN)?;
    let release = new_release_of_fork(stage, "a release that adds a column").await?;

    let proof = ["migrate", "prove", "queries", "round-trip", "--environment", "production"];
    let mut act = stage.run("does what production runs survive it?", &proof, 0).await?;
    act.says(&format!("queries of {} on the new schema: passed", before.short()));
    act.says("round trip: 9001_add_note.up.sql: passed");
    act.leaves_alone(Place::Production);
    stage.done(act)?;

    let plan = ["plan", "promote", "--image-tag", &release.commit];
    let mut act = stage.run("what would its promotion do?", &plan, 0).await?;
    act.says("pending: 9001_add_note");
    act.leaves_alone(Place::Production);
    stage.done(act)?;

    to_production(stage, "promote it", &release).await?;
    links.make("with-the-note").await?;
    taken_back(stage, &before, "9001", &links).await
}
