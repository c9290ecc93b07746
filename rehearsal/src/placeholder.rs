//! What a service runs before its first deployment: it answers 200 to everything, and ends in
//! order when it is asked to.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE};
use http::{HeaderValue, Response};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Longer than a load balancer keeps a connection that nobody uses.
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);

/// Serves until SIGTERM; then goes on for `drain_delay`, telling clients to close.
pub(crate) async fn run(address: SocketAddr, drain_delay: Duration) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("failed to listen for signals")?;
    let socket = TcpListener::bind(address).await.with_context(|| format!("failed to listen on {address}"))?;
    let (draining, observed) = watch::channel(false);
    let serving = tokio::spawn(accept(socket, observed));
    terminate.recv().await;
    draining.send_replace(true);
    tokio::time::sleep(drain_delay).await;
    serving.abort();
    Ok(())
}

async fn accept(socket: TcpListener, draining: watch::Receiver<bool>) {
    while let Ok((stream, _)) = socket.accept().await {
        let draining = draining.clone();
        let answer = service_fn(move |_| {
            let draining = *draining.borrow();
            async move { Ok::<_, Infallible>(answer(draining)) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(IDLE_TIMEOUT)
            .serve_connection(TokioIo::new(stream), answer);
        tokio::spawn(connection);
    }
}

fn answer(draining: bool) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(r#"{"status":"ok","commit":"placeholder"}"#));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if draining {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
