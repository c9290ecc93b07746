//! One call of the registry's API: signed in, within a limit, tried again when that may help.

use std::time::Duration;

use anyhow::{Context as _, bail};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LOCATION};
use http::{Method, Request, Response, StatusCode};
use serde::Deserialize;
use url::Url;

use super::{REQUEST_LIMIT, Registry};
use crate::aws::ATTEMPTS;

/// The kinds of manifest that are taken as they are stored.
pub(super) const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, \
    application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.docker.distribution.manifest.list.v2+json";

/// The first pause before another attempt; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often a blob may be said to be elsewhere; ECR sends readers to S3.
const REDIRECTS: usize = 3;

/// What is asked for.
#[derive(Clone, Debug)]
pub(super) struct Call {
    method: Method,
    place: Place,
    content_type: Option<String>,
    body: Bytes,
}

#[derive(Clone, Debug)]
enum Place {
    /// Below `/v2/REPOSITORY/`.
    Path(String),
    Url(Url),
}

/// Whether another attempt makes sense.
pub(super) enum Failure {
    /// It does: nobody answered, or the registry was busy or broken.
    Passing(anyhow::Error),
    /// It does not.
    Final(anyhow::Error),
}

impl Call {
    pub(super) fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, place: Place::Path(path.into()), content_type: None, body: Bytes::new() }
    }

    pub(super) fn to(method: Method, url: Url) -> Self {
        Self { method, place: Place::Url(url), content_type: None, body: Bytes::new() }
    }

    pub(super) fn with_body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.content_type = Some(content_type.to_owned());
        self.body = body.into();
        self
    }
}

impl Registry {
    /// Calls until there is an answer that is no passing failure. The call must be one that may
    /// happen twice.
    pub(super) async fn call(&self, call: &Call) -> anyhow::Result<Response<Bytes>> {
        let mut pauses = Pauses::new();
        loop {
            match self.once(call, SdkBody::from(call.body.clone()), REQUEST_LIMIT).await {
                Ok(response) => return Ok(response),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Passing(error)) => match pauses.next() {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => return Err(error.context(format!("{ATTEMPTS} attempts failed"))),
                },
            }
        }
    }

    /// Calls once; a login that has expired is renewed. Any status below 500 is an answer, but for 429.
    pub(super) async fn once(&self, call: &Call, body: SdkBody, limit: Duration) -> Result<Response<Bytes>, Failure> {
        let login = self.login().await.map_err(Failure::Final)?;
        let url = self.url(&login.origin, &call.place).map_err(Failure::Final)?;
        let mut request = Request::builder().method(&call.method).uri(url.as_str());
        // The token is for the registry, and for nobody whom it points at.
        if url.origin() == login.origin.origin() {
            request = request.header(AUTHORIZATION, login.authorization);
        }
        if matches!(call.method, Method::GET | Method::HEAD) {
            request = request.header(ACCEPT, MANIFESTS);
        }
        if let Some(content_type) = &call.content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        let request = request.body(body).map_err(|error| Failure::Final(error.into()))?;
        let what = || format!("{} {}", call.method, url.path());
        let response = self.clients().transport.send(request, limit).await;
        let response = response.map_err(|error| Failure::Passing(anyhow::Error::new(error).context(what())))?;
        match response.status() {
            status if is_expired(status, response.body()) => {
                let refused = refusal(&response, &what());
                // Once: a token that was just made and is refused will be refused again.
                let renewed = self.login_again().await;
                Err(if renewed { Failure::Passing(refused) } else { Failure::Final(refused) })
            }
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                Err(Failure::Passing(refusal(&response, &what())))
            }
            _ => Ok(response),
        }
    }

    /// Gets what may lie elsewhere, following a few redirects.
    pub(super) async fn get_following(&self, path: impl Into<String>) -> anyhow::Result<Response<Bytes>> {
        let mut call = Call::new(Method::GET, path);
        for _ in 0..=REDIRECTS {
            let response = self.call(&call).await?;
            if !response.status().is_redirection() {
                return Ok(response);
            }
            let url = self.location(&response).await?;
            call = Call::to(Method::GET, url);
        }
        bail!("the registry sent us on more than {REDIRECTS} times")
    }

    /// The URL in a `Location`, which may be relative to the registry.
    pub(super) async fn location(&self, response: &Response<Bytes>) -> anyhow::Result<Url> {
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        self.resolve(location.context("the registry answered without a location")?).await
    }

    /// A URL that the registry gave, which may be relative to it.
    pub(super) async fn resolve(&self, reference: &str) -> anyhow::Result<Url> {
        let login = self.login().await?;
        login.origin.join(reference).context("the registry answered with a location that is no URL")
    }

    fn url(&self, origin: &Url, place: &Place) -> anyhow::Result<Url> {
        match place {
            Place::Url(url) => Ok(url.clone()),
            Place::Path(path) => Ok(origin.join(&format!("/v2/{}/{path}", self.repository()))?),
        }
    }

    async fn login(&self) -> anyhow::Result<crate::aws::ecr::Login> {
        let mut login = self.login.lock().await;
        if let Some(login) = login.as_ref() {
            return Ok(login.clone());
        }
        let fresh = self.clients().registry_login().await?;
        *login = Some(fresh.clone());
        Ok(fresh)
    }

    /// Forgets the login and makes another; whether there is one that differs.
    async fn login_again(&self) -> bool {
        let mut login = self.login.lock().await;
        let old = login.take();
        let Ok(fresh) = self.clients().registry_login().await else {
            return false;
        };
        let differs = old.is_none_or(|old| old.authorization != fresh.authorization);
        *login = Some(fresh);
        differs
    }
}

/// Whether a token has expired: ECR says so with 403, and other registries with 401.
fn is_expired(status: StatusCode, body: &[u8]) -> bool {
    let says_so = || String::from_utf8_lossy(body).to_lowercase().contains("token has expired");
    status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN && says_so()
}

/// The pauses before the attempts after the first.
pub(super) struct Pauses {
    left: u32,
    next: Duration,
}

impl Pauses {
    pub(super) fn new() -> Self {
        Self { left: ATTEMPTS - 1, next: FIRST_PAUSE }
    }
}

impl Iterator for Pauses {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.left = self.left.checked_sub(1)?;
        let pause = self.next;
        self.next = (pause * 2).min(LONGEST_PAUSE);
        Some(pause)
    }
}

/// The answer as an error, with the registry's own codes.
pub(super) fn refusal(response: &Response<Bytes>, what: &str) -> anyhow::Error {
    #[derive(Deserialize)]
    struct Errors {
        errors: Vec<One>,
    }
    #[derive(Deserialize)]
    struct One {
        code: String,
        #[serde(default)]
        message: String,
    }
    let status = response.status();
    let said = serde_json::from_slice::<Errors>(response.body()).ok().map(|errors| {
        let errors = errors.errors.into_iter().map(|one| format!("{} {}", one.code, one.message));
        errors.collect::<Vec<_>>().join(", ")
    });
    match said.filter(|said| !said.is_empty()) {
        Some(said) => anyhow::anyhow!("the registry answered {what} with {status}: {said}"),
        None => anyhow::anyhow!("the registry answered {what} with {status}"),
    }
}
