//! A listener and its connections, on hyper's own accept loop.
//!
//! `axum::serve` has no timers and closes its listener the moment it is told to stop. This one can
//! be told to close, waits for connections to end by themselves for as long as it is given, and ends
//! the rest.

mod connection;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use prometheus::IntGauge;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use self::connection::Connection;

/// Connections that the kernel keeps for us while we are busy; it may keep fewer.
const BACKLOG: u32 = 1024;

/// Pause after an accept that failed for want of file descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What a connection is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Go on.
    Serving,
    /// End after the request that is under way.
    Closing,
    /// End now.
    Aborting,
}

/// A socket that clients can connect to; nobody accepts yet.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Binds the address.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // A task that is restarted need not wait for the connections of the one before.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let socket = socket.listen(BACKLOG)?;
        let address = socket.local_addr()?;
        Ok(Self { socket, address })
    }

    /// The address with the port that was really bound.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts answering.
    pub fn serve(self, router: Router, limits: Limits, open: IntGauge) -> Server {
        let (phase, _) = watch::channel(Phase::Serving);
        let accepting = Accepting { socket: self.socket, router, limits, open, phase: phase.clone() };
        Server { phase, accepting: tokio::spawn(accepting.run()) }
    }
}

/// What a listener allows its connections.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long a connection may be idle and a request's head may take.
    pub idle: Duration,
    /// The most connections that are open at once.
    pub connections: usize,
}

/// A listener that is being served.
#[derive(Debug)]
pub struct Server {
    phase: watch::Sender<Phase>,
    accepting: JoinHandle<()>,
}

/// What did not end by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aborted {
    /// Connections that were still open.
    pub connections: usize,
    /// Requests among them that were being worked on; the others had not sent a whole head.
    pub requests: i64,
}

impl Server {
    /// Closes the listener, lets every connection end its request, and after `limit` ends those
    /// that are still open.
    pub async fn close(self, limit: Duration, in_flight: &IntGauge) -> Aborted {
        self.phase.send_replace(Phase::Closing);
        let _ = self.accepting.await;
        // Every connection holds a receiver: when the last is gone, so are they all.
        if tokio::time::timeout(limit, self.phase.closed()).await.is_ok() {
            return Aborted { connections: 0, requests: 0 };
        }
        let aborted = Aborted { connections: self.phase.receiver_count(), requests: in_flight.get() };
        self.phase.send_replace(Phase::Aborting);
        self.phase.closed().await;
        aborted
    }
}

struct Accepting {
    socket: TcpListener,
    router: Router,
    limits: Limits,
    open: IntGauge,
    phase: watch::Sender<Phase>,
}

impl Accepting {
    async fn run(self) {
        let slots = Arc::new(Semaphore::new(self.limits.connections));
        let mut phase = self.phase.subscribe();
        loop {
            let next = async {
                let slot = Arc::clone(&slots).acquire_owned().await;
                (slot, self.socket.accept().await)
            };
            let (slot, accepted) = tokio::select! {
                biased;
                _ = phase.changed() => break,
                next = next => next,
            };
            match accepted {
                Ok((stream, _)) => self.start(stream, self.limits.idle, slot.ok()),
                Err(error) if is_of_the_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "no connection can be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        // Whoever is in the kernel's queue has been told that the connection is made. Closing the
        // listener would reset it, so these are answered too, if they ask at once.
        while let Some(stream) = self.accept_waiting().await {
            self.start(stream, Duration::from_secs(1), ());
        }
    }

    fn start<Slot: Send + 'static>(&self, stream: TcpStream, idle: Duration, slot: Slot) {
        let connection =
            Connection { router: self.router.clone(), phase: self.phase.subscribe(), open: self.open.clone(), idle };
        tokio::spawn(async move {
            connection.run(stream).await;
            drop(slot);
        });
    }

    async fn accept_waiting(&self) -> Option<TcpStream> {
        std::future::poll_fn(|context| {
            let accepted = self.socket.poll_accept(context);
            std::task::Poll::Ready(match accepted {
                std::task::Poll::Ready(Ok((stream, _))) => Some(stream),
                _ => None,
            })
        })
        .await
    }
}

/// Whether only the connection that was to be accepted is broken, and the next may be well.
fn is_of_the_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}
