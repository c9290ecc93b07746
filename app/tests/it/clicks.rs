//! Clicks are counted exactly once, whatever happens on their way.

use std::time::Duration;

use hyper::{Method, StatusCode};

use crate::support::database::TestDatabase;
use crate::support::eventually;
use crate::support::in_process::TestService;
use crate::support::proxy::{Proxy, Way};

#[tokio::test]
async fn a_batch_whose_answer_was_lost_is_not_counted_twice() {
    let database = TestDatabase::migrated().await;
    let proxy = Proxy::start(database.server_address()).await;
    // On the one connection the statement is prepared by then, so that it needs one answer only.
    let flags = ["--click-period=50ms", "--database-connections=1"];
    let service = TestService::ready(&database.url_through(proxy.port), &flags).await;
    service.create("once").await;
    assert_eq!(service.get("/l/once").await.status, StatusCode::TEMPORARY_REDIRECT);
    // Until the service has heard of it: an answer of this write that is lost would take the connection with
    // it, and no other is made while the proxy is mute.
    eventually("the first click is written", async || service.metric("clicks_written_total").await == 1).await;
    // The pool asks a connection whether it lives before it takes it back: that answer has to come too.
    let idle = "database_connections{state=\"idle\"}";
    eventually("its connection is back in the pool", async || service.metric(idle).await == 1).await;

    proxy.set(Way::Mute);
    for _ in 0..5 {
        assert_eq!(service.get("/l/once").await.status, StatusCode::TEMPORARY_REDIRECT);
    }
    // The database has them, and the service has not heard of it.
    eventually("the clicks are written", async || database.clicks().await >= 2).await;
    eventually("the service tries again", async || service.metric("click_batch_failures_total").await >= 1).await;

    proxy.set(Way::Open);
    eventually("nothing is pending", async || service.metric("clicks_pending").await == 0).await;
    assert_eq!(database.clicks().await, 6);
}

#[tokio::test]
async fn clicks_of_a_link_that_was_deleted_are_dropped_and_counted_as_such() {
    let database = TestDatabase::migrated().await;
    let service = TestService::ready(&database.url(), &["--click-period=300ms"]).await;
    service.create("gone").await;
    service.create("here").await;
    for slug in ["gone", "gone", "here"] {
        assert_eq!(service.get(&format!("/l/{slug}")).await.status, StatusCode::TEMPORARY_REDIRECT);
    }
    // Past the service, whose own deletion would leave the same race.
    database.execute("DELETE FROM links WHERE slug = 'gone'").await;
    eventually("nothing is pending", async || service.metric("clicks_pending").await == 0).await;
    let written = service.metric("clicks_written_total").await;
    let discarded = service.metric("clicks_discarded_total").await;
    assert_eq!(written + discarded, 3);
    assert!(database.clicks().await >= 1);
}

#[tokio::test]
async fn the_last_clicks_are_written_when_the_service_stops() {
    let database = TestDatabase::migrated().await;
    let service = TestService::ready(&database.url(), &["--click-period=1h"]).await;
    service.create("late").await;
    // The worker's first period begins with the service: only the end can write these.
    for _ in 0..7 {
        assert_eq!(service.get("/l/late").await.status, StatusCode::TEMPORARY_REDIRECT);
    }
    let outcome = service.stop().await;
    assert_eq!((outcome.requests_cut, outcome.clicks_lost), (0, 0));
    assert_eq!(database.clicks().await, 7);
    assert_eq!(database.number("SELECT count(*) FROM click_batches").await, 0);
}

#[tokio::test]
async fn clicks_that_cannot_be_written_before_the_limit_are_reported_as_lost() {
    let database = TestDatabase::migrated().await;
    let proxy = Proxy::start(database.server_address()).await;
    let flags = ["--click-period=1h", "--flush-limit=300ms"];
    let service = TestService::ready(&database.url_through(proxy.port), &flags).await;
    service.create("lost").await;
    service.get("/l/lost").await;
    proxy.set(Way::Stopped);
    service.get("/l/lost").await;
    let outcome = service.stop().await;
    assert_eq!(outcome.clicks_lost, 2);
}

#[tokio::test]
async fn a_deleted_link_is_followed_elsewhere_no_longer_than_the_cache_is_fresh() {
    let database = TestDatabase::migrated().await;
    let here = TestService::ready(&database.url(), &[]).await;
    let there = TestService::ready(&database.url(), &["--cache-fresh=200ms"]).await;
    here.create("shared").await;
    assert_eq!(there.get("/l/shared").await.status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(here.api(Method::DELETE, "/v1/links/shared").await.status, StatusCode::NO_CONTENT);
    assert_eq!(here.get("/l/shared").await.status, StatusCode::NOT_FOUND);
    let forgotten =
        eventually("the other task forgets it", async || there.get("/l/shared").await.status == StatusCode::NOT_FOUND);
    tokio::time::timeout(Duration::from_secs(10), forgotten).await.expect("it was fresh for 200 ms");
}
