//! The OCI distribution protocol, version 1.1, as ECR speaks it: what `docker push` and `docker pull` use.

mod blobs;
mod lists;
mod manifests;
mod problem;
mod route;
#[cfg(test)]
mod tests;
mod uploads;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderName, WWW_AUTHENTICATE};
use http::{Method, Request, Response, StatusCode};
use jiff::Timestamp;

use self::problem::Problem;
use self::route::Route;
use super::{Registry, Repository};

/// The header that says the digest of what is answered or was stored.
const CONTENT_DIGEST: &str = "docker-content-digest";

/// A request within its repository.
struct Asked<'a> {
    registry: &'a Registry,
    name: &'a str,
    request: &'a Request<Bytes>,
    at: Timestamp,
}

impl Registry {
    /// Answers a request under `/v2/`.
    pub(crate) fn distribute(&self, request: &Request<Bytes>, at: Timestamp) -> Response<Bytes> {
        let mut response = serve(self, request, at).unwrap_or_else(Problem::into_response);
        response
            .headers_mut()
            .insert("docker-distribution-api-version", http::HeaderValue::from_static("registry/2.0"));
        response
    }
}

/// Refuses a request for a reason that has nothing to do with what it asks for.
pub(crate) fn refuse(error: &crate::wire::json::Error) -> Response<Bytes> {
    Problem::outside(error).into_response()
}

fn serve(registry: &Registry, request: &Request<Bytes>, at: Timestamp) -> Result<Response<Bytes>, Problem> {
    if !is_authorized(registry, request) {
        return Ok(unauthorized(registry));
    }
    let method = request.method();
    let route = Route::of(request.uri().path()).ok_or_else(|| Problem::not_found("no such path"))?;
    let asked = |name| Asked { registry, name, request, at };
    match (method, route) {
        (&Method::GET | &Method::HEAD, Route::Base) => Ok(answer(StatusCode::OK, [], "{}")),
        (&Method::GET, Route::Catalog) => lists::catalog(registry, request),
        (&Method::GET, Route::Tags { name }) => lists::tags(&asked(name)),
        (&Method::GET, Route::Referrers { name, digest }) => lists::referrers(&asked(name), digest),
        (&Method::GET | &Method::HEAD, Route::Manifest { name, reference }) => manifests::get(&asked(name), reference),
        (&Method::PUT, Route::Manifest { name, reference }) => manifests::put(&asked(name), reference),
        (&Method::DELETE, Route::Manifest { name, reference }) => manifests::delete(&asked(name), reference),
        (&Method::GET | &Method::HEAD, Route::Blob { name, digest }) => blobs::get(&asked(name), digest),
        (&Method::POST, Route::Uploads { name }) => uploads::begin(&asked(name)),
        (&Method::GET, Route::Upload { name, id }) => uploads::status(&asked(name), id),
        (&Method::PATCH, Route::Upload { name, id }) => uploads::append(&asked(name), id),
        (&Method::PUT, Route::Upload { name, id }) => uploads::finish(&asked(name), id),
        (&Method::DELETE, Route::Upload { name, id }) => uploads::cancel(&asked(name), id),
        _ => Err(Problem::unsupported(method)),
    }
}

impl Asked<'_> {
    /// Does something with the repository.
    fn repository<T>(&self, act: impl FnOnce(&mut Repository) -> Result<T, Problem>) -> Result<T, Problem> {
        let mut state = self.registry.lock();
        let repository = state.repositories.get_mut(self.name);
        act(repository.ok_or_else(|| Problem::name_unknown(self.name, self.registry.account()))?)
    }

    /// A parameter of the query.
    fn parameter(&self, name: &str) -> Option<String> {
        parameter(self.request, name)
    }
}

fn parameter(request: &Request<Bytes>, name: &str) -> Option<String> {
    let query = request.uri().query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// User `AWS` with a password that `GetAuthorizationToken` gave.
fn is_authorized(registry: &Registry, request: &Request<Bytes>) -> bool {
    let credentials = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.split_once(' '));
    let decoded = credentials
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
        .and_then(|(_, encoded)| String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok());
    let password = decoded.as_deref().and_then(|decoded| decoded.strip_prefix("AWS:"));
    password.is_some_and(|password| registry.lock().passwords.contains(password))
}

fn unauthorized(registry: &Registry) -> Response<Bytes> {
    let realm = format!(r#"Basic realm="http://{}/",service="ecr.amazonaws.com""#, registry.host());
    answer(StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, realm)], "Not Authorized\n")
}

/// An answer; headers that cannot be written are left out.
fn answer<const N: usize>(
    status: StatusCode,
    headers: [(HeaderName, String); N],
    body: impl Into<Bytes>,
) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    for (name, value) in headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
