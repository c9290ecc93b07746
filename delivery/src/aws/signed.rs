//! Calls that are signed by hand: of services that serve one call each, whose SDKs together would
//! take longer to compile than everything else.

mod answer;
mod iam;
mod logs;
mod parameters;

use std::time::{Duration, SystemTime};

use anyhow::{Context as _, anyhow};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use bytes::Bytes;
use http::{Request, Response};
use tokio::time::Instant;

use super::{ATTEMPT_LIMIT, ATTEMPTS, CALL_LIMIT, Clients};

pub use answer::Refusal;
pub use logs::LogLine;

/// The first pause before another attempt; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A call of a service, which must be one that only reads.
struct Call<'a> {
    /// The service's name in signatures.
    service: &'a str,
    /// The region in signatures: IAM is signed for `us-east-1` from everywhere.
    region: &'a str,
    /// Where the service is, unless all of AWS is at one address.
    host: String,
    /// The protocol's header that says which operation.
    target: Option<&'a str>,
    content_type: &'a str,
    body: String,
}

impl Clients {
    /// Sends a call until there is an answer that is no passing failure, with the same limits and
    /// number of attempts as the SDK's calls.
    async fn signed(&self, call: &Call<'_>) -> anyhow::Result<Response<Bytes>> {
        let deadline = Instant::now() + CALL_LIMIT;
        let mut pause = FIRST_PAUSE;
        let mut last = anyhow!("no attempt was made");
        for attempt in 1..=ATTEMPTS {
            // Signed anew each time: a signature is as old as its clock, credentials expire.
            let request = self.sign(call).await?;
            match self.transport.send(request, ATTEMPT_LIMIT).await {
                Ok(response) => match answer::passing(&response) {
                    None => return Ok(response),
                    Some(refusal) => last = refusal.into(),
                },
                Err(error) => last = error.into(),
            }
            if attempt == ATTEMPTS || Instant::now() + pause >= deadline {
                break;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        Err(last.context(format!("{ATTEMPTS} attempts failed or {} s passed", CALL_LIMIT.as_secs())))
    }

    async fn sign(&self, call: &Call<'_>) -> anyhow::Result<Request<Bytes>> {
        let url = match self.endpoint() {
            Some(endpoint) => format!("{}/", endpoint.trim_end_matches('/')),
            None => format!("https://{}/", call.host),
        };
        let mut request = Request::post(&url).header(http::header::CONTENT_TYPE, call.content_type);
        if let Some(target) = call.target {
            request = request.header("x-amz-target", target);
        }
        let mut request = request.body(Bytes::from(call.body.clone()))?;
        let identity = Identity::from(self.credentials().await?);
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(call.region)
            .name(call.service)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let headers = request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let signable = SignableRequest::new("POST", &url, headers, SignableBody::Bytes(request.body()))?;
        let (instructions, _) = sign(signable, &parameters).context("failed to sign a request")?.into_parts();
        instructions.apply_to_request_http1x(&mut request);
        Ok(request)
    }
}
