//! The connections to one target, and sending a request over one of them.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;

use super::BalancerOptions;
use super::endpoint::Leaving;
use super::refusal::Refusal;

type Idle = Arc<Mutex<Vec<(SendRequest<Incoming>, Instant)>>>;

#[derive(Debug)]
pub(super) struct Connections {
    address: SocketAddr,
    idle: Idle,
    leaving: watch::Receiver<Leaving>,
}

/// The way back of a connection: when this is dropped, with the answer's body read or not, the
/// connection is kept if the target lets it live.
#[derive(Debug)]
pub(super) struct Lease {
    sender: Option<SendRequest<Incoming>>,
    idle: Idle,
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(mut sender) = self.sender.take() else { return };
        if sender.is_closed() {
            return;
        }
        let idle = Arc::clone(&self.idle);
        let keep = move |sender| idle.lock().unwrap_or_else(PoisonError::into_inner).push((sender, Instant::now()));
        if sender.is_ready() {
            keep(sender);
        } else if let Ok(tokio) = tokio::runtime::Handle::try_current() {
            // It is ready when the end of the body has been seen, and never when that is not read.
            tokio.spawn(async move {
                if sender.ready().await.is_ok() {
                    keep(sender);
                }
            });
        }
    }
}

impl Connections {
    pub(super) fn new(address: SocketAddr, leaving: watch::Receiver<Leaving>) -> Self {
        Self { address, idle: Idle::default(), leaving }
    }

    /// Sends a request and waits for the head of its answer. A connection that turns out closed
    /// before anything was written to it is passed over; afterwards there is no second attempt.
    pub(super) async fn send(
        &self,
        mut request: Request<Incoming>,
        options: &BalancerOptions,
    ) -> Result<(Response<Incoming>, Lease), Refusal> {
        loop {
            let (mut sender, is_new) = match self.take(options.idle_timeout) {
                Some(sender) => (sender, false),
                None => (self.connect(options.connect_timeout).await?, true),
            };
            if sender.ready().await.is_err() {
                if is_new {
                    return Err(Refusal::Broken);
                }
                continue;
            }
            let answer = tokio::time::timeout(options.idle_timeout, sender.try_send_request(request)).await;
            match answer {
                Ok(Ok(response)) => {
                    return Ok((response, Lease { sender: Some(sender), idle: Arc::clone(&self.idle) }));
                }
                Ok(Err(mut error)) => match error.take_message() {
                    Some(unsent) if !is_new => request = unsent,
                    _ => return Err(Refusal::Broken),
                },
                Err(_) => return Err(Refusal::AnswerTimeout),
            }
        }
    }

    /// Closes the connections that nobody uses.
    pub(super) fn close_idle(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// A connection that is open and has not been idle for too long; the one used last, so that
    /// those too many grow old.
    fn take(&self, idle_timeout: Duration) -> Option<SendRequest<Incoming>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(sender, since)| !sender.is_closed() && since.elapsed() < idle_timeout);
        idle.pop().map(|(sender, _)| sender)
    }

    async fn connect(&self, limit: Duration) -> Result<SendRequest<Incoming>, Refusal> {
        let stream = tokio::time::timeout(limit, TcpStream::connect(self.address))
            .await
            .map_err(|_| Refusal::ConnectTimeout)?
            .map_err(|_| Refusal::Connect)?;
        let _ = stream.set_nodelay(true);
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|_| Refusal::Connect)?;
        let mut leaving = self.leaving.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = connection => {}
                Ok(_) = leaving.wait_for(|leaving| *leaving == Leaving::Cut) => {}
            }
        });
        Ok(sender)
    }
}
