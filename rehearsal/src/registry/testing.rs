//! Registries and images for tests.

use jiff::Timestamp;

use super::{Digest, Mutability, Registry};

/// A registry with an immutable repository `myapp` but for tags that end in `-latest`.
pub(crate) fn registry() -> Registry {
    let registry = Registry::new("123456789012", "ap-northeast-1", "127.0.0.1:5000");
    registry.create_repository("myapp", Mutability::immutable_except(&["*-latest"]), Timestamp::UNIX_EPOCH);
    registry
}

/// Pushes an image of one file, and returns its digest.
pub(crate) fn push(registry: &Registry, repository: &str, tag: Option<&str>, release: &str) -> Digest {
    registry.seed(repository, tag, &[("RELEASE", release)], Timestamp::UNIX_EPOCH).expect("it is taken")
}
