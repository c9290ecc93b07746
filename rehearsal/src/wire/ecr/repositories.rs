//! Repositories and whether their tags can be moved.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Paging, invalid, no_repository, required, with_repository};
use crate::registry::{Mutability, Registry, Repository};
use crate::wire::json::{Answer, Call, Error, epoch};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Input {
    registry_id: Option<String>,
    repository_name: Option<String>,
    image_tag_mutability: Option<String>,
    image_tag_mutability_exclusion_filters: Vec<Filter>,
    force: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Filter {
    filter_type: String,
    filter: String,
}

pub(super) fn create(registry: &Registry, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    let name = required(input.repository_name.as_deref(), "repositoryName")?;
    if !is_name(name) {
        return Err(invalid("repositoryName", &format!("must satisfy regular expression '{NAME}'")));
    }
    let mutability = input.mutability()?.unwrap_or(Mutability::MUTABLE);
    let account = registry.account();
    if registry.repository(name).is_some() {
        let message = format!("The repository with name '{name}' already exists in the registry with id '{account}'");
        return Err(Error::client("RepositoryAlreadyExistsException", message));
    }
    registry.create_repository(name, mutability, call.now);
    let made = registry.repository(name).ok_or_else(|| no_repository(name, account))?;
    Ok(json!({ "repository": view(registry, &made) }))
}

pub(super) fn describe(registry: &Registry, call: &Call<'_>) -> Answer {
    #[derive(Debug, Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Describe {
        registry_id: Option<String>,
        repository_names: Option<Vec<String>>,
        #[serde(flatten)]
        paging: Paging,
    }
    let input: Describe = call.parse()?;
    let account = input.registry_id.as_deref().unwrap_or(registry.account());
    let names = input.repository_names.unwrap_or_else(|| registry.repositories());
    let found = names.iter().map(|name| {
        let found = registry.repository(name).filter(|_| account == registry.account());
        found.map(|found| view(registry, &found)).ok_or_else(|| no_repository(name, account))
    });
    input.paging.answer("repositories", found.collect::<Result<_, _>>()?, 1000)
}

pub(super) fn delete(registry: &Registry, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    let (id, name) = (input.registry_id.as_deref(), input.repository_name.as_deref());
    let found = with_repository(registry, id, name, |repository| Ok(repository.clone()))?;
    if !found.manifests.is_empty() && !input.force {
        let message = format!(
            "The repository with name '{}' in registry with id '{}' cannot be deleted because it still contains images",
            found.name,
            registry.account()
        );
        return Err(Error::client("RepositoryNotEmptyException", message));
    }
    let view = view(registry, &found);
    registry.lock().repositories.remove(&found.name);
    Ok(json!({ "repository": view }))
}

pub(super) fn put_mutability(registry: &Registry, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    let mutability = required(input.mutability()?, "imageTagMutability")?;
    let (id, name) = (input.registry_id.as_deref(), input.repository_name.as_deref());
    with_repository(registry, id, name, |repository| {
        repository.mutability = mutability;
        let mut answer = json!({
            "registryId": registry.account(),
            "repositoryName": repository.name,
            "imageTagMutability": repository.mutability.word(),
        });
        show_exclusions(&mut answer, &repository.mutability);
        Ok(answer)
    })
}

impl Input {
    fn mutability(&self) -> Result<Option<Mutability>, Error> {
        let filters = &self.image_tag_mutability_exclusion_filters;
        let Some(word) = &self.image_tag_mutability else {
            return if filters.is_empty() { Ok(None) } else { Err(needs_exclusion()) };
        };
        let (mutable, excludes) = match word.as_str() {
            "MUTABLE" => (true, false),
            "MUTABLE_WITH_EXCLUSION" => (true, true),
            "IMMUTABLE" => (false, false),
            "IMMUTABLE_WITH_EXCLUSION" => (false, true),
            _ => {
                let words = "[MUTABLE, IMMUTABLE, IMMUTABLE_WITH_EXCLUSION, MUTABLE_WITH_EXCLUSION]";
                return Err(invalid("imageTagMutability", &format!("Member must satisfy enum value set: {words}")));
            }
        };
        if excludes == filters.is_empty() {
            return Err(needs_exclusion());
        }
        if filters.len() > 5
            || filters.iter().any(|filter| filter.filter_type != "WILDCARD" || !is_filter(&filter.filter))
        {
            let rule =
                "at most 5 WILDCARD filters of 1 to 128 characters [0-9a-zA-Z._*-], with at most 2 wildcards each";
            return Err(invalid("imageTagMutabilityExclusionFilters", rule));
        }
        Ok(Some(Mutability { mutable, exclusions: filters.iter().map(|filter| filter.filter.clone()).collect() }))
    }
}

fn needs_exclusion() -> Error {
    let rule = "exclusion filters go with IMMUTABLE_WITH_EXCLUSION or MUTABLE_WITH_EXCLUSION, and these need them";
    invalid("imageTagMutabilityExclusionFilters", rule)
}

fn is_filter(filter: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._*-".contains(&byte);
    (1..=128).contains(&filter.len()) && filter.bytes().all(allowed) && filter.matches('*').count() <= 2
}

const NAME: &str = "(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*";

fn is_name(name: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let part = |part: &str| part.split(['.', '_', '-']).all(|piece| !piece.is_empty() && piece.bytes().all(word));
    (2..=256).contains(&name.len()) && name.split('/').all(part)
}

fn view(registry: &Registry, repository: &Repository) -> Value {
    let (name, region, account) = (&repository.name, registry.region(), registry.account());
    let mut view = json!({
        "repositoryArn": format!("arn:aws:ecr:{region}:{account}:repository/{name}"),
        "registryId": account,
        "repositoryName": name,
        "repositoryUri": registry.repository_uri(name),
        "createdAt": epoch(repository.created_at),
        "imageTagMutability": repository.mutability.word(),
        "imageScanningConfiguration": { "scanOnPush": false },
        "encryptionConfiguration": { "encryptionType": "AES256" },
    });
    show_exclusions(&mut view, &repository.mutability);
    view
}

fn show_exclusions(view: &mut Value, mutability: &Mutability) {
    if !mutability.exclusions.is_empty() {
        let filters = mutability.exclusions.iter().map(|filter| json!({ "filterType": "WILDCARD", "filter": filter }));
        view["imageTagMutabilityExclusionFilters"] = filters.collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_named_as_aws_allows() {
        let cases = [
            ("myapp", true),
            ("team/myapp", true),
            ("a-b.c_d/e", true),
            ("a", false),
            ("MyApp", false),
            ("a//b", false),
            ("a--b", false),
            ("-ab", false),
            ("", false),
        ];
        for (name, valid) in cases {
            assert_eq!(is_name(name), valid, "{name}");
        }
    }
}
