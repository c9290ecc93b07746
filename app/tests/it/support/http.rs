//! A client that hides nothing: no pool, no retries, no redirects.

use std::net::SocketAddr;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST};
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;

use super::in_process::TOKEN;

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).unwrap_or_else(|| panic!("no {name}: {self:?}"));
        value.to_str().expect("headers of this service are text")
    }

    /// Asserts that this is a problem of this status that says this, and nothing else.
    #[track_caller]
    pub(crate) fn assert_problem(&self, status: u16, detail: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem: serde_json::Value = self.json();
        assert_eq!(problem["status"], status);
        let found = problem["detail"].as_str().expect("a problem has a detail");
        assert!(found.contains(detail), "{detail:?} is not in {found:?}");
    }
}

/// A connection that is used for one request after another.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    address: SocketAddr,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(std::io::Error::other)?;
        tokio::spawn(connection);
        Ok(Self { sender, address })
    }

    pub(crate) async fn send(&mut self, mut request: Request<Full<Bytes>>) -> hyper::Result<Answer> {
        let host = self.address.to_string().parse().expect("an address is a header value");
        request.headers_mut().insert(HOST, host);
        self.sender.ready().await?;
        let (head, body) = self.sender.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Answer { status: head.status, headers: head.headers, body })
    }
}

/// A request without a body.
pub(crate) fn get(path: &str) -> Request<Full<Bytes>> {
    request(Method::GET, path)
}

/// A request without a body.
pub(crate) fn request(method: Method, path: &str) -> Request<Full<Bytes>> {
    let request = Request::builder().method(method).uri(path);
    request.body(Full::default()).expect("the path is one")
}

/// The same with the token of the API.
pub(crate) fn with_token(mut request: Request<Full<Bytes>>) -> Request<Full<Bytes>> {
    let value = format!("Bearer {TOKEN}").parse().expect("the token is a header value");
    request.headers_mut().insert(AUTHORIZATION, value);
    request
}

/// A request of the API with a body.
pub(crate) fn post(path: &str, body: &(impl ToString + ?Sized)) -> Request<Full<Bytes>> {
    let mut request = with_token(request(Method::POST, path));
    request.headers_mut().insert(CONTENT_TYPE, "application/json".parse().expect("it is"));
    *request.body_mut() = Full::from(body.to_string());
    request
}

/// Sends one request on a connection of its own.
pub(crate) async fn send(address: SocketAddr, mut request: Request<Full<Bytes>>) -> Answer {
    request.headers_mut().insert(CONNECTION, "close".parse().expect("it is"));
    let mut connection = Connection::open(address).await.expect("the service accepts");
    connection.send(request).await.expect("the service answers")
}
