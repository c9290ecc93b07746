//! Credentials that expire while they are cached: the call is tried again, with new ones.

use std::sync::{Arc, PoisonError, RwLock};

use aws_config::identity::IdentityCache;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::identity::{
    IdentityFuture, ResolveCachedIdentity, SharedIdentityCache, SharedIdentityResolver,
};
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::runtime_components::{RuntimeComponents, RuntimeComponentsBuilder};
use aws_smithy_types::config_bag::ConfigBag;

/// What AWS's services call it, each in its own protocol.
const CODES: [&[u8]; 2] = [b"ExpiredToken", b"RequestExpired"];

/// Caches credentials, and forgets them when a service says that they have expired: clocks differ,
/// and a session may be ended early. Cheap to clone; all clones forget together.
#[derive(Clone, Debug)]
pub(super) struct Renewing {
    cache: Arc<RwLock<SharedIdentityCache>>,
}

impl Renewing {
    pub(super) fn new() -> Self {
        Self { cache: Arc::new(RwLock::new(IdentityCache::lazy().build())) }
    }

    fn cache(&self) -> SharedIdentityCache {
        self.cache.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn forget(&self) {
        *self.cache.write().unwrap_or_else(PoisonError::into_inner) = IdentityCache::lazy().build();
    }
}

impl ResolveCachedIdentity for Renewing {
    fn resolve_cached_identity<'a>(
        &'a self,
        resolver: SharedIdentityResolver,
        components: &'a RuntimeComponents,
        config: &'a ConfigBag,
    ) -> IdentityFuture<'a> {
        let cache = self.cache();
        IdentityFuture::new(async move { cache.resolve_cached_identity(resolver, components, config).await })
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.cache().validate_base_client_config(components, config)
    }

    fn validate_final_config(&self, components: &RuntimeComponents, config: &ConfigBag) -> Result<(), BoxError> {
        self.cache().validate_final_config(components, config)
    }
}

impl ClassifyRetry for Renewing {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let Some(response) = context.response() else {
            return RetryAction::NoActionIndicated;
        };
        // JSON, XML and CBOR alike have the code somewhere in their text.
        let body = response.body().bytes().unwrap_or_default();
        let says = |code: &&[u8]| body.windows(code.len()).any(|window| window == *code);
        if !response.status().is_client_error() || !CODES.iter().any(says) {
            return RetryAction::NoActionIndicated;
        }
        self.forget();
        RetryAction::transient_error()
    }

    fn name(&self) -> &'static str {
        "expired credentials"
    }
}
