//! A listener: accepts clients, keeps their connections, and finds the group of each request.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Request;
use http_body_util::Either;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::forward::{self, Answer, Ends};
use super::refusal::Refusal;
use super::turns::Turns;
use super::{Forward, Inner};

/// How long to wait when no connection can be accepted, for want of file descriptors say.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Where a listener is reached.
#[derive(Clone, Copy, Debug)]
pub struct Address {
    /// The address.
    pub socket: SocketAddr,
}

impl Address {
    /// `http://HOST:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.socket)
    }
}

/// What a listener does with requests.
#[derive(Debug)]
pub(super) enum Plan {
    /// Sends them there.
    Fixed(Vec<Forward>),
    /// Sends them where the rule of this ARN says.
    Rule(String),
}

pub(super) struct Listener {
    pub(super) balancer: Arc<Inner>,
    pub(super) turns: Mutex<Turns>,
    pub(super) plan: Plan,
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
        match self.balancer.choose(&self.plan, &self.turns) {
            Some(choice) => forward::forward(request, ends, choice, &self.balancer).await,
            None => Refusal::NoTarget.response().map(Either::Right),
        }
    }
}
