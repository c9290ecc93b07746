//! What a deployment and a rollback know and say of the schema, and what they refuse because of it.

use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use rehearsal::scenery::Scenery;
use rehearsal::simulation::OneOff;
use rehearsal::world::Launch;

use crate::deploy::{promoted, staged};
use crate::stage::{Built, PRODUCTION, Ran, STAGING, Stage};

const LIMITS: &str = "SET LOCAL lock_timeout = '2s';\nSET LOCAL statement_timeout = '30s';\n";

/// Both files of a migration, in the next commit.
fn migration(stage: &Stage, name: &str, up: &str) {
    let folder = stage.tree().join("migrations");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join(format!("{name}.up.sql")), up).expect("a file");
    fs::write(folder.join(format!("{name}.down.sql")), "SELECT 1;\n").expect("a file");
    stage.git(&["add", "migrations"]);
}

/// The three releases of a rename, each with its migrations.
struct Rename {
    /// Writes the old column and the new one.
    both: Built,
    /// Knows only the new one, which it needs.
    new: Built,
}

/// A rename as far as its second release, which serves in production.
async fn renamed(stage: &Stage) -> Rename {
    migration(stage, "0001_create", "CREATE TABLE t (a text);\n");
    migration(stage, "0002_expand", &format!("{LIMITS}ALTER TABLE t ADD COLUMN b text;\n"));
    let both = promoted(stage, "one").await;
    migration(stage, "0003_need", &format!("{LIMITS}ALTER TABLE t ADD COLUMN c text;\n"));
    let new = promoted(stage, "two").await;
    Rename { both, new }
}

fn contract(stage: &Stage) {
    migration(stage, "0004_drop", &format!("-- contract: since 0003\n{LIMITS}ALTER TABLE t DROP COLUMN a;\n"));
}

/// The engine in a clone that has no commit at all.
fn forget(stage: &mut Stage) {
    let empty = stage.tree().join("target/empty.git");
    fs::create_dir_all(&empty).expect("a folder");
    let made = Command::new("git").args(["init", "--quiet", "--bare"]).arg(&empty).status().expect("git");
    assert!(made.success());
    stage.variables.push(("GIT_DIR".to_owned(), empty.to_str().expect("text").to_owned()));
}

/// Deploys what is built to staging; from the second migration on, this commit is ill.
async fn breaks(stage: &Stage, victim: &Built) -> Ran {
    let begun = stage.migrations(STAGING).len();
    let harm = async {
        while stage.migrations(STAGING).len() == begun {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        stage.app.break_commit(&victim.commit, "no column a");
    };
    let (ran, ()) = tokio::join!(stage.run("deploy-staging"), harm);
    ran
}

#[tokio::test(start_paused = true)]
async fn a_migration_that_breaks_what_serves_ends_the_deployment_before_the_new_release_starts() {
    let stage = Stage::new().await;
    migration(&stage, "0001_create", "CREATE TABLE t (a text);\n");
    let before = staged(&stage, "one").await;
    migration(&stage, "0002_require", &format!("{LIMITS}ALTER TABLE t ADD COLUMN b text;\n"));
    let built = stage.build("two");
    let deployments = stage.service(STAGING).service_deployments.len();
    let ran = breaks(&stage, &before).await;
    ran.ended(20).says("which serves, was well before the migration and is not after it: GET /ready: 500");
    ran.says("no column a").says("the schema is at 0002, and stays there").says("cargo xtask migrate new");
    assert_eq!(stage.service(STAGING).service_deployments.len(), deployments);
    stage.serves(STAGING, &before);
    assert_eq!(stage.verdicts(&built), ["staging failed"]);
    assert!(!stage.is_locked("staging"));

    // What is ill before is not held against what may mend it.
    let ran = stage.run("deploy-staging").await;
    ran.ended(0).says("is not asked: it is not well before it (GET /ready: 500");
    stage.serves(STAGING, &built);
}

#[tokio::test(start_paused = true)]
async fn what_serves_and_is_not_known_is_not_asked() {
    let stage = Stage::new().await;
    stage.build("one");
    let ran = stage.run("deploy-staging").await;
    ran.ended(0).says("whether what serves survives the migration is not asked: nobody knows the commit");
    ran.says("which migrations are pending is not known: of what serves, nobody knows its commit");
}

#[tokio::test(start_paused = true)]
async fn the_plan_names_what_is_pending_and_what_check_says_of_it() {
    let stage = Stage::new().await;
    migration(&stage, "0001_create", "CREATE TABLE t (a text);\n");
    staged(&stage, "one").await;
    stage.build("two");
    stage.run("plan deploy-staging").await.ended(0).says("no migration is pending, as what serves tells");
    migration(&stage, "0002_drop", &format!("{LIMITS}ALTER TABLE t DROP COLUMN a;\n"));
    stage.build("three");
    let ran = stage.run("plan deploy-staging").await;
    ran.ended(0).says("pending: 0002_drop").says("`migrate check`: migrations/0002_drop.up.sql:3: ban-drop-column");
    ran.says("then what serves is asked again, and when it is not well any more this ends there");
}

#[tokio::test(start_paused = true)]
async fn the_status_of_an_environment_is_what_a_task_of_what_serves_tells() {
    let lines = ["0001  applied  create", "the schema is at 0001; this release needs 0001 or later"];
    let told = lines.map(str::to_owned).to_vec();
    let one_off = Arc::new(move |_: &_| OneOff { lines: told.clone(), ..OneOff::default() });
    let stage = Stage::with(1, &Scenery::default(), one_off).await;
    let built = staged(&stage, "one").await;
    let deployments = stage.service(STAGING).service_deployments.len();
    let ran = stage.run("migrate-status --environment staging").await;
    assert_eq!(ran.ended(0).out.lines().collect::<Vec<_>>(), lines);
    let tasks = stage.migrations(STAGING);
    let last = tasks.last().expect("a task");
    assert_eq!(last.command.as_deref(), Some(&["migrate".to_owned(), "status".to_owned()][..]));
    assert_eq!(last.started_by.as_deref(), Some("migrate-status-staging"));
    assert_eq!(last.digest.as_deref(), Some(built.digest.as_str()));
    assert_eq!(stage.service(STAGING).service_deployments.len(), deployments);
    assert!(!stage.is_locked("staging"));
}

#[tokio::test(start_paused = true)]
async fn a_status_that_cannot_be_told_is_no_answer() {
    let one_off = Arc::new(|launch: &Launch| OneOff {
        code: i32::from(launch.command.as_deref().is_some_and(|command| command.iter().any(|word| word == "status"))),
        ..OneOff::default()
    });
    let stage = Stage::with(1, &Scenery::default(), one_off).await;
    staged(&stage, "one").await;
    stage.run("migrate-status --environment staging").await.ended(11).says("ended with exit code 1");
}

#[tokio::test(start_paused = true)]
async fn a_rollback_says_which_schema_the_old_release_meets_and_that_it_was_asked_on_it() {
    let mut stage = Stage::new().await;
    let Rename { both, new } = renamed(&stage).await;
    let stays = "no migration is run, neither up nor down: the schema stays where it is, at 0003 at least";
    let asked = format!("brought 0002 and needs 0002; it was asked on 0003 when {} came", &new.commit[..12]);
    stage.run("plan rollback --environment production").await.ended(0).says(stays).says(&asked);
    // A clone that lacks the commits has what was recorded.
    forget(&mut stage);
    stage.run("rollback --environment production").await.ended(0).says(stays).says(&asked);
    stage.serves(PRODUCTION, &both);
}

#[tokio::test(start_paused = true)]
async fn a_rename_goes_through_in_three_releases_with_a_rollback_after_each_of_the_first_two() {
    let stage = Stage::new().await;
    migration(&stage, "0001_create", "CREATE TABLE t (a text);\n");
    let old = promoted(&stage, "zero").await;
    let back_and_forth = async |stage: &Stage, built: &Built, before: &Built| {
        stage.run("rollback --environment production").await.ended(0).says("and was well");
        stage.serves(PRODUCTION, before);
        // Taken back, it is brought in again by its own verdict of staging.
        stage.run(&format!("promote --image-tag {}", built.commit)).await.ended(0);
        stage.serves(PRODUCTION, built);
    };
    migration(&stage, "0002_expand", &format!("{LIMITS}ALTER TABLE t ADD COLUMN b text;\n"));
    let both = promoted(&stage, "one").await;
    back_and_forth(&stage, &both, &old).await;
    migration(&stage, "0003_need", &format!("{LIMITS}ALTER TABLE t ADD COLUMN c text;\n"));
    let new = promoted(&stage, "two").await;
    back_and_forth(&stage, &new, &both).await;
    contract(&stage);
    let last = promoted(&stage, "three").await;
    stage.serves(PRODUCTION, &last);
    assert_eq!(stage.verdicts(&last), ["staging passed", "production passed"]);
}

#[tokio::test(start_paused = true)]
async fn there_is_no_way_back_past_a_contract_step() {
    let mut stage = Stage::new().await;
    let Rename { both, new } = renamed(&stage).await;
    contract(&stage);
    let last = promoted(&stage, "three").await;
    let to = format!("rollback --environment production --to {}", both.commit);
    let refused = async |stage: &Stage| {
        for line in [to.clone(), format!("plan {to}")] {
            let ran = stage.run(&line).await;
            ran.ended(10).says("needs schema 0002, and migration 0004, which is applied, took away");
            ran.says(&format!("that needs 0003 or later, as {} does (--to {})", &new.commit[..12], new.commit));
        }
        stage.serves(PRODUCTION, &last);
        assert!(!stage.is_locked("production"));
    };
    refused(&stage).await;
    forget(&mut stage);
    refused(&stage).await;

    // The release before the step does without what it takes away.
    let ran = stage.run("rollback --environment production").await;
    ran.ended(0).says("brought 0003 and needs 0003; it was asked on 0004");
    stage.serves(PRODUCTION, &new);
    // Further back there is still no way, though the release with the step serves no longer.
    stage.run("rollback --environment production").await.ended(10).says("no way back past a contract step");
    stage.serves(PRODUCTION, &new);
}

#[tokio::test(start_paused = true)]
async fn a_contract_step_does_not_come_while_what_it_takes_away_is_used() {
    let stage = Stage::new().await;
    migration(&stage, "0001_create", "CREATE TABLE t (a text);\n");
    migration(&stage, "0002_expand", &format!("{LIMITS}ALTER TABLE t ADD COLUMN b text;\n"));
    let both = promoted(&stage, "one").await;
    migration(&stage, "0003_need", &format!("{LIMITS}ALTER TABLE t ADD COLUMN c text;\n"));
    let new = staged(&stage, "two").await;
    contract(&stage);
    let last = staged(&stage, "three").await;
    // Production would go from the first to the last in one step.
    let promote = format!("promote --image-tag {}", last.commit);
    let ran = stage.run(&promote).await;
    ran.ended(10).says("migration 0004 of").says("and").says("serves, needs 0002: it would fail from that moment on");
    stage.serves(PRODUCTION, &both);
    assert_eq!(stage.migrations(PRODUCTION).len(), 1);

    stage.run(&format!("promote --image-tag {}", new.commit)).await.ended(0);
    let ran = stage.run(&promote).await;
    ran.ended(0).says("0004 is a contract step: no way back past it to a release that needs less than 0003");
    stage.serves(PRODUCTION, &last);
}
