//! `GET /v1/links/{slug}`: one link.

use std::sync::Arc;

use axum::extract::State;

use super::Link;
use super::slug::Slug;
use crate::authorization::Authorized;
use crate::extract::Path;
use crate::problem::Problem;
use crate::state::App;

/// Show a link.
#[utoipa::path(
    get,
    path = "/v1/links/{slug}",
    tag = "links",
    params(("slug" = Slug, Path, description = "The link's name")),
    security(("token" = [])),
    responses(
        (status = 200, body = Link, description = "The link"),
        (status = 404, body = Problem, content_type = "application/problem+json",
            description = "No link has this slug"),
    ),
)]
pub async fn get(
    State(app): State<Arc<App>>,
    _: Authorized,
    Path(slug): Path<Slug>,
) -> Result<axum::Json<Link>, Problem> {
    let query = sqlx::query_as!(Link, "SELECT slug, target_url, created_at FROM links WHERE slug = $1", slug.as_str(),);
    app.database
        .run(|connection| Box::pin(query.fetch_optional(connection)))
        .await?
        .map(axum::Json)
        .ok_or_else(Problem::unknown_slug)
}
