//! The database stopped, frozen and slow, seen by clients.

use std::time::{Duration, Instant};

use hyper::{Method, StatusCode};

use crate::support::database::TestDatabase;
use crate::support::eventually;
use crate::support::http::Answer;
use crate::support::in_process::TestService;
use crate::support::proxy::{Proxy, Way};

/// What a client waits at most for the news that the database is away.
const BAD_NEWS: Duration = Duration::from_millis(2500);

/// What the service takes at most to notice that the database is back.
const RECOVERY: Duration = Duration::from_secs(5);

async fn timed(request: impl Future<Output = Answer>) -> (Answer, Duration) {
    let started = Instant::now();
    (request.await, started.elapsed())
}

async fn survives(way: Way) {
    let database = TestDatabase::migrated().await;
    let proxy = Proxy::start(database.server_address()).await;
    // Nothing stays fresh, so that the cache is seen to fall back on what it has.
    let flags = ["--cache-fresh=0s", "--click-period=50ms"];
    let service = TestService::ready(&database.url_through(proxy.port), &flags).await;
    service.create("hot").await;
    let mut clicks = 0;
    let mut follow = async || {
        let answer = service.get("/l/hot").await;
        assert_eq!(answer.status, StatusCode::TEMPORARY_REDIRECT, "{answer:?}");
        clicks += 1;
    };
    follow().await;

    proxy.set(way);
    let needing = async {
        for _ in 0..3 {
            let (answer, elapsed) = timed(service.api(Method::GET, "/v1/links/hot")).await;
            answer.assert_problem(503, "the database is away");
            assert_eq!(answer.header("retry-after"), "2");
            assert!(elapsed < BAD_NEWS, "{elapsed:?}");
        }
    };
    let following = async {
        for _ in 0..3 {
            follow().await;
        }
    };
    let living = async {
        let mut fastest = Duration::MAX;
        for _ in 0..20 {
            let (answer, elapsed) = timed(service.get("/health")).await;
            assert_eq!(answer.status, StatusCode::OK);
            fastest = fastest.min(elapsed);
        }
        // The fastest of many: this machine may be busy with something else.
        assert!(fastest < Duration::from_millis(50), "{fastest:?}");
    };
    tokio::join!(needing, following, living);
    assert_eq!(service.get("/ready").await.status, StatusCode::OK);

    proxy.set(Way::Open);
    let back = Instant::now();
    eventually("the database is used again", async || {
        service.api(Method::GET, "/v1/links/hot").await.status == StatusCode::OK
    })
    .await;
    assert!(back.elapsed() < RECOVERY, "{:?}", back.elapsed());
    // Not one request more fails for a connection from before.
    for _ in 0..20 {
        assert_eq!(service.api(Method::GET, "/v1/links/hot").await.status, StatusCode::OK);
    }
    follow().await;
    eventually("every click is written", async || database.clicks().await == clicks).await;
    assert!(service.metric(r#"cache_lookups_total{result="stale"}"#).await >= 1);
    assert_eq!(service.stop().await.clicks_lost, 0);
    assert_eq!(database.clicks().await, clicks);
}

#[tokio::test]
async fn a_stopped_database_is_survived() {
    survives(Way::Stopped).await;
}

#[tokio::test]
async fn a_frozen_database_is_survived() {
    survives(Way::Frozen).await;
}

#[tokio::test]
async fn a_slow_database_is_survived() {
    survives(Way::Slow(Duration::from_secs(3))).await;
}

#[tokio::test]
async fn a_statement_that_waits_for_a_lock_is_refused_in_time_and_harms_no_other() {
    let database = TestDatabase::migrated().await;
    let service = TestService::ready(&database.url(), &[]).await;
    service.create("locked").await;
    let mut other = database.connect().await;
    let mut transaction = sqlx::Connection::begin(&mut other).await.expect("a transaction begins");
    sqlx::query("LOCK TABLE clicks IN ACCESS EXCLUSIVE MODE")
        .execute(&mut *transaction)
        .await
        .expect("the table is there");
    let (answer, elapsed) = timed(service.api(Method::GET, "/v1/links/locked/stats")).await;
    answer.assert_problem(503, "try again");
    assert!(elapsed < BAD_NEWS, "{elapsed:?}");
    assert_eq!(service.api(Method::GET, "/v1/links/locked").await.status, StatusCode::OK);
}
