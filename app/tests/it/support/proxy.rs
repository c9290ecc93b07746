//! A way to the database that can be closed, frozen and slowed, without touching the server.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;

/// What happens to the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// They pass.
    Open,
    /// The server is stopped: connections break, and new ones are refused.
    Stopped,
    /// The server is frozen: connections stay, and nothing ever comes of what was sent. A
    /// connection that has lost a byte is dead for ever, as behind a firewall that forgot it.
    Frozen,
    /// Questions reach the server, and its answers are lost.
    Mute,
    /// Each piece of a question or an answer takes this much longer.
    Slow(Duration),
}

/// The proxy; it ends with this value.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    way: Arc<watch::Sender<Way>>,
}

impl Proxy {
    /// A proxy in front of the server at this address.
    pub(crate) async fn start(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("port 0 is always free");
        let port = listener.local_addr().expect("it is bound").port();
        let way = Arc::new(watch::channel(Way::Open).0);
        tokio::spawn(accept(listener, server, way.subscribe()));
        Self { port, way }
    }

    pub(crate) fn set(&self, way: Way) {
        self.way.send_replace(way);
    }
}

async fn accept(listener: TcpListener, server: String, mut way: watch::Receiver<Way>) {
    let address = listener.local_addr().expect("it is bound");
    let mut listener = Some(listener);
    loop {
        if *way.borrow_and_update() == Way::Stopped {
            drop(listener.take());
        } else if listener.is_none() {
            listener = Some(bind_again(address).await);
        }
        let accepted = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = way.changed() => if changed.is_err() { return },
            Ok((client, _)) = accepted => {
                tokio::spawn(connect(client, server.clone(), way.clone()));
            }
        }
    }
}

async fn bind_again(address: std::net::SocketAddr) -> TcpListener {
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn connect(client: TcpStream, server: String, mut way: watch::Receiver<Way>) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let question = carry(from_client, to_server, way.clone(), false);
    let answer = carry(from_server, to_client, way.clone(), true);
    let stopped = async {
        // An error means that the test is over.
        let _ = way.wait_for(|way| *way == Way::Stopped).await;
    };
    let both = async { tokio::join!(question, answer) };
    tokio::select! {
        () = stopped => {}
        _ = both => {}
    }
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, way: watch::Receiver<Way>, is_answer: bool) {
    let mut buffer = vec![0; 16 * 1024];
    let mut is_dead = false;
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let now = *way.borrow();
        is_dead |= now == Way::Frozen || (now == Way::Mute && is_answer);
        if is_dead {
            continue;
        }
        if let Way::Slow(delay) = now {
            sleep(delay).await;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
