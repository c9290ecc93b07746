//! The health checks of one target, from its registration until it leaves.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, HOST, USER_AGENT};
use http::{Request, StatusCode};
use http_body_util::Empty;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::endpoint::{Endpoint, Leaving};
use super::group::Group;
use crate::world::{Report, Reports};

pub(super) async fn run(group: Arc<Group>, endpoint: Arc<Endpoint>, reports: Arc<dyn Reports>) {
    let mut leaving = endpoint.leaving.subscribe();
    tokio::select! {
        _ = leaving.wait_for(|leaving| *leaving != Leaving::No) => {}
        () = check_for_ever(&group, &endpoint, &*reports) => {}
    }
}

async fn check_for_ever(group: &Group, endpoint: &Endpoint, reports: &dyn Reports) {
    while let Some(check) = group.health_check() {
        let next = tokio::time::Instant::now() + check.interval;
        let passed = !endpoint.never_ready() && passes(endpoint.address, &check.path, check.timeout).await;
        let changed = endpoint.health.lock().unwrap_or_else(PoisonError::into_inner).observe(passed, &check);
        if let Some(healthy) = changed {
            reports.report(&endpoint.task, Report::TargetHealth { healthy });
        }
        tokio::time::sleep_until(next).await;
    }
}

/// One check: a connection of its own, and 200 in time.
async fn passes(address: SocketAddr, path: &str, limit: Duration) -> bool {
    let status = tokio::time::timeout(limit, ask(address, path)).await;
    matches!(status, Ok(Ok(StatusCode::OK)))
}

async fn ask(address: SocketAddr, path: &str) -> anyhow::Result<StatusCode> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let request = Request::get(path)
        .header(HOST, address.to_string())
        .header(USER_AGENT, "ELB-HealthChecker/2.0")
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    connection.abort();
    Ok(response.status())
}
