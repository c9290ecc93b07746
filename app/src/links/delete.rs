//! `DELETE /v1/links/{slug}`: removes a link and its clicks.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use super::slug::Slug;
use crate::authorization::Authorized;
use crate::extract::Path;
use crate::problem::Problem;
use crate::state::App;

/// Remove a link and its clicks.
///
/// A second call answers 404. This task follows the link no more; others may, for as long as their
/// caches are fresh.
#[utoipa::path(
    delete,
    path = "/v1/links/{slug}",
    tag = "links",
    params(("slug" = Slug, Path, description = "The link's name")),
    security(("token" = [])),
    responses(
        (status = 204, description = "The link is gone"),
        (status = 404, body = Problem, content_type = "application/problem+json",
            description = "No link has this slug"),
    ),
)]
pub async fn delete(State(app): State<Arc<App>>, _: Authorized, Path(slug): Path<Slug>) -> Result<StatusCode, Problem> {
    let query = sqlx::query!("DELETE FROM links WHERE slug = $1", slug.as_str());
    let result = app.database.run(|connection| Box::pin(query.execute(connection))).await;
    // Also when there was no answer: the link may be gone, and asking again is cheap.
    app.cache.remove(slug.as_str());
    match result?.rows_affected() {
        0 => Err(Problem::unknown_slug()),
        _ => Ok(StatusCode::NO_CONTENT),
    }
}
