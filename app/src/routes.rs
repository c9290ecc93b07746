//! The table of routes.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tower::Layer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use crate::edge::{Edge, Kind, Limits};
use crate::state::App;
use crate::{health, links, openapi, problem, ready};

/// The longest body that is read: a link's target has at most 2048 characters.
pub const BODY_LIMIT: usize = 16 * 1024;

/// Everything the public listener answers.
pub fn build_router(app: &Arc<App>, limits: Limits) -> Router {
    let (router, openapi) = table(app, limits);
    let document = to_json(&openapi);
    let document = get(move || std::future::ready(json(document.clone())))
        .fallback(problem::method_not_allowed)
        .layer(Edge::new(app, limits, openapi::PATH, Kind::Probe));
    let unknown = Edge::new(app, limits, "unknown", Kind::Traffic)
        .layer(get(problem::unknown_route).fallback(problem::unknown_route));
    router
        .route(openapi::PATH, document)
        .fallback_service(unknown)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(Arc::clone(app))
}

fn table(app: &Arc<App>, limits: Limits) -> (Router<Arc<App>>, OpenApi) {
    let with = |kind, route: UtoipaMethodRouter<Arc<App>>| behind_edge(app, limits, kind, route);
    let (router, mut openapi) = OpenApiRouter::with_openapi(openapi::base())
        .routes(with(Kind::Traffic, routes!(links::follow::follow)))
        .routes(with(Kind::Traffic, routes!(links::list::list, links::create::create)))
        .routes(with(Kind::Traffic, routes!(links::get::get, links::delete::delete)))
        .routes(with(Kind::Traffic, routes!(links::stats::stats)))
        .routes(with(Kind::Probe, routes!(health::health)))
        .routes(with(Kind::Probe, routes!(ready::ready)))
        .split_for_parts();
    openapi::complete(&mut openapi);
    (router, openapi)
}

fn behind_edge(
    app: &Arc<App>,
    limits: Limits,
    kind: Kind,
    route: UtoipaMethodRouter<Arc<App>>,
) -> UtoipaMethodRouter<Arc<App>> {
    let template = route.1.paths.keys().next().cloned().unwrap_or_default();
    let edge = Edge::new(app, limits, &template, kind);
    route.map(|methods| methods.fallback(problem::method_not_allowed).layer(edge))
}

fn to_json(openapi: &OpenApi) -> Bytes {
    openapi.to_json().expect("the document is made of strings and maps").into()
}

fn json(body: Bytes) -> impl IntoResponse {
    let content_type = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, content_type)], body)
}
