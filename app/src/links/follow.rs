//! `GET /l/{slug}`: the redirect, the one route that has to be fast.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use time::OffsetDateTime;

use super::slug::Slug;
use crate::cache::{Lookup, Target};
use crate::database::Unavailable;
use crate::extract::Path;
use crate::problem::Problem;
use crate::state::App;

/// Follow a link.
///
/// The answer may not be stored, so that every click is seen and a deleted link ends. `HEAD` gives
/// the same answer and counts nothing.
#[utoipa::path(
    get,
    path = "/l/{slug}",
    tag = "links",
    params(("slug" = Slug, Path, description = "The link's name")),
    responses(
        (status = 307, description = "The way to the target", headers(
            ("Location" = String, description = "The target"),
            ("Cache-Control" = String, description = "`no-store`"),
        )),
        (status = 404, body = Problem, content_type = "application/problem+json",
            description = "No link has this slug"),
    ),
)]
pub async fn follow(State(app): State<Arc<App>>, method: Method, Path(slug): Path<Slug>) -> Result<Response, Problem> {
    let now = Instant::now();
    let target = find(&app, &slug, now).await?.ok_or_else(Problem::unknown_slug)?;
    if method == Method::GET {
        let today = OffsetDateTime::now_utc().date();
        app.clicks.record(target.link_id, today, now);
    }
    Ok((
        StatusCode::TEMPORARY_REDIRECT,
        [(header::LOCATION, target.location.clone()), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))],
    )
        .into_response())
}

async fn find(app: &App, slug: &Slug, now: Instant) -> Result<Option<Arc<Target>>, Unavailable> {
    let metrics = &app.metrics;
    match app.cache.get(slug.as_str(), now) {
        Lookup::Fresh(target) => {
            metrics.cache_hits.inc();
            Ok(Some(target))
        }
        Lookup::Missing => {
            metrics.cache_misses.inc();
            load(app, slug, now).await
        }
        Lookup::Stale(old, _refresh) => match load(app, slug, now).await {
            Ok(target) => {
                metrics.cache_misses.inc();
                if target.is_none() {
                    app.cache.remove(slug.as_str());
                }
                Ok(target)
            }
            Err(error) => {
                metrics.cache_stale.inc();
                tracing::debug!(%error, "an old entry of the cache is used");
                Ok(Some(old))
            }
        },
    }
}

async fn load(app: &App, slug: &Slug, now: Instant) -> Result<Option<Arc<Target>>, Unavailable> {
    let asked = app.cache.epoch();
    let query = sqlx::query!("SELECT id, target_url FROM links WHERE slug = $1", slug.as_str(),);
    let row = app.database.run(|connection| Box::pin(query.fetch_optional(connection))).await?;
    let Some(row) = row else { return Ok(None) };
    let location =
        HeaderValue::try_from(row.target_url).map_err(|error| Unavailable::Query(sqlx::Error::Decode(error.into())))?;
    let target = Target::new(row.id, location, now);
    app.cache.insert(slug.as_str(), Arc::clone(&target), asked);
    Ok(Some(target))
}
