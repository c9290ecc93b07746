//! Runs of `migrate` that are killed: the next one finishes what they began.

use std::time::Duration;

use app::migrate::{Arguments, Command};
use rustix::process::Signal;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor};

use crate::support::database::TestDatabase;
use crate::support::eventually;
use crate::support::process::{Process, command};

const UP: Command = Command::Up { to: None };

fn up(database: &TestDatabase) -> Process {
    let mut command = command(&["migrate", "up"]);
    command.env("DATABASE_URL", database.url().as_str());
    Process::spawn(command)
}

/// Somebody else's transaction, which has written to `links` and does not end.
async fn open_transaction(database: &TestDatabase) -> PgConnection {
    let mut connection = database.connect().await;
    let sql = "BEGIN; INSERT INTO links (slug, url) VALUES ('open', 'https://example.com')";
    connection.execute(AssertSqlSafe(sql)).await.expect("the table is there");
    connection
}

/// Sessions of `migrate` that wait for somebody else.
const WAITING: &str =
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'app migrate' AND wait_event_type = 'Lock'
    AND datname = current_database()";

const INVALID: &str = "SELECT count(*) FROM pg_index WHERE NOT indisvalid";

#[tokio::test]
async fn a_run_killed_in_the_middle_of_a_migration_leaves_nothing_half_done() {
    let database = TestDatabase::create().await;
    database.migrate(Command::Up { to: Some(2) }).await.expect("up");
    let other = open_transaction(&database).await;
    let killed = up(&database);
    eventually("0003 waits for its lock", async || database.number(WAITING).await == 1).await;
    killed.signal(Signal::KILL);
    assert_eq!(killed.ended().await.code, None);

    drop(other);
    let lines = database.migrate(UP).await.expect("the next run finishes");
    assert!(lines.iter().any(|line| line.starts_with("applied 0003 ")), "{lines:?}");
    assert_eq!(database.number("SELECT count(*) FROM _sqlx_migrations WHERE success").await, 9);
}

#[tokio::test]
async fn an_index_that_was_cut_off_is_built_again() {
    let database = TestDatabase::create().await;
    database.migrate(Command::Up { to: Some(4) }).await.expect("up");
    let other = open_transaction(&database).await;
    let killed = up(&database);
    eventually("the index is there and not valid", async || database.number(INVALID).await == 1).await;
    // It begins to wait a moment later; killed before that, it would seem to have given up.
    eventually("it waits for the other", async || database.number(WAITING).await == 1).await;
    killed.signal(Signal::KILL);
    assert_eq!(killed.ended().await.code, None);

    // The server notices by itself that nobody is there, and gives up the index and the lock. The
    // other transaction is still open then: the index stays invalid.
    eventually("the server gives up", async || database.number(WAITING).await == 0).await;
    drop(other);
    let lines = database.migrate(UP).await.expect("the next run finishes");
    assert!(lines.iter().any(|line| line.contains("0005 was cut off")), "{lines:?}");
    assert_eq!(database.number(INVALID).await, 0);
    assert_eq!(database.number("SELECT count(*) FROM pg_indexes WHERE indexname = 'links_target_url_id'").await, 1);
}

#[tokio::test]
async fn an_index_that_was_completed_and_not_noted_is_noted() {
    let database = TestDatabase::create().await;
    database.migrate(Command::Up { to: Some(4) }).await.expect("up");
    database.execute("CREATE INDEX links_target_url_id ON links (target_url, id)").await;
    let lines = database.migrate(UP).await.expect("the next run finishes");
    assert!(lines.iter().any(|line| line.contains("0005 was completed")), "{lines:?}");
    assert_eq!(database.number("SELECT count(*) FROM _sqlx_migrations WHERE success").await, 9);
}

#[tokio::test]
async fn a_migration_waits_its_turn_without_stopping_traffic_and_then_gets_its_lock() {
    let database = TestDatabase::create().await;
    database.migrate(Command::Up { to: Some(2) }).await.expect("up");
    let other = open_transaction(&database).await;
    let patient = up(&database);
    eventually("0003 waits for its lock", async || database.number(WAITING).await == 1).await;
    // Behind the waiting migration, and let through when it gives up for a moment.
    database.execute("INSERT INTO links (slug, url) VALUES ('behind', 'https://example.com')").await;
    drop(other);
    let ended = patient.ended().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[tokio::test]
async fn a_run_does_not_wait_for_another_without_end() {
    let database = TestDatabase::create().await;
    let mut other = database.connect().await;
    other.execute(AssertSqlSafe("SELECT pg_advisory_lock(1835496052)")).await.expect("nobody holds it");
    let arguments = Arguments::new(UP).with_lock_limit(Duration::from_millis(300));
    let options = database.url().as_str().parse().expect("it is a URL");
    let mut lines = Vec::new();
    let error = app::migrate::run(&arguments, options, &mut |line| lines.push(line)).await;
    let error = error.expect_err("the lock is held").to_string();
    assert!(error.contains("another run of migrate still holds the lock"), "{error}");
    assert_eq!(lines, ["waiting up to 300ms for another run of migrate to end"]);
}
