//! The executable: its exit codes and what it says.

use std::net::TcpListener;

use crate::support::database::TestDatabase;
use crate::support::in_process::TOKEN;
use crate::support::process::{ServeProcess, command, free_address, run};

#[tokio::test]
async fn every_missing_and_wrong_setting_is_named_before_anything_starts() {
    let mut command = command(&["serve"]);
    command.env("LISTEN_ADDRESS", "here").env("DRAIN_DELAY", "soon").env("API_TOKEN", "short");
    let ended = run(command).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    for setting in ["DATABASE_URL: is not set", "API_TOKEN: ", "LISTEN_ADDRESS: ", "DRAIN_DELAY: "] {
        assert!(ended.stderr.contains(setting), "{setting}: {ended:?}");
    }
    assert!(!ended.stderr.contains("short\""), "{ended:?}");
    assert_eq!(ended.stdout, "");
}

#[tokio::test]
async fn an_address_that_is_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("port 0 is always free");
    let address = taken.local_addr().expect("it is bound").to_string();
    let mut command = command(&["serve", "--listen-address", &address]);
    command.env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing").env("API_TOKEN", TOKEN);
    let ended = run(command).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains(&format!("LISTEN_ADDRESS: failed to listen on {address}")), "{ended:?}");
}

#[tokio::test]
async fn the_health_check_needs_no_secrets_and_tells_by_its_exit_code() {
    let database = TestDatabase::migrated().await;
    let service = ServeProcess::ready(&database.url(), &[]).await;
    let address = service.address.to_string();
    let ready = format!("http://{address}/ready");
    let missing = format!("http://{address}/missing");
    let nobody = free_address().to_string();
    for (arguments, code, reason) in [
        (vec!["healthcheck", "--listen-address", &address], 0, ""),
        (vec!["healthcheck", "--url", &ready], 0, ""),
        (vec!["healthcheck", "--url", &missing], 1, "answered 404, not 200"),
        (vec!["healthcheck", "--url", "https://example.com"], 1, "does not begin with http://"),
        (vec!["healthcheck", "--listen-address", &nobody], 1, "failed to ask"),
    ] {
        let ended = run(command(&arguments)).await;
        assert_eq!(ended.code, Some(code), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains(reason), "{arguments:?}: {ended:?}");
    }
}

#[tokio::test]
async fn the_version_is_told() {
    let ended = run(command(&["--version"])).await;
    assert_eq!((ended.code, ended.stdout), (Some(0), format!("app {}\n", env!("CARGO_PKG_VERSION"))));
}
