//! `POST /v1/links`: makes a link.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Link;
use super::slug::Slug;
use super::target_url::TargetUrl;
use crate::authorization::Authorized;
use crate::database::Unavailable;
use crate::extract::Json;
use crate::problem::Problem;
use crate::state::App;

/// With two hundred million million slugs to draw from, a second collision in a row is a fault.
const DRAWS: usize = 3;

/// The link to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLink {
    /// Where it leads.
    target_url: TargetUrl,
    /// Its name; without one a random name is drawn.
    #[schema(nullable)]
    slug: Option<Slug>,
}

/// Make a link.
#[utoipa::path(
    post,
    path = "/v1/links",
    tag = "links",
    request_body = NewLink,
    security(("token" = [])),
    responses(
        (status = 201, body = Link, description = "The link that was made",
            headers(("Location" = String, description = "The path of the new link"))),
        (status = 409, body = Problem, content_type = "application/problem+json",
            description = "The slug is in use"),
    ),
)]
pub async fn create(State(app): State<Arc<App>>, _: Authorized, Json(new): Json<NewLink>) -> Result<Response, Problem> {
    let link = match new.slug {
        Some(slug) => insert(&app, &slug, &new.target_url).await?.ok_or_else(Problem::slug_taken)?,
        None => draw(&app, &new.target_url).await?,
    };
    let location = [(header::LOCATION, location(&link))];
    Ok((StatusCode::CREATED, location, axum::Json(link)).into_response())
}

fn location(link: &Link) -> HeaderValue {
    HeaderValue::try_from(format!("/v1/links/{}", link.slug))
        .expect("a slug is letters, digits, hyphens and underscores")
}

async fn draw(app: &App, target_url: &TargetUrl) -> Result<Link, Problem> {
    for _ in 0..DRAWS {
        let slug = Slug::random(&mut rand::rng());
        if let Some(link) = insert(app, &slug, target_url).await? {
            return Ok(link);
        }
    }
    tracing::error!("every slug that was drawn is in use");
    Err(Problem::internal())
}

/// The new link, or nothing when the slug is in use.
async fn insert(app: &App, slug: &Slug, target_url: &TargetUrl) -> Result<Option<Link>, Unavailable> {
    let query = sqlx::query_as!(
        Link,
        "INSERT INTO links (slug, target_url) VALUES ($1, $2)
        ON CONFLICT (slug) DO NOTHING
        RETURNING slug, target_url, created_at",
        slug.as_str(),
        target_url.as_str(),
    );
    app.database.run(|connection| Box::pin(query.fetch_optional(connection))).await
}
