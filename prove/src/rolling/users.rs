//! Users, who walk through the critical flows of a release, or of two by turns, as behind a load balancer.

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use flows::{Exchange, Network, Outcome, Report, Secret, Target, Transport};
use http::Uri;

use super::program::{Program, TOKEN};

/// How long what happens later than an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where users are sent.
pub(super) struct Users {
    target: Target,
    balancer: Balancer,
}

/// A step of a flow that was not answered as it should be.
pub(super) struct Failure {
    /// The name of the flow.
    pub(super) flow: String,
    what: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the flow `{}`: {}", self.flow, self.what)
    }
}

impl Users {
    /// Users of these releases, each request to the next of them.
    pub(super) fn of(releases: &[&Program]) -> anyhow::Result<Self> {
        let addresses: Vec<_> = releases.iter().map(|release| release.address).collect();
        let first = addresses.first().copied().unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
        let target = Target::new(format!("http://{first}").parse()?, Secret::new(TOKEN))?.with_deadline(PATIENCE);
        let network = Network::to(&target).map_err(anyhow::Error::msg)?;
        Ok(Self { target, balancer: Balancer { network, addresses, turn: AtomicUsize::new(0) } })
    }

    /// One walks through every flow.
    pub(super) async fn walk(&self) -> Vec<Failure> {
        failures(&self.report().await)
    }

    /// The same; also whether any flow passed.
    pub(super) async fn first_walk(&self) -> (Vec<Failure>, bool) {
        let report = self.report().await;
        (failures(&report), report.flows.iter().any(|flow| flow.outcome.passed()))
    }

    async fn report(&self) -> Report {
        flows::run_over(&self.target, &self.balancer).await
    }

    /// Several do so at once.
    pub(super) async fn walk_at_once(&self, count: usize) -> Vec<Failure> {
        let mut walks: Vec<_> = (0..count).map(|_| Box::pin(self.walk())).collect();
        let mut found = Vec::new();
        // Polled together until the last has ended.
        std::future::poll_fn(|context| {
            walks.retain_mut(|walk| match walk.as_mut().poll(context) {
                std::task::Poll::Ready(failures) => {
                    found.extend(failures);
                    false
                }
                std::task::Poll::Pending => true,
            });
            if walks.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
        found
    }
}

/// Sends each request to the next release.
struct Balancer {
    network: Network,
    addresses: Vec<SocketAddr>,
    turn: AtomicUsize,
}

impl Transport for Balancer {
    fn exchange(&self, mut request: http::Request<Vec<u8>>) -> Exchange<'_> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let address = self.addresses[turn % self.addresses.len()];
        let path = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        match format!("http://{address}{path}").parse::<Uri>() {
            Ok(uri) => {
                *request.uri_mut() = uri;
                self.network.exchange(request)
            }
            Err(error) => Box::pin(async move { Err(error.to_string()) }),
        }
    }
}

fn failures(report: &Report) -> Vec<Failure> {
    let of_flow = |flow: &flows::FlowReport| {
        let step = flow.steps.iter().find(|step| !step.outcome.passed())?;
        let Outcome::Failed { expected, seen } = &step.outcome else { return None };
        let what = format!("{}, {}: expected {expected}, saw {seen}", step.name, step.request);
        Some(Failure { flow: flow.name.to_owned(), what })
    };
    report.flows.iter().filter_map(of_flow).collect()
}
