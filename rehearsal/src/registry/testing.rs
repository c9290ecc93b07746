//! Registries and images for tests.

use jiff::Timestamp;

use super::{Digest, Mutability, Place, Registry};

/// A registry with an immutable repository `myapp` but for tags that end in `-latest`.
pub(crate) fn registry() -> Registry {
    let place = Place {
        account: "123456789012".to_owned(),
        region: "ap-northeast-1".to_owned(),
        host: "127.0.0.1:5000".to_owned(),
    };
    let registry = Registry::new(place);
    registry.create_repository("myapp", Mutability::immutable_except(&["*-latest"]), Timestamp::UNIX_EPOCH);
    registry
}

/// Pushes an image of one file, and returns its digest.
pub(crate) fn push(registry: &Registry, repository: &str, tag: Option<&str>, release: &str) -> Digest {
    registry.seed(repository, tag, &[("RELEASE", release)], Timestamp::UNIX_EPOCH).expect("it is taken")
}
