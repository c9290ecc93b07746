//! What the scraper sees.

use hyper::StatusCode;

use crate::support::database::TestDatabase;
use crate::support::http::{get, send};
use crate::support::in_process::{COMMIT, TestService};

#[tokio::test]
async fn requests_are_counted_by_the_template_of_their_route() {
    let database = TestDatabase::migrated().await;
    let service = TestService::ready(&database.url(), &[]).await;
    service.create("seen").await;
    for path in ["/l/seen", "/l/seen", "/l/unseen", "/a/path/nobody/knows"] {
        service.get(path).await;
    }
    for (metric, expected) in [
        (r#"http_requests_total{method="GET",route="/l/{slug}",status="307"}"#, 2),
        (r#"http_requests_total{method="GET",route="/l/{slug}",status="404"}"#, 1),
        (r#"http_requests_total{method="GET",route="unknown",status="404"}"#, 1),
        (r#"http_requests_total{method="POST",route="/v1/links",status="201"}"#, 1),
        (r#"http_request_duration_seconds_count{route="/l/{slug}"}"#, 3),
        (r#"cache_lookups_total{result="hit"}"#, 1),
        (r#"cache_lookups_total{result="miss"}"#, 2),
        ("database_connections_limit", 10),
        ("http_requests_in_flight", 0),
    ] {
        assert_eq!(service.metric(metric).await, expected, "{metric}");
    }
    let info = format!(r#"app_info{{commit="{COMMIT}",version="{}"}}"#, env!("CARGO_PKG_VERSION"));
    assert_eq!(service.metric(&info).await, 1);
    let answer = send(service.management, get("/metrics")).await;
    assert!(answer.header("content-type").starts_with("text/plain"));
    assert!(!String::from_utf8_lossy(&answer.body).contains("nobody"));
    assert_eq!(service.get("/metrics").await.status, StatusCode::NOT_FOUND);
}
