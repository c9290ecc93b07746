//! Whether a tag of a repository can be moved.

use anyhow::Context as _;
use aws_sdk_ecr::types::Repository;

use crate::aws::Clients;

impl Clients {
    /// Whether ECR refuses to move this tag, which is what makes a lock of it.
    pub(crate) async fn is_immutable(&self, repository: &str, tag: &str) -> anyhow::Result<bool> {
        let answer = self
            .ecr
            .describe_repositories()
            .repository_names(repository)
            .send()
            .await
            .with_context(|| format!("failed to describe the repository {repository}"))?;
        let found = answer.repositories().first();
        Ok(found.with_context(|| format!("ECR described no repository {repository}"))?.keeps(tag))
    }
}

trait Keeps {
    fn keeps(&self, tag: &str) -> bool;
}

impl Keeps for Repository {
    fn keeps(&self, tag: &str) -> bool {
        let excluded = self.image_tag_mutability_exclusion_filters().iter().any(|filter| matches(filter.filter(), tag));
        match self.image_tag_mutability().map(aws_sdk_ecr::types::ImageTagMutability::as_str) {
            Some("IMMUTABLE") => true,
            Some("IMMUTABLE_WITH_EXCLUSION") => !excluded,
            Some("MUTABLE_WITH_EXCLUSION") => excluded,
            _ => false,
        }
    }
}

/// Whether a text matches a filter in which `*` stands for any characters, or none.
fn matches(filter: &str, text: &str) -> bool {
    match filter.split_once('*') {
        None => filter == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| matches(rest, &text[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecr::types::{
        ImageTagMutability, ImageTagMutabilityExclusionFilter, ImageTagMutabilityExclusionFilterType,
    };

    use super::*;

    #[track_caller]
    fn check(mutability: Option<&str>, filter: &str, expected: bool) {
        let filter = ImageTagMutabilityExclusionFilter::builder()
            .filter_type(ImageTagMutabilityExclusionFilterType::Wildcard)
            .filter(filter)
            .build()
            .expect("a filter");
        let repository = Repository::builder()
            .set_image_tag_mutability(mutability.map(ImageTagMutability::from))
            .image_tag_mutability_exclusion_filters(filter)
            .build();
        assert_eq!(repository.keeps("lock-staging"), expected, "{mutability:?}");
    }

    #[test]
    fn a_tag_is_kept_when_the_setting_and_its_filters_say_so() {
        check(Some("IMMUTABLE"), "", true);
        check(Some("MUTABLE"), "", false);
        check(None, "", false);
        check(Some("SOMETHING_NEW"), "*", false);
        check(Some("IMMUTABLE_WITH_EXCLUSION"), "*-latest", true);
        check(Some("IMMUTABLE_WITH_EXCLUSION"), "lock-*", false);
        check(Some("MUTABLE_WITH_EXCLUSION"), "lock-*", true);
        check(Some("MUTABLE_WITH_EXCLUSION"), "*-latest", false);
    }
}
