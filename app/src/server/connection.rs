//! One connection, from accept to its end.

use std::pin::pin;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use prometheus::IntGauge;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::Phase;

/// The longest head of a request; what axum's extractors and a cookie or two need, and no more.
const MAX_HEAD: usize = 16 * 1024;

pub(super) struct Connection {
    pub(super) router: Router,
    pub(super) phase: watch::Receiver<Phase>,
    pub(super) open: IntGauge,
    pub(super) idle: Duration,
}

impl Connection {
    pub(super) async fn run(mut self, stream: TcpStream) {
        let _open = Open::count(&self.open);
        // Answers are small and whole: there is nothing to gather them with.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(self.router);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            // hyper counts the time between two requests in it.
            .header_read_timeout(self.idle)
            .max_buf_size(MAX_HEAD)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection ended with an error");
                    }
                    return;
                }
                changed = self.phase.changed() => {
                    let phase = *self.phase.borrow_and_update();
                    if changed.is_err() || phase == Phase::Aborting {
                        return;
                    }
                    if phase == Phase::Closing {
                        connection.as_mut().graceful_shutdown();
                    }
                }
            }
        }
    }
}

/// Counts a connection for as long as it is there.
struct Open(IntGauge);

impl Open {
    fn count(gauge: &IntGauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}
