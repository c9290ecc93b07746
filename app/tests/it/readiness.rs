//! `/health` and `/ready` from the first moment to the last.

use app::migrate::Command;
use hyper::StatusCode;
use serde_json::Value;

use crate::support::database::TestDatabase;
use crate::support::eventually;
use crate::support::in_process::{COMMIT, TestService};
use crate::support::proxy::{Proxy, Way};

fn check<'a>(report: &'a Value, name: &str) -> &'a Value {
    let checks = report["checks"].as_array().expect("a report has checks");
    checks.iter().find(|check| check["name"] == name).expect("the check is there")
}

#[tokio::test]
async fn a_service_that_has_not_reached_its_database_is_alive_and_not_ready() {
    let database = TestDatabase::migrated().await;
    let proxy = Proxy::start(database.server_address()).await;
    proxy.set(Way::Stopped);
    let service = TestService::start(&database.url_through(proxy.port), &[]);

    let health = service.get("/health").await;
    assert_eq!(health.status, StatusCode::OK);
    let health: Value = health.json();
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(health["commit"], COMMIT);

    let ready = service.get("/ready").await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ready.header("retry-after"), "2");
    let report: Value = ready.json();
    assert_eq!(report["status"], "not_ready");
    assert_eq!(report["figures"]["worker_lag_seconds"], 0.0);
    assert_eq!(report["figures"]["cache_hit_rate"], Value::Null);
    assert_eq!(report["figures"]["cache_lookups"], 0);

    proxy.set(Way::Open);
    eventually("it becomes ready", async || service.get("/ready").await.status == StatusCode::OK).await;
}

#[tokio::test]
async fn a_service_waits_for_the_schema_it_needs_and_serves_with_a_newer_one() {
    let database = TestDatabase::create().await;
    let service = TestService::start(&database.url(), &[]);
    eventually("the schema was looked at", async || {
        check(&service.get("/ready").await.json(), "schema")["state"] == "failing"
    })
    .await;
    assert_eq!(service.get("/ready").await.status, StatusCode::SERVICE_UNAVAILABLE);
    service.get("/l/any").await.assert_problem(503, "try again");

    let needed = app::migrate::needed_version();
    database.migrate(Command::Up { to: Some(needed) }).await.expect("the migrations apply");
    eventually("it becomes ready", async || service.get("/ready").await.status == StatusCode::OK).await;

    database.migrate(Command::Up { to: None }).await.expect("the migrations apply");
    database
        .execute(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
            VALUES (9999, 'of a later release', true, '', 0)",
        )
        .await;
    eventually("the newer schema was seen", async || {
        let report: Value = service.get("/ready").await.json();
        check(&report, "schema")["detail"].as_str().is_some_and(|detail| detail.contains("9999"))
    })
    .await;
    assert_eq!(service.get("/ready").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_lost_database_degrades_the_service_and_only_a_strict_one_stops_being_ready() {
    let database = TestDatabase::migrated().await;
    let proxy = Proxy::start(database.server_address()).await;
    let url = database.url_through(proxy.port);
    let lenient = TestService::ready(&url, &[]).await;
    let strict = TestService::ready(&url, &["--ready-requires-database=true"]).await;

    proxy.set(Way::Stopped);
    eventually("the strict one is not ready", async || {
        strict.get("/ready").await.status == StatusCode::SERVICE_UNAVAILABLE
    })
    .await;
    eventually("the lenient one is degraded", async || {
        lenient.get("/ready").await.json::<Value>()["status"] == "degraded"
    })
    .await;
    let ready = lenient.get("/ready").await;
    assert_eq!(ready.status, StatusCode::OK);
    let report: Value = ready.json();
    assert_eq!(check(&report, "database")["state"], "failing");
    assert!(check(&report, "database")["age_seconds"].is_number());
    assert_eq!(check(&report, "schema")["state"], "passing");

    proxy.set(Way::Open);
    eventually("both are well again", async || {
        let strict = strict.get("/ready").await.json::<Value>();
        let lenient = lenient.get("/ready").await.json::<Value>();
        strict["status"] == "ready" && lenient["status"] == "ready"
    })
    .await;
}
