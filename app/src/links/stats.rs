//! `GET /v1/links/{slug}/stats`: how often a link was followed.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use time::{Date, Duration, OffsetDateTime};
use utoipa::ToSchema;

use super::slug::Slug;
use crate::authorization::Authorized;
use crate::extract::{Parameters, Path};
use crate::problem::Problem;
use crate::state::App;

time::serde::format_description!(calendar_day, Date, "[year]-[month]-[day]");

/// How far back to look.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Window {
    /// The last so many days, today included.
    #[serde(default)]
    #[param(value_type = u16, required = false, minimum = 1, maximum = 366, default = 30)]
    days: Days,
}

/// A number of days: 1 to 366, 30 unless said.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "u16")]
struct Days(u16);

impl Default for Days {
    fn default() -> Self {
        Self(30)
    }
}

impl TryFrom<u16> for Days {
    type Error = &'static str;

    fn try_from(days: u16) -> Result<Self, Self::Error> {
        if (1..=366).contains(&days) { Ok(Self(days)) } else { Err("must be 1 to 366") }
    }
}

/// How often a link was followed. Clicks appear within seconds, not at once.
#[derive(Debug, Serialize, ToSchema)]
pub struct Stats {
    /// The link's name.
    slug: Slug,
    /// Clicks since the link was made.
    total: i64,
    /// The days that had clicks, oldest first, in UTC.
    days: Vec<Day>,
}

/// The clicks of one day.
#[derive(Debug, Serialize, ToSchema)]
pub struct Day {
    /// The day, in UTC.
    #[serde(with = "calendar_day")]
    #[schema(value_type = String, format = Date)]
    day: Date,
    /// How often the link was followed.
    clicks: i64,
}

/// Count the clicks of a link, day by day.
#[utoipa::path(
    get,
    path = "/v1/links/{slug}/stats",
    tag = "links",
    params(("slug" = Slug, Path, description = "The link's name"), Window),
    security(("token" = [])),
    responses(
        (status = 200, body = Stats, description = "The clicks"),
        (status = 404, body = Problem, content_type = "application/problem+json",
            description = "No link has this slug"),
    ),
)]
pub async fn stats(
    State(app): State<Arc<App>>,
    _: Authorized,
    Path(slug): Path<Slug>,
    Parameters(window): Parameters<Window>,
) -> Result<axum::Json<Stats>, Problem> {
    let today = OffsetDateTime::now_utc().date();
    let first_day = today - Duration::days(i64::from(window.days.0) - 1);
    // One statement, and so one limit on time and one view of the clicks. A link without clicks in the
    // window is one row without a day.
    let query = sqlx::query!(
        r#"SELECT clicks.day AS "day?", clicks.clicks AS "clicks?",
            (SELECT coalesce(sum(every.clicks), 0)::bigint FROM clicks AS every WHERE every.link_id = links.id)
            AS "total!"
        FROM links LEFT JOIN clicks ON clicks.link_id = links.id AND clicks.day >= $2
        WHERE links.slug = $1
        ORDER BY clicks.day"#,
        slug.as_str(),
        first_day,
    );
    let rows = app.database.run(|connection| Box::pin(query.fetch_all(connection))).await?;
    let total = rows.first().ok_or_else(Problem::unknown_slug)?.total;
    let days = rows.into_iter().filter_map(|row| Some(Day { day: row.day?, clicks: row.clicks? })).collect();
    Ok(axum::Json(Stats { slug, total, days }))
}
