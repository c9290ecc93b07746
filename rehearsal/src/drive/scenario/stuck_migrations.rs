//! A release whose migrations come to grief in production, each in its own way, though staging took all of
//! them: the release before serves throughout, and running it again goes on where the one before stopped.

use std::time::Duration;

use super::super::act::Act;
use super::super::database::{self, OpenTransaction};
use super::super::links::Links;
use super::super::place::Place;
use super::super::release::Release;
use super::super::stage::Stage;
use super::steps::{new_release_of_fork, serving, to_production, verified_again};

/// The link that production has, and the third migration has no place for.
const RESERVED: &str = "reserved";

/// Both files of each, the first of which waits for whoever has the table, the third of which fails where a
/// link is called so, and the last of which takes as long as the longest transaction.
const FILES: [(&str, &str); 8] = [
    (
        "migrations/9010_add_owner.up.sql",
        "SET LOCAL lock_timeout = '500ms';
SET LOCAL statement_timeout = '30s';

ALTER TABLE links ADD COLUMN owner text;
",
    ),
    (
        "migrations/9010_add_owner.down.sql",
        "SET LOCAL lock_timeout = '500ms';
SET LOCAL statement_timeout = '30s';

ALTER TABLE links DROP COLUMN owner;
",
    ),
    (
        "migrations/9011_reserve_slug.up.sql",
        "SET LOCAL lock_timeout = '500ms';
SET LOCAL statement_timeout = '30s';

-- narrows: nobody may have this slug
ALTER TABLE links ADD CONSTRAINT links_slug_reserved CHECK (slug <> 'reserved') NOT VALID;
",
    ),
    (
        "migrations/9011_reserve_slug.down.sql",
        "SET LOCAL lock_timeout = '500ms';
SET LOCAL statement_timeout = '30s';

ALTER TABLE links DROP CONSTRAINT links_slug_reserved;
",
    ),
    (
        "migrations/9012_validate_slug.up.sql",
        "SET LOCAL lock_timeout = '500ms';
SET LOCAL statement_timeout = '10min';

ALTER TABLE links VALIDATE CONSTRAINT links_slug_reserved;
",
    ),
    ("migrations/9012_validate_slug.down.sql", "-- Nothing to undo: 9011's down file removes the constraint.\n"),
    (
        "migrations/9013_index_owner.up.sql",
        "-- no-transaction
CREATE INDEX CONCURRENTLY links_owner_id ON links (owner, id);
",
    ),
    (
        "migrations/9013_index_owner.down.sql",
        "-- no-transaction
DROP INDEX CONCURRENTLY IF EXISTS links_owner_id;
",
    ),
];

/// Until a deployment is at its migration.
const GETS_THERE: Duration = Duration::from_mins(3);

pub(super) async fn play(stage: &mut Stage) -> anyhow::Result<()> {
    let before = serving(stage, Place::Production)?;
    let mut links = Links::of(stage)?;
    links.make("before-the-owner").await?;
    links.make(RESERVED).await?;
    stage.go_to_fork()?;
    for (file, text) in FILES {
        stage.shadow.write(file, text)?;
    }
    let release = new_release_of_fork(stage, "a release with four migrations").await?;

    waits(stage, &release, &before, &links).await?;
    fails(stage, &release, &before, &mut links).await?;
    is_killed(stage, &release, &before, &links).await?;

    verified_again(stage, &release).await?;
    to_production(stage, "run it again, to the end", &release).await?;
    let mut act = stage.look("the schema is what four whole migrations make of it");
    let is_valid = database::has_index(&stage.database, "links_owner_id").await?;
    act.check("the index is there, and valid", is_valid, "that it is not");
    links.lead_where_they_did(&mut act).await;
    stage.done(act)
}

/// Somebody reads the table and does not come to an end: the first migration lets the users by, and gives up.
async fn waits(stage: &mut Stage, release: &Release, before: &Release, links: &Links) -> anyhow::Result<()> {
    let open = OpenTransaction::begin(&stage.database).await?;
    let promote = ["promote", "--image-tag", &release.commit];
    let act = stage.run("a transaction is open, and a migration waits for it in vain", &promote, 20).await;
    open.end().await?;
    let mut act = act?;
    act.says("9010");
    act.says("lock timeout");
    has_failed(stage, act, before, links).await
}

/// What production has, and staging has not, is against it.
async fn fails(stage: &mut Stage, release: &Release, before: &Release, links: &mut Links) -> anyhow::Result<()> {
    verified_again(stage, release).await?;
    let promote = ["promote", "--image-tag", &release.commit];
    let mut act = stage.run("a row of production's is against a migration", &promote, 20).await?;
    act.says("9012");
    act.says("links_slug_reserved");
    has_failed(stage, act, before, links).await?;
    links.remove(RESERVED).await
}

/// The task of the last migration dies in the middle of it, while somebody else deploys too.
async fn is_killed(stage: &mut Stage, release: &Release, before: &Release, links: &Links) -> anyhow::Result<()> {
    verified_again(stage, release).await?;
    let open = OpenTransaction::begin(&stage.database).await?;
    let promote = ["promote", "--image-tag", &release.commit];
    let mut first = stage.start("the machine below an index that is being built dies", &promote, &[20])?;
    stage.until_its_migration_waits(&mut first, GETS_THERE).await?;

    let mut second = stage.run("a second deployer, meanwhile", &promote, 10).await?;
    second.says("lock");
    second.leaves_alone(Place::Production);
    second.migrated(Place::Production, 0);
    stage.done(second)?;

    stage.view.stop_migration(Place::Production).await?;
    let mut act = stage.end(first).await?;
    database::migration_is_gone(&stage.database).await?;
    open.end().await?;
    let is_valid = database::has_index(&stage.database, "links_owner_id").await?;
    act.check("the index is not valid", !is_valid, "that it is");
    has_failed(stage, act, before, links).await
}

/// The release before serves on, and nobody has seen anything.
async fn has_failed(stage: &mut Stage, mut act: Act, before: &Release, links: &Links) -> anyhow::Result<()> {
    act.leaves_alone(Place::Production);
    act.migrated(Place::Production, 1);
    act.serves(Place::Production, before).await;
    act.lock_is(Place::Production, false);
    links.lead_where_they_did(&mut act).await;
    stage.done(act)
}
