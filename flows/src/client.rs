//! The HTTP client: one exchange with a limit, redirects shown and not followed.

use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder, Response};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use serde_json::Value;

use crate::answer::Answer;
use crate::{Secret, Target};

/// How much of a body is read: more than any answer of ours has.
const BODY_LIMIT: usize = 64 * 1024;

/// A request of a flow.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) token: Option<Secret>,
    pub(crate) body: Option<Value>,
}

impl Request {
    pub(crate) fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), token: None, body: None }
    }

    pub(crate) fn with_token(mut self, token: &Secret) -> Self {
        self.token = Some(token.clone());
        self
    }

    pub(crate) fn with_body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }
}

/// A client for one target.
pub(crate) struct Client {
    http: reqwest::Client,
}

impl Client {
    /// A client for a target. The reason is for people.
    pub(crate) fn new(target: &Target) -> Result<Self, String> {
        let tls = tls_for(target).map_err(|error| format!("no TLS: {error}"))?;
        let mut builder = reqwest::Client::builder()
            .redirect(Policy::none())
            .user_agent(concat!("slipway-flows/", env!("CARGO_PKG_VERSION")))
            .tls_backend_preconfigured(tls);
        if is_loopback(target) {
            // A proxy has its own idea of what 127.0.0.1 is.
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| chain(&error))?;
        Ok(Self { http })
    }

    /// Sends a request and reads its answer within a limit. The reason for none is for people.
    pub(crate) async fn exchange(&self, target: &Target, request: &Request, limit: Duration) -> Result<Answer, String> {
        let mut builder: RequestBuilder = self.http.request(request.method.clone(), target.url(&request.path));
        if let Some(token) = &request.token {
            builder = builder.bearer_auth(token.reveal());
        }
        if let Some(body) = &request.body {
            builder = builder.json(body);
        }
        let exchange = async { read(builder.send().await?).await };
        match tokio::time::timeout(limit, exchange).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(chain(&error.without_url())),
            Err(_) => Err(format!("no answer within {} ms", limit.as_millis())),
        }
    }
}

async fn read(mut response: Response) -> reqwest::Result<Answer> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() >= BODY_LIMIT {
            body.truncate(BODY_LIMIT);
            break;
        }
    }
    Ok(Answer { status: response.status().as_u16(), headers: response.headers().clone(), body })
}

/// TLS with the machine's own trust, on the provider named here and not one that the process would
/// have to install first. Without https no trust is looked for: a bare machine may have none.
fn tls_for(target: &Target) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let builder = if target.base_url.scheme() == "https" {
        builder.with_platform_verifier()?
    } else {
        builder.with_root_certificates(RootCertStore::empty())
    };
    Ok(builder.with_no_client_auth())
}

fn is_loopback(target: &Target) -> bool {
    let host = target.base_url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// An error with its causes on one line: the outermost alone says only "error sending request".
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(base: &str) -> Target {
        Target::new(base.parse().expect("a URL"), Secret::new("t")).expect("a target")
    }

    #[test]
    fn a_proxy_is_left_out_for_this_machine_only() {
        for (base, expected) in [
            ("http://localhost:8080", true),
            ("http://127.0.0.9:8080", true),
            ("http://[::1]:8080", true),
            ("http://localhost.example", false),
            ("https://example.com", false),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(is_loopback(&target(base)), expected, "{base}");
        }
    }

    #[test]
    fn a_client_is_made_without_a_provider_of_the_whole_process() {
        assert!(rustls::crypto::CryptoProvider::get_default().is_none());
        assert!(Client::new(&target("http://localhost")).is_ok());
        assert!(rustls::crypto::CryptoProvider::get_default().is_none());
    }
}
