//! Sends one request, over a connection of its own or over one that others used before.

use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http::header::{CONNECTION, HOST};
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::Ask;
use super::tally::{Connection, Reason};

type Body = Full<Bytes>;

/// Knows what to send and keeps the connections that can be used again.
#[derive(Debug)]
pub(super) struct Sender {
    host: String,
    requests: Vec<(Request<Body>, u16)>,
    idle: Mutex<Vec<SendRequest<Body>>>,
}

impl Sender {
    pub(super) fn new(origin: &Uri, asks: &[Ask]) -> anyhow::Result<Self> {
        let (Some("http"), Some(authority)) = (origin.scheme_str(), origin.authority()) else {
            bail!("{origin} is no address that begins with http://");
        };
        let host = format!("{}:{}", authority.host(), authority.port_u16().unwrap_or(80));
        let requests = asks.iter().map(|ask| prepare(ask, &host)).collect::<anyhow::Result<_>>()?;
        Ok(Self { host, requests, idle: Mutex::default() })
    }

    /// Sends the request of this number, and reads its answer to the end.
    pub(super) async fn send(&self, number: u64, connection: Connection) -> Result<(), Reason> {
        let count = u64::try_from(self.requests.len()).unwrap_or(1);
        let turn = usize::try_from(number % count).unwrap_or_default();
        let (request, expect) = &self.requests[turn];
        match connection {
            Connection::New => {
                let mut request = request.clone();
                request.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                let mut sender = self.connect().await?;
                let response = sender.send_request(request).await.map_err(|_| Reason::Broken)?;
                check(response, *expect).await
            }
            Connection::Reused => {
                let (sender, response) = self.send_on_any(request.clone()).await?;
                let outcome = check(response, *expect).await;
                self.keep(sender, outcome);
                outcome
            }
        }
    }

    /// A connection that the server closed while it was idle is no failure, as long as nothing of
    /// the request was written to it: every client takes another one then.
    async fn send_on_any(&self, mut request: Request<Body>) -> Result<(SendRequest<Body>, Response<Incoming>), Reason> {
        while let Some(mut sender) = self.take() {
            if sender.ready().await.is_err() {
                continue;
            }
            match sender.try_send_request(request).await {
                Ok(response) => return Ok((sender, response)),
                Err(mut error) => request = error.take_message().ok_or(Reason::Broken)?,
            }
        }
        let mut sender = self.connect().await?;
        let response = sender.send_request(request).await.map_err(|_| Reason::Broken)?;
        Ok((sender, response))
    }

    fn take(&self) -> Option<SendRequest<Body>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn keep(&self, sender: SendRequest<Body>, outcome: Result<(), Reason>) {
        let whole = matches!(outcome, Ok(()) | Err(Reason::Status(_)));
        if whole && !sender.is_closed() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        }
    }

    async fn connect(&self) -> Result<SendRequest<Body>, Reason> {
        let stream = TcpStream::connect(&self.host).await.map_err(|_| Reason::Connect)?;
        let _ = stream.set_nodelay(true);
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|_| Reason::Connect)?;
        tokio::spawn(connection);
        Ok(sender)
    }
}

fn prepare(ask: &Ask, host: &str) -> anyhow::Result<(Request<Body>, u16)> {
    let mut request = Request::builder().method(ask.method.clone()).uri(&ask.path).header(HOST, host);
    for (name, value) in &ask.headers {
        request = request.header(name, value);
    }
    let body = Full::new(Bytes::from(ask.body.clone()));
    let request = request.body(body).with_context(|| format!("{} {} is no request", ask.method, ask.path))?;
    Ok((request, ask.expect))
}

async fn check(response: Response<Incoming>, expect: u16) -> Result<(), Reason> {
    let status = response.status().as_u16();
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await {
        frame.map_err(|_| Reason::Truncated)?;
    }
    if status == expect { Ok(()) } else { Err(Reason::Status(status)) }
}
