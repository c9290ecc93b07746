//! The ARNs of ECS.

use crate::model::Identity;

/// The ARN of a resource of ECS.
pub(super) fn arn(identity: &Identity, resource: &str) -> String {
    format!("arn:aws:ecs:{}:{}:{resource}", identity.region, identity.account)
}

/// What comes after the last slash.
pub(crate) fn last_part(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
