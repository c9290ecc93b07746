//! The image registry: repositories as ECR has them, reached by ECR's API and by the OCI protocol.
//!
//! A [`Registry`] is a cheap handle. Both protocols, the scheduler (which turns a tag into a digest)
//! and the runtimes (which need the files of an image) hold one; what they see is one state.

mod blob;
pub mod digest;
mod distribution;
mod image;
pub(crate) mod manifest;
mod mutability;
mod pull;
mod repository;
pub(crate) mod seed;
#[cfg(test)]
pub(crate) mod testing;
mod upload;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

pub use blob::Blob;
pub use digest::Digest;
pub(crate) use distribution::refuse;
pub use image::{Configuration, Image, Layer};
pub use manifest::{Descriptor, Manifest};
pub use mutability::Mutability;
pub use pull::Pulled;
pub use repository::{Refused, Repository, Stored};
pub(crate) use upload::Upload;

/// A registry; clones share its state.
#[derive(Clone, Debug)]
pub struct Registry {
    account: Arc<str>,
    region: Arc<str>,
    state: Arc<Mutex<State>>,
}

/// What a registry holds.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// What comes before the repository's name in an image's name: `127.0.0.1:PORT`.
    pub(crate) host: String,
    pub(crate) repositories: BTreeMap<String, Repository>,
    pub(crate) uploads: BTreeMap<String, Upload>,
    pub(crate) passwords: BTreeSet<String>,
    /// How many ids were given away; the next one is made from it.
    given: u64,
}

impl Registry {
    /// The empty registry of an account, reached at this host.
    pub(crate) fn new(account: &str, region: &str, host: &str) -> Self {
        let state = State { host: host.to_owned(), ..State::default() };
        Self { account: account.into(), region: region.into(), state: Arc::new(Mutex::new(state)) }
    }

    /// The account that it belongs to, twelve digits; also the registry's id.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The region that it is in.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// What comes before the repository's name in an image's name.
    #[must_use]
    pub fn host(&self) -> String {
        self.lock().host.clone()
    }

    /// Changes where it is reached.
    pub(crate) fn set_host(&self, host: &str) {
        host.clone_into(&mut self.lock().host);
    }

    /// What a repository holds now, or none when there is no such repository.
    #[must_use]
    pub fn repository(&self, name: &str) -> Option<Repository> {
        self.lock().repositories.get(name).cloned()
    }

    /// The names of all repositories, in order.
    #[must_use]
    pub fn repositories(&self) -> Vec<String> {
        self.lock().repositories.keys().cloned().collect()
    }

    /// Makes a repository unless there is one of this name.
    pub fn create_repository(&self, name: &str, mutability: Mutability, at: Timestamp) {
        self.lock().repositories.entry(name.to_owned()).or_insert_with(|| Repository::new(name, mutability, at));
    }

    /// A repository's name as image references begin with it.
    #[must_use]
    pub fn repository_uri(&self, name: &str) -> String {
        format!("{}/{name}", self.host())
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether this is a tag: up to 128 characters, as the protocol has it.
pub(crate) fn is_tag(tag: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let rest = |byte: u8| word(byte) || byte == b'.' || byte == b'-';
    tag.len() <= 128 && tag.bytes().next().is_some_and(word) && tag.bytes().all(rest)
}

/// ECR's words when a tag cannot be moved.
pub(crate) fn tag_taken(tag: &str, repository: &str) -> String {
    format!(
        "The image tag '{tag}' already exists in the '{repository}' repository and cannot be overwritten \
         because the tag is immutable."
    )
}

impl State {
    /// A name that was not given before. Derived and not drawn: the same calls get the same names.
    pub(crate) fn fresh(&mut self, purpose: &str) -> String {
        self.given += 1;
        Digest::of(format!("{purpose} {}", self.given).as_bytes()).hex().to_owned()
    }
}
