//! `migrate` up, down and status, on the migrations of this repository.

use app::migrate::{Command, MIGRATOR};
use sqlx::AssertSqlSafe;

use crate::support::database::TestDatabase;
use crate::support::process::{Process, command, run};

const UP: Command = Command::Up { to: None };

fn down(to: Option<i64>, discard: &[&str]) -> Command {
    Command::Down { to, discard: discard.iter().map(|what| (*what).to_owned()).collect() }
}

/// Every column, index and constraint of our tables.
async fn schema(database: &TestDatabase) -> Vec<String> {
    let sql = "
        SELECT format('%s.%s %s %s', table_name, column_name, data_type, is_nullable)
        FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations'
        UNION ALL SELECT indexdef FROM pg_indexes
        WHERE schemaname = 'public' AND tablename <> '_sqlx_migrations'
        UNION ALL SELECT format('%s %s', conrelid::regclass, pg_get_constraintdef(oid))
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid <> '_sqlx_migrations'::regclass
        ORDER BY 1";
    let query = sqlx::query_scalar(AssertSqlSafe(sql));
    query.fetch_all(&mut database.connect().await).await.expect("the catalogue can be read")
}

fn versions() -> Vec<i64> {
    let ups = MIGRATOR.iter().filter(|migration| migration.migration_type.is_up_migration());
    ups.map(|migration| migration.version).collect()
}

#[tokio::test]
async fn every_step_can_be_undone_and_done_again() {
    let database = TestDatabase::create().await;
    let mut schemas = Vec::new();
    for version in versions() {
        database.migrate(Command::Up { to: Some(version) }).await.expect("up");
        schemas.push(schema(&database).await);
    }
    let newest = schemas.last().expect("there are migrations").clone();
    for expected in schemas.iter().rev() {
        assert_eq!(schema(&database).await, *expected);
        database.migrate(down(None, &[])).await.expect("down");
    }
    assert_eq!(schema(&database).await, Vec::<String>::new());
    database.migrate(UP).await.expect("up again");
    assert_eq!(schema(&database).await, newest);
    assert_eq!(database.migrate(UP).await.expect("up once more"), ["nothing to apply"]);
}

#[tokio::test]
async fn a_link_from_before_the_rename_survives_it_and_the_way_back() {
    let database = TestDatabase::create().await;
    database.migrate(Command::Up { to: Some(2) }).await.expect("up");
    // More than a batch of the backfill, with gaps.
    database
        .execute(
            "INSERT INTO links (slug, url) SELECT 'old-' || n, 'https://example.com/' || n FROM generate_series(1, 2500) n;
            DELETE FROM links WHERE id % 7 = 0",
        )
        .await;
    let links = database.number("SELECT count(*) FROM links").await;
    database.migrate(UP).await.expect("up");
    let renamed = "SELECT count(*) FROM links WHERE target_url = 'https://example.com/' || substr(slug, 5)";
    assert_eq!(database.number(renamed).await, links);

    database.execute("INSERT INTO links (slug, target_url) VALUES ('new-0', 'https://example.com/0')").await;
    let all = format!("{} values of links.target_url", links + 1);
    let error = database.migrate(down(Some(2), &[])).await.expect_err("it would discard them");
    assert!(error.contains("undoing 0003 (add target url) would discard"), "{error}");
    assert!(error.contains(&all) && error.contains("--discard links.target_url"), "{error}");
    let lines = database.migrate(down(Some(2), &["links.target_url"])).await.expect("down");
    assert!(lines.contains(&format!("discarded {all}")), "{lines:?}");
    let back = "SELECT count(*) FROM links WHERE url = 'https://example.com/' || substr(slug, 5)";
    assert_eq!(database.number(back).await, links + 1);
}

#[tokio::test]
async fn rows_and_values_are_not_discarded_unless_somebody_says_which() {
    let database = TestDatabase::create().await;
    database.migrate(Command::Up { to: Some(3) }).await.expect("up");
    database.execute("INSERT INTO links (slug, url, target_url) VALUES ('a', 'https://a.example', NULL)").await;
    // A column without a value is nothing.
    database.migrate(down(Some(2), &[])).await.expect("down");
    let schema_before = schema(&database).await;

    let error = database.migrate(down(Some(0), &[])).await.expect_err("a link would be gone");
    assert!(error.contains("1 row of links; keep it first, or say that it may go: --discard links"), "{error}");
    let error = database.migrate(down(Some(0), &["links.url", "clicks"])).await.expect_err("a link would be gone");
    assert!(error.contains("--discard links"), "{error}");
    // Neither the version that could have been undone.
    assert_eq!(schema(&database).await, schema_before);
    assert_eq!(database.number("SELECT count(*) FROM _sqlx_migrations").await, 2);

    let lines = database.migrate(down(Some(0), &["links"])).await.expect("down");
    assert_eq!(lines, ["undid 0002 create clicks", "discarded 1 row of links", "undid 0001 create links"]);
    assert_eq!(schema(&database).await, Vec::<String>::new());
}

#[tokio::test]
async fn releases_of_both_sides_of_each_step_can_write() {
    let database = TestDatabase::create().await;
    let first = "INSERT INTO links (slug, url) VALUES (gen_random_uuid()::text, 'https://example.com')";
    let both = "INSERT INTO links (slug, url, target_url)
        VALUES (gen_random_uuid()::text, 'https://example.com', 'https://example.com')";
    let last = "INSERT INTO links (slug, target_url) VALUES (gen_random_uuid()::text, 'https://example.com')";
    // Three deployments; at each, the release that is replaced serves on the new schema for a while.
    for (version, writers) in [(2, vec![first]), (3, vec![first, both]), (8, vec![both, last]), (9, vec![last])] {
        database.migrate(Command::Up { to: Some(version) }).await.expect("up");
        for writer in writers {
            database.execute(writer).await;
        }
    }
    assert_eq!(database.number("SELECT count(*) FROM links").await, 6);
}

#[tokio::test]
async fn status_tells_what_is_applied_and_changes_nothing() {
    let database = TestDatabase::create().await;
    let lines = database.migrate(Command::Status).await.expect("status");
    assert_eq!(lines.first().map(String::as_str), Some("0001  pending  create links"));
    assert_eq!(database.number("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").await, 0);

    database.migrate(Command::Up { to: Some(1) }).await.expect("up");
    database
        .execute(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
            VALUES (9999, 'of a later release', true, '', 0)",
        )
        .await;
    let lines = database.migrate(Command::Status).await.expect("status");
    assert!(lines.contains(&"0001  applied  create links".to_owned()), "{lines:?}");
    assert!(lines.contains(&"0002  pending  create clicks".to_owned()), "{lines:?}");
    assert!(lines.contains(&"9999  applied  (of a later release)".to_owned()), "{lines:?}");
    assert_eq!(lines.last().map(String::as_str), Some("the schema is at 9999; this release needs 0008 or later"));
}

#[tokio::test]
async fn a_migration_that_was_changed_after_it_was_applied_is_refused() {
    let database = TestDatabase::migrated().await;
    database.execute("UPDATE _sqlx_migrations SET checksum = 'x' WHERE version = 2").await;
    let error = database.migrate(UP).await.expect_err("it was changed");
    assert!(error.contains("0002 (create clicks) was changed"), "{error}");
}

#[tokio::test]
async fn ten_runs_at_once_apply_each_version_once_and_all_succeed() {
    let database = TestDatabase::create().await;
    let runs: Vec<_> = (0..10)
        .map(|_| {
            let mut command = command(&["migrate", "up"]);
            command.env("DATABASE_URL", database.url().as_str());
            Process::spawn(command)
        })
        .collect();
    let mut output = String::new();
    for run in runs {
        let ended = run.ended().await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        output += &ended.stdout;
    }
    for version in versions() {
        let applied = format!("applied {version:04} ");
        assert_eq!(output.matches(&applied).count(), 1, "{version}: {output}");
    }
}

#[tokio::test]
async fn a_run_that_cannot_go_on_says_why_and_fails() {
    let database = TestDatabase::migrated().await;
    for (arguments, url, code, reason) in [
        (vec!["migrate", "up"], None, 2, "DATABASE_URL: is not set"),
        (vec!["migrate", "up"], Some("mysql://a"), 2, "does not begin with postgres://"),
        (vec!["migrate", "up", "--to", "7777"], Some(database.url().as_str()), 1, "there is no version 7777"),
        (
            vec!["migrate", "status", "--migrate-connect-limit=300ms"],
            Some("postgres://a:secret@127.0.0.1:1/b"),
            1,
            "failed to connect to 127.0.0.1:1/b",
        ),
    ] {
        let mut command = command(&arguments);
        if let Some(url) = url {
            command.env("DATABASE_URL", url);
        }
        let ended = run(command).await;
        assert_eq!(ended.code, Some(code), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains(reason), "{arguments:?}: {ended:?}");
        assert!(!ended.stderr.contains("secret"), "{ended:?}");
    }
}
