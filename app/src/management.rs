//! What the management listener answers: `/metrics`, for a scraper next to the task, never for
//! the load balancer.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;
use axum::routing::get;

use crate::metrics;
use crate::problem;
use crate::state::App;

/// Everything the management listener answers.
pub fn build_router(app: &Arc<App>) -> Router {
    Router::new()
        .route("/metrics", get(render).fallback(problem::method_not_allowed))
        .fallback(problem::unknown_route)
        .with_state(Arc::clone(app))
}

async fn render(State(app): State<Arc<App>>) -> impl IntoResponse {
    let text = app.metrics.render(&app.database, &app.cache, &app.clicks);
    let content_type = HeaderValue::from_static(metrics::CONTENT_TYPE);
    ([(header::CONTENT_TYPE, content_type)], text)
}
