//! A throw-away cluster of this machine's binaries.

use std::net::TcpStream;

use sqlx::Connection as _;

use crate::provider::{HOLD, Held, check_nothing_left, exec, has, provider, stderr, temporary};

#[test]
fn a_cluster_serves_the_command_and_is_gone_after_it() {
    if !has("local") {
        return;
    }
    let held = Held::start("local", HOLD);
    TcpStream::connect(held.address()).expect("a server");
    let (code, temporary, address) = held.end();
    assert_eq!(code, Some(0));
    check_nothing_left(&temporary, Some(address));
}

#[tokio::test]
async fn its_role_may_create_databases_and_it_takes_many_connections() {
    if !has("local") {
        return;
    }
    let held = Held::start("local", HOLD);
    let mut connection = crate::given::connect(&held.url).await;
    let row: (bool, String) = sqlx::query_as(
        "select rolcreatedb, current_setting('max_connections') from pg_roles where rolname = current_user",
    )
    .fetch_one(&mut connection)
    .await
    .expect("a row");
    assert_eq!(row, (true, "300".to_owned()));
}

#[tokio::test]
async fn a_wrong_password_is_refused() {
    if !has("local") {
        return;
    }
    let held = Held::start("local", HOLD);
    let wrong = held.url.replace(held.password(), "wrong");
    let error = sqlx::PgConnection::connect(&wrong).await.expect_err("refused");
    assert!(error.to_string().contains("password authentication failed"), "{error}");
}

#[test]
fn several_at_once_do_not_disturb_each_other() {
    if !has("local") {
        return;
    }
    let temporary = temporary();
    let mut commands: Vec<_> = (0..3).map(|_| exec(&temporary, "local", "exit 0")).collect();
    let children: Vec<_> = commands.iter_mut().map(|command| command.spawn().expect("the provider")).collect();
    for mut child in children {
        assert_eq!(child.wait().expect("its end").code(), Some(0));
    }
    check_nothing_left(&temporary, None);
}

#[test]
fn it_is_taken_when_the_others_do_not_work_and_each_of_them_is_named() {
    if !has("local") {
        return;
    }
    let temporary = temporary();
    let mut command = provider(&temporary);
    command.env("DOCKER_HOST", "unix:///does/not/exist.sock");
    command.env("DATABASE_URL", "postgres://app:hunter2@127.0.0.1:1/postgres");
    let output = command.args(["exec", "--", "true"]).output().expect("the provider");
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "postgres: passed over DATABASE_URL: connection refused at 127.0.0.1:1");
    assert!(lines[1].starts_with("postgres: passed over container: no Docker engine: "), "{said}");
    assert!(lines[2].starts_with("postgres: local binaries: PostgreSQL "), "{said}");
    assert_eq!(lines.len(), 3, "{said}");
    check_nothing_left(&temporary, None);
}
