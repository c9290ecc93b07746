//! A cloud in memory behind the engine's transport.

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt as _;
use rehearsal::Cloud;

/// Asks the cloud as its server would; an answer that is lost is a connection that breaks.
#[derive(Clone, Debug)]
pub(crate) struct InMemory(pub(crate) Cloud);

impl HttpConnector for InMemory {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let cloud = self.0.clone();
        HttpConnectorFuture::new(async move {
            let broken = |error: Box<dyn std::error::Error + Send + Sync>| ConnectorError::io(error);
            let request = request.try_into_http1x().map_err(|error| broken(error.into()))?;
            let (head, body) = request.into_parts();
            let body = body.collect().await.map_err(broken)?.to_bytes();
            let answer = cloud.answer(http::Request::from_parts(head, body)).await;
            let answer = answer.map_err(|error| broken(error.into()))?;
            HttpResponse::try_from(answer.map(SdkBody::from)).map_err(|error| broken(error.into()))
        })
    }
}
