//! The registry over its own API ([OCI distribution specification]): an image layout is pushed
//! straight from disk, and what was said about a digest is stored beside it and read back.
//!
//! No docker and no credential helper are needed: the token comes from ECR, the requests go through
//! the same transport as the SDK's.
//!
//! [OCI distribution specification]: https://github.com/opencontainers/distribution-spec

mod call;
mod document;
mod layout;
mod push;
mod referrers;
mod upload;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use crate::aws::Clients;
use crate::aws::ecr::Login;

pub(crate) use document::{Descriptor, Manifest};
pub use layout::Layout;
pub use push::Pushed;
pub(crate) use referrers::Artifact;

/// How long one request without a large body may take.
const REQUEST_LIMIT: Duration = Duration::from_secs(20);

/// A repository in the registry. It logs in when it is used first. Clones share the login.
#[derive(Clone, Debug)]
pub struct Registry {
    clients: Clients,
    repository: String,
    login: Arc<Mutex<Option<Login>>>,
}

impl Registry {
    /// The repository with this name, in the registry that the credentials lead to.
    #[must_use]
    pub fn new(clients: &Clients, repository: &str) -> Self {
        Self { clients: clients.clone(), repository: repository.to_owned(), login: Arc::default() }
    }

    /// The repository's name.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The clients that it was made from.
    pub(crate) fn clients(&self) -> &Clients {
        &self.clients
    }
}
