//! The one HTTP connector: under the SDK's clients, and for requests that are made by hand.

use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use thiserror::Error;

/// How long a connection may take to come about.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);

/// Carries HTTP requests.
#[derive(Clone, Debug)]
pub struct Transport {
    connector: SharedHttpConnector,
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum TransportError {
    /// It took too long.
    #[error("no answer within {} s", .0.as_secs_f64())]
    Late(Duration),
    /// The connection failed. The words have no secret: a request's headers and body are not in them.
    #[error("{0}")]
    Broken(String),
}

impl Transport {
    /// Over the network, with TLS by rustls on ring and the proxy that the environment names.
    #[must_use]
    pub fn over_the_network() -> Self {
        let connector = Connector::builder()
            .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
            .connector_settings(HttpConnectorSettings::builder().connect_timeout(CONNECT_LIMIT).build())
            .proxy_config(ProxyConfig::from_env())
            .build();
        Self::through(connector)
    }

    /// Through a connector of the caller's, an in-memory cloud for one.
    pub fn through(connector: impl HttpConnector + 'static) -> Self {
        Self { connector: SharedHttpConnector::new(connector) }
    }

    /// The same as the SDK's clients want it.
    #[must_use]
    pub fn http_client(&self) -> SharedHttpClient {
        let connector = self.connector.clone();
        http_client_fn(move |_, _| connector.clone())
    }

    /// Sends a request once and reads its whole answer.
    pub async fn send(
        &self,
        request: http::Request<impl Into<SdkBody>>,
        limit: Duration,
    ) -> Result<http::Response<Bytes>, TransportError> {
        let exchange = async {
            let request: http::Request<SdkBody> = request.map(Into::into);
            let request = request.try_into().map_err(|error| TransportError::Broken(chain(&error)))?;
            let response = self.connector.call(request).await.map_err(|error| TransportError::Broken(chain(&error)))?;
            let response = response.try_into_http1x().map_err(|error| TransportError::Broken(chain(&error)))?;
            let (head, body) = response.into_parts();
            let body =
                http_body_util::BodyExt::collect(body).await.map_err(|error| TransportError::Broken(chain(&*error)))?;
            Ok(http::Response::from_parts(head, body.to_bytes()))
        };
        tokio::time::timeout(limit, exchange).await.unwrap_or(Err(TransportError::Late(limit)))
    }
}

/// An error with its causes on one line: the outermost alone says little.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
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
