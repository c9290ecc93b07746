//! A question to the service, asked as a user would.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(5);

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) struct Question<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    /// Who asks, where not everybody may.
    pub(crate) token: Option<&'a str>,
    /// What is sent along.
    pub(crate) body: Option<Value>,
}

impl<'a> Question<'a> {
    /// What everybody may ask.
    pub(crate) fn get(path: &'a str) -> Self {
        Self { method: Method::GET, path, token: None, body: None }
    }
}

/// The answer, which is null where there is none to a request that went well.
///
/// # Errors
///
/// When no answer comes within five seconds, when it says that the request went wrong, and when it is no JSON.
pub(crate) async fn ask(url: &str, question: &Question<'_>) -> anyhow::Result<Value> {
    let what = format!("{} {}", question.method, question.path);
    let answer = timeout(LIMIT, send(url, question)).await;
    answer.with_context(|| format!("{what}: no answer from {url}"))?.with_context(|| format!("{what} at {url}"))
}

async fn send(url: &str, question: &Question<'_>) -> anyhow::Result<Value> {
    let authority = url.trim_start_matches("http://").trim_end_matches('/');
    let stream = TcpStream::connect(authority).await.context("failed to connect")?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let mut request = Request::builder()
        .method(&question.method)
        .uri(question.path)
        .header(header::HOST, authority)
        .header(header::CONNECTION, "close");
    if let Some(token) = question.token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let mut body = Bytes::new();
    if let Some(value) = &question.body {
        request = request.header(header::CONTENT_TYPE, "application/json");
        body = value.to_string().into();
    }
    let response = sender.send_request(request.body(Full::new(body))?).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    connection.abort();
    ensure!(status.is_success(), "answered {status}: {}", String::from_utf8_lossy(&body));
    if body.is_empty() {
        return Ok(Value::Null);
    }
    Ok(serde_json::from_slice(&body)?)
}
