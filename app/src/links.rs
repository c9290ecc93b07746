//! Short links: one file for each endpoint, with the types that only it uses.

pub mod create;
pub mod cursor;
pub mod delete;
pub mod follow;
pub mod get;
pub mod list;
pub mod slug;
pub mod stats;
pub mod target_url;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

/// A short link, as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Link {
    /// The name of the link: `/l/{slug}` leads to its target.
    #[schema(value_type = slug::Slug)]
    pub slug: String,
    /// Where it leads.
    #[schema(value_type = target_url::TargetUrl)]
    pub target_url: String,
    /// When it was created.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: OffsetDateTime,
}
