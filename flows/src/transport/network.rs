//! The network: HTTP by reqwest, redirects shown and not followed.

use std::sync::Arc;

use reqwest::Response;
use reqwest::redirect::Policy;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;

use super::{Exchange, Transport};
use crate::Target;
use crate::client::BODY_LIMIT;

/// The network, set up for one target.
pub struct Network {
    http: reqwest::Client,
}

impl Network {
    /// The network as far as a target is concerned. The reason for none is for people.
    pub fn to(target: &Target) -> Result<Self, String> {
        let tls = tls_for(target).map_err(|error| format!("no TLS: {error}"))?;
        let mut builder = reqwest::Client::builder().redirect(Policy::none()).tls_backend_preconfigured(tls);
        if is_loopback(target) {
            // A proxy has its own idea of what 127.0.0.1 is.
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| chain(&error))?;
        Ok(Self { http })
    }

    async fn send(&self, request: http::Request<Vec<u8>>) -> reqwest::Result<http::Response<Vec<u8>>> {
        read(self.http.execute(request.try_into()?).await?).await
    }
}

impl Transport for Network {
    fn exchange(&self, request: http::Request<Vec<u8>>) -> Exchange<'_> {
        Box::pin(async move { self.send(request).await.map_err(|error| chain(&error.without_url())) })
    }
}

async fn read(mut response: Response) -> reqwest::Result<http::Response<Vec<u8>>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() >= BODY_LIMIT {
            break;
        }
    }
    let mut answer = http::Response::new(body);
    *answer.status_mut() = response.status();
    *answer.headers_mut() = response.headers().clone();
    Ok(answer)
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
    use crate::Secret;

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
        assert!(Network::to(&target("http://localhost")).is_ok());
        assert!(rustls::crypto::CryptoProvider::get_default().is_none());
    }
}
