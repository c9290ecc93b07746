//! `GET /v1/links`: all links, newest first, a page at a time.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::Link;
use super::cursor::Cursor;
use super::target_url::TargetUrl;
use crate::authorization::Authorized;
use crate::database::Unavailable;
use crate::extract::Parameters;
use crate::problem::Problem;
use crate::state::App;

/// The most links on a page.
const MAX_LIMIT: u8 = 100;

/// Which links to show.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Selection {
    /// The most links on a page.
    #[serde(default)]
    #[param(value_type = u8, required = false, minimum = 1, maximum = 100, default = 20)]
    limit: Limit,
    /// Where the page before ended.
    #[param(required = false)]
    cursor: Option<Cursor>,
    /// Only links that lead exactly there.
    #[param(required = false)]
    target_url: Option<TargetUrl>,
}

/// How many links a page has at most: 1 to 100, 20 unless said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u8")]
struct Limit(u8);

impl Default for Limit {
    fn default() -> Self {
        Self(20)
    }
}

impl TryFrom<u8> for Limit {
    type Error = &'static str;

    fn try_from(limit: u8) -> Result<Self, Self::Error> {
        if (1..=MAX_LIMIT).contains(&limit) { Ok(Self(limit)) } else { Err("must be 1 to 100") }
    }
}

/// A page of links.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page {
    /// The links, newest first.
    links: Vec<Link>,
    /// Where the next page begins; null on the last one.
    #[schema(required)]
    next_cursor: Option<Cursor>,
}

struct Row {
    id: i64,
    slug: String,
    target_url: String,
    created_at: OffsetDateTime,
}

/// List links, newest first.
#[utoipa::path(
    get,
    path = "/v1/links",
    tag = "links",
    params(Selection),
    security(("token" = [])),
    responses((status = 200, body = Page, description = "A page of links")),
)]
pub async fn list(
    State(app): State<Arc<App>>,
    _: Authorized,
    Parameters(selection): Parameters<Selection>,
) -> Result<axum::Json<Page>, Problem> {
    let limit = usize::from(selection.limit.0);
    let mut rows = load(&app, &selection).await?;
    // One row more than the page holds was asked for, to learn whether there is a next page.
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = rows.last().filter(|_| has_more).map(|row| Cursor::after(row.id));
    let links = rows
        .into_iter()
        .map(|row| Link { slug: row.slug, target_url: row.target_url, created_at: row.created_at })
        .collect();
    Ok(axum::Json(Page { links, next_cursor }))
}

/// Two queries rather than one with an optional condition, so that each has the plan of its index.
async fn load(app: &App, selection: &Selection) -> Result<Vec<Row>, Unavailable> {
    let before = selection.cursor.map_or(i64::MAX, Cursor::link_id);
    let rows = i64::from(selection.limit.0) + 1;
    match &selection.target_url {
        None => {
            let query = sqlx::query_as!(
                Row,
                "SELECT id, slug, target_url, created_at FROM links
                WHERE id < $1 ORDER BY id DESC LIMIT $2",
                before,
                rows,
            );
            app.database.run(|connection| Box::pin(query.fetch_all(connection))).await
        }
        Some(target_url) => {
            let query = sqlx::query_as!(
                Row,
                "SELECT id, slug, target_url, created_at FROM links
                WHERE target_url = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
                target_url.as_str(),
                before,
                rows,
            );
            app.database.run(|connection| Box::pin(query.fetch_all(connection))).await
        }
    }
}
