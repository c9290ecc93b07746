//! ECR's own API, in the JSON protocol.

mod delete;
mod images;
mod layers;
mod put;
mod repositories;
#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::json::{Answer, Call, Error, epoch};
use super::page::page;
use crate::model::State;
use crate::registry::{Digest, Registry, Repository};

/// How long a password is said to be good for.
const PASSWORD_LIFE: SignedDuration = SignedDuration::from_hours(12);

/// Answers a call.
pub(crate) fn serve(state: &mut State, call: &Call<'_>) -> Answer {
    let registry = &state.account.registry;
    match call.operation {
        "GetAuthorizationToken" => authorize(registry, call),
        "CreateRepository" => repositories::create(registry, call),
        "DescribeRepositories" => repositories::describe(registry, call),
        "DeleteRepository" => repositories::delete(registry, call),
        "PutImageTagMutability" => repositories::put_mutability(registry, call),
        "DescribeImages" => images::describe(registry, call),
        "ListImages" => images::list(registry, call),
        "BatchGetImage" => images::get(registry, call),
        "ListImageReferrers" => images::referrers(registry, call),
        "PutImage" => put::put(registry, call),
        "BatchDeleteImage" => delete::delete(registry, call),
        "BatchCheckLayerAvailability" => layers::check(registry, call),
        other => Err(Error::not_implemented("ecr", other)),
    }
}

fn authorize(registry: &Registry, call: &Call<'_>) -> Answer {
    #[derive(Deserialize)]
    struct Input {}
    let Input {} = call.parse()?;
    let mut state = registry.lock();
    let password = state.fresh("password");
    state.passwords.insert(password.clone());
    Ok(json!({ "authorizationData": [{
        "authorizationToken": BASE64_STANDARD.encode(format!("AWS:{password}")),
        "expiresAt": epoch(call.now + PASSWORD_LIFE),
        "proxyEndpoint": format!("http://{}", state.host),
    }] }))
}

/// A tag, a digest, or both.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ImageId {
    image_digest: Option<String>,
    image_tag: Option<String>,
}

impl ImageId {
    fn of(digest: &Digest, tag: Option<&str>) -> Value {
        let mut id = Map::new();
        id.insert("imageDigest".to_owned(), json!(digest));
        if let Some(tag) = tag {
            id.insert("imageTag".to_owned(), json!(tag));
        }
        Value::Object(id)
    }

    /// As it was sent.
    fn echo(&self) -> Value {
        let members = [("imageDigest", &self.image_digest), ("imageTag", &self.image_tag)];
        let given = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value.as_ref()?))));
        Value::Object(given.collect())
    }

    /// The image that it names, or the code and reason of the failure.
    fn find(&self, repository: &Repository) -> Result<Digest, (&'static str, String)> {
        let not_found = || ("ImageNotFound", "Requested image not found".to_owned());
        let digest = match &self.image_digest {
            None => None,
            Some(text) => Some(text.parse::<Digest>().map_err(|_| {
                let rule = "image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'";
                ("InvalidImageDigest", format!("Invalid request parameters: {rule}"))
            })?),
        };
        let digest = match (digest, &self.image_tag) {
            (None, None) => {
                let reason = "Invalid request parameters: both tag and digest cannot be null";
                return Err(("MissingDigestAndTag", reason.to_owned()));
            }
            (Some(digest), None) => digest,
            (None, Some(tag)) => repository.tags.get(tag).ok_or_else(not_found)?.clone(),
            (Some(digest), Some(tag)) => match repository.tags.get(tag) {
                Some(tagged) if *tagged == digest => digest,
                Some(_) => {
                    let reason = "Requested image tag does not match the image digest";
                    return Err(("ImageTagDoesNotMatchDigest", reason.to_owned()));
                }
                None => return Err(not_found()),
            },
        };
        if repository.manifests.contains_key(&digest) { Ok(digest) } else { Err(not_found()) }
    }

    fn failure(&self, (code, reason): (&str, String)) -> Value {
        json!({ "imageId": self.echo(), "failureCode": code, "failureReason": reason })
    }
}

/// Does something with the repository that a call names.
fn with_repository<T>(
    registry: &Registry,
    registry_id: Option<&str>,
    name: Option<&str>,
    act: impl FnOnce(&mut Repository) -> Result<T, Error>,
) -> Result<T, Error> {
    let name = required(name, "repositoryName")?;
    let account = registry_id.unwrap_or(registry.account());
    let mut state = registry.lock();
    let found = state.repositories.get_mut(name).filter(|_| account == registry.account());
    act(found.ok_or_else(|| no_repository(name, account))?)
}

fn no_repository(name: &str, account: &str) -> Error {
    let message = format!("The repository with name '{name}' does not exist in the registry with id '{account}'");
    Error::client("RepositoryNotFoundException", message)
}

fn required<T>(value: Option<T>, name: &str) -> Result<T, Error> {
    value.ok_or_else(|| invalid(name, "Member must not be null"))
}

fn invalid(name: &str, constraint: &str) -> Error {
    let message = format!("Invalid parameter at '{name}' failed to satisfy constraint: '{constraint}'");
    Error::client("InvalidParameterException", message)
}

/// What a call says about pages.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Paging {
    next_token: Option<String>,
    max_results: Option<i64>,
}

impl Paging {
    /// The page as a member of this name, of at most this many, a hundred unless asked otherwise.
    fn answer(&self, name: &str, items: Vec<Value>, limit: usize) -> Answer {
        let most = match self.max_results {
            None => limit.min(100),
            Some(most) => usize::try_from(most)
                .ok()
                .filter(|most| (1..=limit).contains(most))
                .ok_or_else(|| invalid("maxResults", &format!("must be between 1 and {limit}")))?,
        };
        let (items, next) = page(items, self.next_token.as_deref(), most)
            .map_err(|_| Error::client("InvalidParameterException", "Invalid parameter at 'nextToken'"))?;
        let mut answer = json!({ name: items });
        if let Some(next) = next {
            answer["nextToken"] = json!(next);
        }
        Ok(answer)
    }
}
