//! Service revisions: what a service deployment brings in, with the digests that ECS resolved.

use anyhow::{Context as _, bail};
use aws_sdk_ecs::types as sdk;
use jiff::Timestamp;

use super::{failed, time};
use crate::aws::Clients;
use crate::release::Digest;

/// How many revisions ECS describes at once.
const AT_ONCE: usize = 20;

/// A service revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceRevision {
    /// Its ARN.
    pub arn: String,
    /// The ARN of its task definition.
    pub task_definition: String,
    /// The image of each container.
    pub images: Vec<RevisionImage>,
    /// The ARNs of the target groups that its tasks are in, when ECS says.
    pub target_groups: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The image of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevisionImage {
    /// The container.
    pub container: String,
    /// The image's name, as the task definition has it.
    pub image: String,
    /// The digest that ECS found for it.
    pub digest: Option<Digest>,
}

impl ServiceRevision {
    /// The digest that a container's image has.
    #[must_use]
    pub fn digest_of(&self, container: &str) -> Option<&Digest> {
        self.images.iter().find(|image| image.container == container)?.digest.as_ref()
    }

    fn of(revision: &sdk::ServiceRevision) -> anyhow::Result<Self> {
        let image = |image: &sdk::ContainerImage| RevisionImage {
            container: image.container_name().unwrap_or_default().to_owned(),
            image: image.image().unwrap_or_default().to_owned(),
            digest: digest(image.image_digest(), image.image()),
        };
        let resolved = revision.resolved_configuration().map(sdk::ResolvedConfiguration::load_balancers);
        let groups = resolved.unwrap_or_default().iter().filter_map(|balancer| balancer.target_group_arn());
        Ok(Self {
            target_groups: groups.map(str::to_owned).collect(),
            arn: revision.service_revision_arn().context("ECS described a service revision without an ARN")?.to_owned(),
            task_definition: revision.task_definition().unwrap_or_default().to_owned(),
            images: revision.container_images().iter().map(image).collect(),
            created_at: time(revision.created_at()).unwrap_or_default(),
        })
    }
}

/// The digest that ECS gives, or else the one in the image's name.
pub(super) fn digest(given: Option<&str>, image: Option<&str>) -> Option<Digest> {
    let named = || image.and_then(|image| image.split_once('@')).map(|(_, digest)| digest);
    given.filter(|given| !given.is_empty()).or_else(named)?.parse().ok()
}

impl Clients {
    /// Service revisions; those that ECS no longer knows are left out.
    pub async fn service_revisions(&self, arns: &[String]) -> anyhow::Result<Vec<ServiceRevision>> {
        let mut found = Vec::with_capacity(arns.len());
        for some in arns.chunks(AT_ONCE) {
            let what = || format!("failed to describe the service revisions {}", some.join(" and "));
            let call = self.ecs.describe_service_revisions().set_service_revision_arns(Some(some.to_vec()));
            let answer = call.send().await.map_err(failed).with_context(what)?;
            let mut grave = answer.failures().iter().filter(|failure| failure.reason() != Some("MISSING"));
            if let Some(failure) = grave.next() {
                bail!("{}: {}", what(), failure.reason().unwrap_or("no reason"));
            }
            for revision in answer.service_revisions() {
                found.push(ServiceRevision::of(revision).with_context(what)?);
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_what_ecs_found_or_what_the_name_says() {
        let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
        let named = format!("registry/myapp@{other}");
        assert_eq!(digest(Some(one.as_str()), Some(&named)), Some(one));
        assert_eq!(digest(None, Some(&named)), Some(other.clone()));
        assert_eq!(digest(Some(""), Some(&named)), Some(other));
        assert_eq!(digest(None, Some("registry/myapp:latest")), None);
    }
}
