//! The critical user flows, run against a base URL: in tests, in staging and in production.
//!
//! [`run`] walks every flow and says what it saw, with timings. Nothing in it panics or is retried
//! in silence: a server that does not answer is an outcome like any other.
//!
//! **Invariant**: a flow removes what it made, also when a later step fails. What it cannot remove
//! has the slug prefix [`SLUG_PREFIX`], by which it can be found.
//!
//! **Invariant**: a report holds no secret, whatever the server answers.

mod answer;
mod client;
mod flow;
mod journey;
mod report;
mod secret;
mod target;
mod transport;

pub use flow::SLUG_PREFIX;
pub use report::{FlowReport, Outcome, Report, Step};
pub use reqwest::Url;
pub use secret::Secret;
pub use target::{InvalidTarget, Target};
pub use transport::{Exchange, Network, Transport};

/// Runs every flow, one after the other, against the target, over the network.
///
/// The names of the links that they make are drawn at random, so that runs at the same time do not
/// meet.
pub async fn run(target: &Target) -> Report {
    flow::run_all(target, draw).await
}

/// The same over a transport of the caller's.
pub async fn run_over(target: &Target, transport: &dyn Transport) -> Report {
    flow::run_all_over(target, transport, draw).await
}

fn draw() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}
