//! The flows: what users do that must never break.

mod life_of_a_link;
mod refused;

use crate::client::Client;
use crate::report::{FlowReport, Outcome, Report, Step};
use crate::transport::{Network, Transport};
use crate::{Secret, Target};

/// What the slug of every link begins with that a flow makes.
pub const SLUG_PREFIX: &str = "flow-";

/// Runs every flow over the network; `draw` gives a word that nobody else has, from letters and digits.
pub(crate) async fn run_all(target: &Target, draw: impl Fn() -> String) -> Report {
    match Network::to(target) {
        Ok(network) => run_all_over(target, &network, draw).await,
        Err(reason) => Report { base_url: target.base_url.to_string(), flows: vec![without_client(reason)] },
    }
}

/// The same over any transport.
pub(crate) async fn run_all_over(target: &Target, transport: &dyn Transport, draw: impl Fn() -> String) -> Report {
    let client = Client::over(transport);
    let slug = || format!("{SLUG_PREFIX}{}", draw());
    let wrong = Secret::new(format!("wrong-{}", draw()));
    let flows = vec![
        life_of_a_link::run(target, &client, &slug()).await,
        refused::without_a_token(target, &client, &slug()).await,
        refused::with_a_wrong_token(target, &client, &slug(), &wrong).await,
    ];
    Report { base_url: target.base_url.to_string(), flows }
}

/// The report when this machine cannot speak to any server at all.
fn without_client(reason: String) -> FlowReport {
    let outcome = Outcome::Failed { expected: "a client".to_owned(), seen: reason };
    let step =
        Step { name: "prepare", request: "-".to_owned(), status: None, elapsed: std::time::Duration::ZERO, outcome };
    FlowReport::of("prepare", vec![step])
}
