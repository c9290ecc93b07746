//! A service with the same API in memory, and faults on request.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::{Json, Path, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, body::Body};
use flows::Url;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The token that the stub takes.
pub(crate) const TOKEN: &str = "a-token-that-nobody-may-see";

/// What the stub does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Answers 500 below this path.
    Fails(&'static str),
    /// Never answers below this path.
    Hangs(&'static str),
    /// Makes the link and answers 500.
    MakesAndFails,
    RedirectsElsewhere,
    RedirectsWith(u16),
    /// Counts a click when the counts have been asked for that often.
    CountsAfter(usize),
    /// Follows a deleted link that often.
    FollowsDeleted(usize),
    NeedsNoToken,
    TakesAnyToken,
    RefusesInPlainText,
    RepeatsTheToken,
}

/// A running stub.
pub(crate) struct Stub {
    state: Arc<Service>,
    base_url: Url,
    server: JoinHandle<()>,
}

struct Service {
    fault: Fault,
    links: Mutex<HashMap<String, Link>>,
}

#[derive(Default)]
struct Link {
    target_url: String,
    clicks: usize,
    asked: usize,
    deleted: bool,
    followed_since: usize,
}

impl Stub {
    pub(crate) async fn start(fault: Fault) -> Self {
        let state = Arc::new(Service { fault, links: Mutex::default() });
        let router = Router::new()
            .route("/v1/links", post(create).get(list))
            .route("/v1/links/{slug}", get(read).delete(delete))
            .route("/v1/links/{slug}/stats", get(stats))
            .layer(from_fn_with_state(Arc::clone(&state), authorize))
            .route("/l/{slug}", get(follow))
            .layer(from_fn_with_state(Arc::clone(&state), misbehave))
            .with_state(Arc::clone(&state));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        // Below a path, as behind a gateway that strips it.
        let router = Router::new().nest("/api", router);
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("serves");
        });
        Self { state, base_url: format!("http://{address}/api").parse().expect("a URL"), server }
    }

    pub(crate) fn base_url(&self) -> Url {
        self.base_url.clone()
    }

    /// The slugs of the links that exist.
    pub(crate) fn links(&self) -> Vec<String> {
        let links = self.state.links();
        let alive = links.iter().filter(|(_, link)| !link.deleted);
        alive.map(|(slug, _)| slug.clone()).collect()
    }

    /// Closes the socket.
    pub(crate) async fn stop(self) {
        self.server.abort();
        assert!(self.server.await.is_err_and(|error| error.is_cancelled()));
    }
}

impl Service {
    fn links(&self) -> MutexGuard<'_, HashMap<String, Link>> {
        self.links.lock().expect("no test panicked with it")
    }
}

type Shared = State<Arc<Service>>;

async fn misbehave(State(service): Shared, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    match service.fault {
        Fault::Fails(prefix) if path.starts_with(prefix) => problem(StatusCode::INTERNAL_SERVER_ERROR, "oops"),
        Fault::Hangs(prefix) if path.starts_with(prefix) => std::future::pending().await,
        Fault::RepeatsTheToken => {
            let sent = request.headers().get(AUTHORIZATION).cloned();
            let sent = sent.map(|value| value.as_bytes().to_vec()).unwrap_or_default();
            (StatusCode::INTERNAL_SERVER_ERROR, sent).into_response()
        }
        _ => next.run(request).await,
    }
}

async fn authorize(State(service): Shared, request: Request, next: Next) -> Response {
    let token = token_of(request.headers());
    let welcome = match service.fault {
        Fault::NeedsNoToken => token.is_none() || token == Some(TOKEN),
        Fault::TakesAnyToken => token.is_some(),
        _ => token == Some(TOKEN),
    };
    match service.fault {
        _ if welcome => next.run(request).await,
        Fault::RefusesInPlainText => (StatusCode::UNAUTHORIZED, "no").into_response(),
        _ => problem(StatusCode::UNAUTHORIZED, "no"),
    }
}

fn token_of(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

async fn create(State(service): Shared, Json(body): Json<Value>) -> Response {
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let (slug, target_url) = (text("slug"), text("target_url"));
    let location = format!("/v1/links/{slug}");
    let link = Link { target_url, ..Link::default() };
    service.links().insert(slug, link);
    if service.fault == Fault::MakesAndFails {
        return problem(StatusCode::INTERNAL_SERVER_ERROR, "oops");
    }
    (StatusCode::CREATED, [(LOCATION, location)], Json(body)).into_response()
}

async fn list(State(service): Shared) -> Json<Value> {
    let slugs: Vec<String> = service.links().keys().cloned().collect();
    Json(json!({ "links": slugs }))
}

async fn read(State(service): Shared, Path(slug): Path<String>) -> Response {
    match service.links().get(&slug).filter(|link| !link.deleted) {
        Some(link) => Json(json!({ "slug": slug, "target_url": link.target_url })).into_response(),
        None => problem(StatusCode::NOT_FOUND, "no such link"),
    }
}

async fn delete(State(service): Shared, Path(slug): Path<String>) -> Response {
    match service.links().get_mut(&slug).filter(|link| !link.deleted) {
        Some(link) => {
            link.deleted = true;
            StatusCode::NO_CONTENT.into_response()
        }
        None => problem(StatusCode::NOT_FOUND, "no such link"),
    }
}

async fn stats(State(service): Shared, Path(slug): Path<String>) -> Response {
    let mut links = service.links();
    let Some(link) = links.get_mut(&slug) else {
        return problem(StatusCode::NOT_FOUND, "no such link");
    };
    link.asked += 1;
    let total = match service.fault {
        Fault::CountsAfter(times) if link.asked <= times => 0,
        _ => link.clicks,
    };
    Json(json!({ "slug": slug, "total": total, "days": [] })).into_response()
}

async fn follow(State(service): Shared, Path(slug): Path<String>) -> Response {
    let mut links = service.links();
    let Some(link) = links.get_mut(&slug) else {
        return problem(StatusCode::NOT_FOUND, "no such link");
    };
    if link.deleted {
        link.followed_since += 1;
        let forgotten = match service.fault {
            Fault::FollowsDeleted(times) => link.followed_since > times,
            _ => true,
        };
        if forgotten {
            return problem(StatusCode::NOT_FOUND, "no such link");
        }
    }
    link.clicks += 1;
    let (status, location) = match service.fault {
        Fault::RedirectsElsewhere => (307, "https://elsewhere.example/".to_owned()),
        Fault::RedirectsWith(status) => (status, link.target_url.clone()),
        _ => (307, link.target_url.clone()),
    };
    let status = StatusCode::from_u16(status).expect("a status");
    (status, [(LOCATION, location)]).into_response()
}

fn problem(status: StatusCode, title: &str) -> Response {
    Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "application/problem+json")
        .body(Body::from(json!({ "title": title }).to_string()))
        .expect("a response")
}
