//! The way of one request to a target and of its answer back.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::PoisonError;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONNECTION, HeaderMap, HeaderName, HeaderValue, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};
use http::{Request, Response, Uri};
use http_body_util::{BodyExt as _, Either, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::Instant;

use super::choice::Choice;
use super::connections::Lease;
use super::counts::UnderWay;
use super::endpoint::Endpoint;
use super::group::Group;
use super::refusal::Refusal;
use super::{Inner, check};
use crate::faults::play::{Asked, Turn};
use crate::metrics::{self, Outcome, Sample};

/// A body for a client: the target's as it comes, or the balancer's own.
pub(super) type Answer = Response<Either<Passing, Full<Bytes>>>;

/// Between whom a request travels, for the headers that say so.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    pub(super) client: SocketAddr,
    pub(super) listener: SocketAddr,
}

/// Sends a request to the target that was chosen for it.
pub(super) async fn forward(mut request: Request<Incoming>, ends: Ends, choice: Choice, balancer: &Inner) -> Answer {
    let Choice { group, endpoint, of_users, share, load_balancer } = choice;
    let record = |outcome| {
        let target_group = metrics::dimension(&group.arn).to_owned();
        balancer.source.record(&Sample { load_balancer, target_group, outcome });
    };
    let Some(endpoint) = endpoint else {
        record(Outcome::Rejected(Refusal::NoTarget.status()));
        group.total.lock().unwrap_or_else(PoisonError::into_inner).refuse(Refusal::NoTarget.status(), false);
        return Refusal::NoTarget.response().map(Either::Right);
    };
    let under_way = UnderWay::new([&group.total, &endpoint.counts]);
    address_to_target(&mut request, ends);
    let turn = endpoint.play.take(Asked { path: request.uri().path(), of_users, share });
    let began = Instant::now();
    let outcome = send(request, &group, &endpoint, &turn, balancer).await;
    let took = began.elapsed();
    record(match &outcome {
        Ok((response, _)) => Outcome::Answered(response.status(), took),
        // It stands for an answer of the target.
        Err((Refusal::Planted, _)) => Outcome::Answered(Refusal::Planted.status(), took),
        Err((refusal, _)) => Outcome::Unanswered { status: refusal.status(), connection: refusal.is_of_connection() },
    });
    if let Some(code) = turn.ends {
        balancer.faults.kill(&endpoint.task, code);
    }
    under_way.each(|counts| match &outcome {
        Ok((response, _)) => counts.answer(response.status(), took),
        Err((Refusal::Planted, _)) => counts.answer(Refusal::Planted.status(), took),
        Err((refusal, _)) => counts.refuse(refusal.status(), refusal.is_of_connection()),
    });
    match outcome {
        Ok((mut response, lease)) => {
            remove_hop_by_hop(response.headers_mut());
            response.map(|body| Either::Left(Passing { body, lease: Some(lease) }))
        }
        Err((refusal, headers)) => {
            let mut response = refusal.response().map(Either::Right);
            response.headers_mut().extend(headers);
            response
        }
    }
}

/// The answer of the target after all that its way and its fault take; or why there is none, with
/// the headers that the one in its stead has.
async fn send(
    request: Request<Incoming>,
    group: &Group,
    endpoint: &Endpoint,
    turn: &Turn,
    balancer: &Inner,
) -> Result<(Response<Incoming>, Lease), (Refusal, HeaderMap)> {
    let began = Instant::now();
    let way = balancer.delay();
    let answer = if turn.fails {
        // The body is read all the same, as a program that fails would have done.
        let _ = request.into_body().collect().await;
        let limit = balancer.options.connect_timeout;
        Err((Refusal::Planted, check::own_headers(group, endpoint, limit).await))
    } else {
        let sent = endpoint.connections.send(request, &balancer.options).await;
        sent.map_err(|refusal| (refusal, HeaderMap::new()))
    };
    let elapsed = began.elapsed();
    // Even no time at all, slept, would be rounded up to the timer's millisecond.
    if let Some(left) = turn.stretch(elapsed + way).checked_sub(elapsed).filter(|left| !left.is_zero()) {
        tokio::time::sleep(left).await;
    }
    answer
}

/// Makes of a client's request the one that a target gets.
fn address_to_target(request: &mut Request<Incoming>, ends: Ends) {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    if let Ok(uri) = path.parse::<Uri>() {
        *request.uri_mut() = uri;
    }
    *request.version_mut() = http::Version::HTTP_11;
    let headers = request.headers_mut();
    remove_hop_by_hop(headers);
    add_forwarded(headers, ends);
    if !headers.contains_key("x-amzn-trace-id") {
        let now = jiff::Timestamp::now().as_second();
        let random = uuid::Uuid::new_v4().simple().to_string();
        if let Ok(value) = HeaderValue::from_str(&format!("Root=1-{now:08x}-{}", &random[..24])) {
            headers.insert("x-amzn-trace-id", value);
        }
    }
}

/// The client's address is added to those of the proxies before us; the others are ours to say.
fn add_forwarded(headers: &mut HeaderMap, ends: Ends) {
    let name = HeaderName::from_static("x-forwarded-for");
    let before: Vec<_> = headers.get_all(&name).iter().filter_map(|value| value.to_str().ok()).collect();
    let client = ends.client.ip().to_string();
    let all = before.into_iter().chain([client.as_str()]).collect::<Vec<_>>().join(", ");
    let port = ends.listener.port().to_string();
    for (name, value) in [
        (name, all.as_str()),
        (HeaderName::from_static("x-forwarded-proto"), "http"),
        (HeaderName::from_static("x-forwarded-port"), port.as_str()),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
}

/// Removes what was meant for this connection and not for the next.
fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let always = [CONNECTION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];
    let others = ["keep-alive", "proxy-connection"].map(HeaderName::from_static);
    for name in named.into_iter().chain(always).chain(others) {
        headers.remove(name);
    }
}

/// The body of an answer on its way; with its end the connection is free for the next request.
#[derive(Debug)]
pub(super) struct Passing {
    body: Incoming,
    lease: Option<Lease>,
}

impl Body for Passing {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if matches!(polled, Poll::Ready(None)) {
            self.lease = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_meant_for_one_connection_does_not_travel_on() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Private"),
            ("x-private", "1"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("content-type", "text/plain"),
        ] {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        remove_hop_by_hop(&mut headers);
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["content-type"]);
    }

    #[test]
    fn the_client_is_named_behind_the_proxies_before_it() {
        let ends = Ends { client: ([192, 0, 2, 7], 40_000).into(), listener: ([127, 0, 0, 1], 8443).into() };
        for (before, expected) in [(None, "192.0.2.7"), (Some("203.0.113.1"), "203.0.113.1, 192.0.2.7")] {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-proto", HeaderValue::from_static("gopher"));
            if let Some(before) = before {
                headers.insert("x-forwarded-for", HeaderValue::from_static(before));
            }
            add_forwarded(&mut headers, ends);
            assert_eq!(headers["x-forwarded-for"], expected);
            assert_eq!(headers["x-forwarded-proto"], "http");
            assert_eq!(headers["x-forwarded-port"], "8443");
        }
    }
}
