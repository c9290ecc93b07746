//! A container of the image `postgres:15`.

use crate::fake;
use crate::provider::{HOLD, Held, check_nothing_left, exec, has, stderr, temporary};

#[tokio::test]
async fn a_container_serves_the_command_and_is_gone_after_it() {
    if !has("container") {
        return;
    }
    let held = Held::start("container", HOLD);
    let mut connection = crate::given::connect(&held.url).await;
    let settings: (String, String) =
        sqlx::query_as("select current_setting('fsync'), current_setting('max_connections')")
            .fetch_one(&mut connection)
            .await
            .expect("a row");
    assert_eq!(settings, ("off".to_owned(), "300".to_owned()));
    let (code, temporary, address) = held.end();
    assert_eq!(code, Some(0));
    check_nothing_left(&temporary, Some(address));
}

#[test]
fn the_commands_exit_code_comes_through_a_container_too() {
    if !has("container") {
        return;
    }
    let temporary = temporary();
    let output = exec(&temporary, "container", "exit 7").output().expect("the provider");
    assert_eq!(output.status.code(), Some(7), "{}", stderr(&output));
    check_nothing_left(&temporary, None);
}

#[test]
fn without_an_engine_the_reason_comes_at_once() {
    let mut command = exec(&temporary(), "container", "exit 0");
    let output = command.env("DOCKER_HOST", "unix:///does/not/exist.sock").output().expect("the provider");
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("container: no Docker engine: "), "{said}");
}

#[tokio::test]
async fn an_engine_that_never_answers_is_given_up() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let mut command = exec(&temporary(), "container", "exit 0");
    let output = command.env("DOCKER_HOST", format!("tcp://{address}")).output().expect("the provider");
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("no Docker engine: no answer within 3 s"), "{said}");
}

#[tokio::test]
async fn an_image_that_cannot_be_pulled_is_a_reason() {
    let address = fake::engine_without_images().await;
    let temporary = temporary();
    let output = tokio::task::spawn_blocking(move || {
        let mut command = exec(&temporary, "container", "exit 0");
        command.env("DOCKER_HOST", format!("tcp://{address}")).output()
    });
    let output = output.await.expect("no panic").expect("the provider");
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("postgres: pulling postgres:15, for at most 180 s"), "{said}");
    assert!(said.contains("pulling the image failed"), "{said}");
    assert!(said.contains("the registry is on fire"), "{said}");
}
