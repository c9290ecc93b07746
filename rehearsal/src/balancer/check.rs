//! The health checks of one target, from its registration until it leaves.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, HOST, HeaderMap, USER_AGENT};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Empty;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::Inner;
use super::endpoint::{Endpoint, Leaving};
use super::group::Group;
use crate::world::Report;

pub(super) async fn run(group: Arc<Group>, endpoint: Arc<Endpoint>, balancer: Weak<Inner>) {
    let mut leaving = endpoint.leaving.subscribe();
    tokio::select! {
        _ = leaving.wait_for(|leaving| *leaving != Leaving::No) => {}
        () = check_for_ever(&group, &endpoint, &balancer) => {}
    }
}

async fn check_for_ever(group: &Group, endpoint: &Endpoint, balancer: &Weak<Inner>) {
    while let Some((check, balancer)) = group.health_check().zip(balancer.upgrade()) {
        let next = tokio::time::Instant::now() + check.interval;
        let may_pass = endpoint.play.is_ready(&check.path, balancer.share(&group.name));
        let passed = may_pass && passes(endpoint.address, &check.path, check.timeout).await;
        let changed = endpoint.health.lock().unwrap_or_else(PoisonError::into_inner).observe(passed, &check);
        if let Some(healthy) = changed {
            balancer.reports.report(&endpoint.task, Report::TargetHealth { healthy });
        }
        drop(balancer);
        tokio::time::sleep_until(next).await;
    }
}

/// One check: a connection of its own, and 200 in time.
async fn passes(address: SocketAddr, path: &str, limit: Duration) -> bool {
    let answer = tokio::time::timeout(limit, ask(Method::GET, address, path)).await;
    matches!(answer, Ok(Ok(response)) if response.status() == StatusCode::OK)
}

/// The headers of its own (`x-...`) that a target answers with, by which a program says what it is: an
/// answer in its stead has them too, or nobody could tell which release failed. It is asked by HEAD
/// where it is checked, which changes nothing. Nothing when it does not answer in time.
pub(super) async fn own_headers(group: &Group, endpoint: &Endpoint, limit: Duration) -> HeaderMap {
    let path = group.health_check().map_or_else(|| "/".to_owned(), |check| check.path);
    let answer = tokio::time::timeout(limit, ask(Method::HEAD, endpoint.address, &path)).await;
    let Ok(Ok(response)) = answer else { return HeaderMap::new() };
    let own = response.headers().iter().filter(|(name, _)| name.as_str().starts_with("x-"));
    own.map(|(name, value)| (name.clone(), value.clone())).collect()
}

async fn ask(method: Method, address: SocketAddr, path: &str) -> anyhow::Result<Response<()>> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, address.to_string())
        .header(USER_AGENT, "ELB-HealthChecker/2.0")
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    connection.abort();
    Ok(response.map(drop))
}
