//! The server that `DATABASE_URL` names.

use std::time::{SystemTime, UNIX_EPOCH};

use rustix::process::Signal;
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::fake;
use crate::provider::{HOLD, Held, any, check_nothing_left, exec, kill, provider, stderr, temporary};

pub(crate) async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("a connection")
}

pub(crate) async fn databases(url: &str) -> Vec<String> {
    let query = sqlx::query_scalar("select datname::text from pg_database");
    query.fetch_all(&mut connect(url).await).await.expect("names")
}

#[test]
fn a_server_that_serves_is_taken_as_it_is() {
    let Some(source) = any() else { return };
    let server = Held::start(source, HOLD);
    let temporary = temporary();
    let mut command = provider(&temporary);
    command.env("DATABASE_URL", &server.url);
    command.args(["exec", "--", "sh", "-c", "printf '%s' \"$DATABASE_URL\""]);
    let output = command.output().expect("the provider");
    let said = stderr(&output);
    assert_eq!(String::from_utf8_lossy(&output.stdout), server.url);
    assert!(said.starts_with("postgres: DATABASE_URL: PostgreSQL "), "{said}");
    assert!(said.contains(&format!("at {} as slipway", server.address())), "{said}");
    assert!(!said.contains(server.password()), "{said}");
    check_nothing_left(&temporary, None);
}

#[tokio::test]
async fn a_dirty_server_is_taken_and_only_abandoned_test_databases_are_removed() {
    let Some(source) = any() else { return };
    let server = Held::start(source, HOLD);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs();
    let (fresh, in_use) = (format!("slipway_test_{now}_fresh"), "slipway_test_1_in_use");
    let mut connection = connect(&server.url).await;
    for name in ["customers", "slipway_test_1_abandoned", "slipway_test_x", in_use, &fresh] {
        let statement = sqlx::AssertSqlSafe(format!("create database {name}"));
        connection.execute(statement).await.expect(name);
    }
    connection.execute("create table links (id int)").await.expect("a table in the way");
    let (base, _) = server.url.rsplit_once('/').expect("a database");
    let used = connect(&format!("{base}/{in_use}")).await;

    let mut command = exec(&temporary(), "url", "exit 0");
    let output = command.env("DATABASE_URL", &server.url).output().expect("the provider");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("removed abandoned test databases: 1"), "{}", stderr(&output));

    let mut names = databases(&server.url).await;
    names.retain(|name| name.contains("slipway_test") || name == "customers");
    names.sort();
    let mut expected = ["customers", in_use, &fresh, "slipway_test_x"];
    expected.sort_unstable();
    assert_eq!(names, expected);
    used.close().await.expect("still connected");
}

#[tokio::test]
async fn a_role_that_may_not_create_databases_is_refused_with_the_line_that_mends_it() {
    let Some(source) = any() else { return };
    let server = Held::start(source, HOLD);
    let mut connection = connect(&server.url).await;
    connection.execute("create role poor login password 'hunter2'").await.expect("a role");
    let url = format!("postgres://poor:hunter2@{}/postgres", server.address());

    let output = exec(&temporary(), "url", "exit 0").env("DATABASE_URL", url).output();
    let output = output.expect("the provider");
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("the role poor may not create databases"), "{said}");
    assert!(said.contains("ALTER ROLE \"poor\" CREATEDB"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn a_forced_source_that_does_not_work_is_an_error_with_its_reason() {
    let temporary = temporary();
    let nobody = "postgres://app:hunter2@127.0.0.1:1/postgres";
    for (url, reason) in [
        (None, "it is not set"),
        (Some(""), "it is not set"),
        (Some(nobody), "connection refused at 127.0.0.1:1"),
        (Some("mysql://app:hunter2@db/x"), "it does not begin with postgres://"),
    ] {
        let mut command = exec(&temporary, "url", "exit 0");
        if let Some(url) = url {
            command.env("DATABASE_URL", url);
        }
        let output = command.output().expect("the provider");
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(&format!("DATABASE_URL: {reason}")), "{said}");
        assert!(!said.contains("hunter2") && !said.contains("passed over"), "{said}");
    }
}

#[tokio::test]
async fn a_server_that_is_starting_up_is_waited_for() {
    let Some(source) = any() else { return };
    let server = Held::start(source, HOLD);
    let starting = fake::starts_up_before(server.address(), 3).await;
    let url = server.url.replace(&server.address().to_string(), &starting.to_string());
    let temporary = temporary();
    let output = tokio::task::spawn_blocking(move || {
        let url = format!("{url}?sslmode=disable");
        exec(&temporary, "url", "exit 0").env("DATABASE_URL", url).output()
    });
    let output = output.await.expect("no panic").expect("the provider");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[tokio::test]
async fn a_signal_ends_the_waiting_for_a_server() {
    let (address, mut attempts) = fake::starts_up_for_ever().await;
    let temporary = temporary();
    let mut command = exec(&temporary, "url", "exit 0");
    command.env("DATABASE_URL", format!("postgres://app:hunter2@{address}/x?sslmode=disable"));
    let mut child = command.spawn().expect("the provider");
    attempts.recv().await.expect("an attempt");
    kill(child.id(), Signal::TERM);
    let status = tokio::task::spawn_blocking(move || child.wait()).await.expect("no panic");
    assert_eq!(status.expect("its end").code(), Some(143));
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    // The kernel accepts, and nobody ever reads.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let mut command = exec(&temporary(), "url", "exit 0");
    command.env("DATABASE_URL", format!("postgres://app:hunter2@{address}/x"));
    let output = command.output().expect("the provider");
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("no answer within 5 s at {address}")), "{said}");
}
