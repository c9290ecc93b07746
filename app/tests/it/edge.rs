//! What every request passes, around handlers made for the purpose. No database is needed.

use std::sync::Arc;
use std::time::Duration;

use app::edge::{Edge, Kind, Limits};
use app::routes::build_router;
use app::state::App;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use axum::routing::get;
use tower::ServiceExt;

use crate::support::eventually;
use crate::support::in_process::{COMMIT, unconnected};

const LIMITS: Limits = Limits { in_flight: 1, request: Duration::from_secs(10) };

fn router(app: &Arc<App>, kind: Kind) -> Router {
    let edge = |route| Edge::new(app, LIMITS, route, kind);
    Router::new()
        .route("/well", get(async || "well").layer(edge("/well")))
        .route("/late", get(std::future::pending::<()>).layer(edge("/late")))
        .route("/panic", get(panics).layer(edge("/panic")))
}

async fn panics() -> &'static str {
    panic!("a fault")
}

async fn ask(router: &Router, path: &str) -> Response<Body> {
    let request = Request::get(path).body(Body::empty()).expect("the path is one");
    router.clone().oneshot(request).await.expect("routers do not fail")
}

#[tokio::test]
async fn a_panic_is_a_problem_and_the_service_goes_on() {
    let app = unconnected();
    let router = router(&app, Kind::Traffic);
    let answer = ask(&router, "/panic").await;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    assert_eq!(app.metrics.panics.get(), 1);
    assert_eq!(ask(&router, "/well").await.status(), StatusCode::OK);
    assert_eq!(app.metrics.in_flight.get(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_takes_too_long_is_given_up() {
    let answer = ask(&router(&unconnected(), Kind::Traffic), "/late").await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()["retry-after"], "2");
}

#[tokio::test]
async fn too_many_requests_at_once_are_refused_and_probes_are_not() {
    let app = unconnected();
    let traffic = router(&app, Kind::Traffic);
    let probes = router(&app, Kind::Probe);
    let busy = tokio::spawn({
        let traffic = traffic.clone();
        async move { ask(&traffic, "/late").await }
    });
    eventually("a request is in flight", async || app.metrics.in_flight.get() == 1).await;

    let refused = ask(&traffic, "/well").await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()["retry-after"], "2");
    assert_eq!(app.metrics.shed.get(), 1);
    assert_eq!(ask(&probes, "/well").await.status(), StatusCode::OK);

    // A client that hangs up makes room.
    busy.abort();
    eventually("nothing is in flight", async || app.metrics.in_flight.get() == 0).await;
    assert_eq!(ask(&traffic, "/well").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_request_id_comes_in_and_goes_out_and_draining_closes_connections() {
    let app = unconnected();
    let router = router(&app, Kind::Traffic);
    let request = Request::get("/well").header("x-request-id", "from-the-caller");
    let request = request.body(Body::empty()).expect("the path is one");
    let answer = router.clone().oneshot(request).await.expect("routers do not fail");
    assert_eq!(answer.headers()["x-request-id"], "from-the-caller");
    assert!(!answer.headers().contains_key("connection"));

    app.lifecycle.start_draining();
    let answer = ask(&router, "/well").await;
    assert_eq!(answer.headers()["x-request-id"].len(), 32);
    assert_eq!(answer.headers()["connection"], "close");
}

#[tokio::test]
async fn every_answer_names_the_commit_also_those_that_no_route_gives() {
    let app = unconnected();
    let service = build_router(&app, LIMITS);
    for (path, status) in [
        ("/health", StatusCode::OK),
        ("/ready", StatusCode::SERVICE_UNAVAILABLE),
        ("/openapi.json", StatusCode::OK),
        ("/v1/links", StatusCode::UNAUTHORIZED),
        ("/nowhere", StatusCode::NOT_FOUND),
    ] {
        let answer = ask(&service, path).await;
        assert_eq!(answer.status(), status, "{path}");
        assert_eq!(answer.headers()["x-commit"], COMMIT, "{path}");
    }
    let request = Request::post("/health").body(Body::empty()).expect("the path is one");
    let refused = service.oneshot(request).await.expect("routers do not fail");
    assert_eq!((refused.status(), &refused.headers()["x-commit"]), (StatusCode::METHOD_NOT_ALLOWED, &app.commit));
    let panicked = ask(&router(&app, Kind::Traffic), "/panic").await;
    assert_eq!(panicked.headers()["x-commit"], COMMIT);
}
