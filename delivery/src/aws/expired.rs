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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aws_config::{BehaviorVersion, Region, SdkConfig};
    use aws_credential_types::Credentials;
    use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
    use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
    use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
    use aws_smithy_types::body::SdkBody;

    use super::*;
    use crate::aws::{Clients, Transport, retries};

    /// Gives a new session each time it is asked.
    #[derive(Clone, Debug, Default)]
    struct Sessions(Arc<AtomicUsize>);

    impl ProvideCredentials for Sessions {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            let number = self.0.fetch_add(1, Ordering::Relaxed);
            future::ProvideCredentials::ready(Ok(Credentials::new(format!("SESSION{number}"), "x", None, None, "test")))
        }
    }

    /// Refuses every session but one.
    #[derive(Clone, Debug)]
    struct Only(&'static str);

    impl HttpConnector for Only {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            let is_good = request.headers().get("authorization").is_some_and(|value| value.contains(self.0));
            let (status, body) = if is_good {
                (200, r#"{"services":[]}"#)
            } else {
                (400, r#"{"__type":"ExpiredTokenException","message":"The security token has expired"}"#)
            };
            let answer = http::Response::builder().status(status).body(SdkBody::from(body)).expect("an answer");
            HttpConnectorFuture::ready(Ok(HttpResponse::try_from(answer).expect("an answer")))
        }
    }

    fn clients(transport: Transport, sessions: Sessions) -> Clients {
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("ap-northeast-1"))
            .credentials_provider(SharedCredentialsProvider::new(sessions))
            .endpoint_url("http://127.0.0.1:1")
            .http_client(transport.http_client())
            .retry_config(retries())
            .build();
        Clients::new(&config, transport, "ap-northeast-1").expect("clients")
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_that_has_expired_is_replaced_and_the_new_one_kept() {
        let sessions = Sessions::default();
        let clients = clients(Transport::through(Only("SESSION2")), sessions.clone());
        for _ in 0..3 {
            assert_eq!(clients.service("c", "s").await.expect("an answer"), None);
        }
        assert_eq!(sessions.0.load(Ordering::Relaxed), 3, "two had expired, the third serves every call");
    }
}
