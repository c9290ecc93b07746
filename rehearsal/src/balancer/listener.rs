//! A listener: accepts clients, keeps their connections, and finds the group of each request.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Request;
use http_body_util::Either;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::forward::{self, Answer, Ends};
use super::refusal::Refusal;
use super::turns::Turns;
use super::{Forward, Inner};

/// How long to wait when no connection can be accepted, for want of file descriptors say.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Where a listener is reached, and what it does with requests.
#[derive(Clone, Debug)]
pub struct Address {
    /// The address.
    pub socket: SocketAddr,
    pub(super) forward: watch::Sender<Vec<Forward>>,
}

impl Address {
    /// Sends requests elsewhere from now on.
    pub fn forward_to(&self, forward: Vec<Forward>) {
        self.forward.send_replace(forward);
    }

    /// `http://HOST:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.socket)
    }
}

pub(super) struct Listener {
    pub(super) balancer: Arc<Inner>,
    pub(super) turns: Mutex<Turns>,
    pub(super) receiver: watch::Receiver<Vec<Forward>>,
}

impl Listener {
    pub(super) async fn run(self, socket: TcpListener) {
        let listener = Arc::new(self);
        // Dropped with this future, and the connections with it.
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = socket.accept() => match accepted {
                    Ok((stream, client)) => {
                        connections.spawn(Arc::clone(&listener).converse(stream, client));
                    }
                    Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }

    async fn converse(self: Arc<Self>, stream: TcpStream, client: SocketAddr) {
        let _ = stream.set_nodelay(true);
        let Ok(listener) = stream.local_addr() else { return };
        let ends = Ends { client, listener };
        let idle_timeout = self.balancer.options.idle_timeout;
        let answer = service_fn(move |request| {
            let listener = Arc::clone(&self);
            async move { Ok::<_, Infallible>(listener.answer(request, ends).await) }
        });
        // What goes wrong on a client's connection is the client's to notice.
        let _ = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(idle_timeout)
            .serve_connection(TokioIo::new(stream), answer)
            .await;
    }

    async fn answer(&self, request: Request<Incoming>, ends: Ends) -> Answer {
        let chosen = {
            let forward = self.receiver.borrow();
            let candidates = forward.iter().map(|to| (to.group.clone(), to.weight, to.group.clone()));
            self.turns.lock().unwrap_or_else(PoisonError::into_inner).next(candidates)
        };
        match chosen.and_then(|name| self.balancer.group(&name)) {
            Some(group) => forward::forward(request, ends, &group, &self.balancer.options).await,
            None => Refusal::NoTarget.response().map(Either::Right),
        }
    }
}
