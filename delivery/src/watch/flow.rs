//! The critical flows during a watch: each time all of them, and again when one breaks.

use flows::{Outcome, Report, Target};
use tokio::sync::oneshot;
use url::Url;

use super::Subject;
use super::ledger::Noting;
use crate::aws::Transport;
use crate::smoke::NEVER;

/// How often the same flow has to break in a row. A flow is half a dozen requests. Of a service that is
/// allowed to fail in half a percent of them, one would break twice in a row in 15 of 100 hours' watches,
/// and three times in one of 200.
const ATTEMPTS: u32 = 3;

/// What one run of the flows came to.
#[derive(Clone, Debug)]
pub(super) enum Walked {
    /// All passed, so many.
    Passed(usize),
    /// One broke, each time that it was tried: which, at which step, and how.
    Broke(String),
}

/// What the flows are run with.
#[derive(Clone, Debug)]
pub(super) struct Walker {
    pub(super) target: Target,
    pub(super) over: Counting,
}

/// The engine's transport, with every answer noted as the engine's own.
#[derive(Clone, Debug)]
pub(super) struct Counting {
    transport: Transport,
    noting: Noting,
}

impl Walker {
    /// Runs flows at this address; none without a token or at an address that flows cannot use, and why.
    pub(super) fn new(subject: &Subject<'_>, base: &Url, noting: Noting) -> Result<Self, String> {
        let Some(token) = &subject.token else {
            return Err(format!("the environment variable {} is not set", subject.environment.token_variable));
        };
        let target =
            Target::new(base.clone(), flows::Secret::new(token.reveal())).map_err(|error| error.to_string())?;
        let target = target.with_timeout(subject.environment.smoke.timeout);
        Ok(Self { target, over: Counting { transport: subject.clients.transport.clone(), noting } })
    }

    /// Runs every flow, and again while the same one breaks. It goes on when nobody waits any more: a
    /// flow removes what it has made.
    pub(super) async fn walk(self) -> Option<Walked> {
        let (sender, receiver) = oneshot::channel();
        tokio::spawn(async move {
            let mut report = flows::run_over(&self.target, &self.over).await;
            let mut broken = broken(&report);
            for _ in 1..ATTEMPTS {
                if broken.is_empty() || sender.is_closed() {
                    break;
                }
                report = flows::run_over(&self.target, &self.over).await;
                broken.retain(|name| self::broken(&report).contains(name));
            }
            // Nobody may be listening any more.
            let _ = sender.send(judged(&report, broken.first()));
        });
        receiver.await.ok()
    }
}

/// The names of the flows that broke.
fn broken(report: &Report) -> Vec<&'static str> {
    report.flows.iter().filter(|flow| !flow.outcome.passed()).map(|flow| flow.name).collect()
}

fn judged(report: &Report, broken: Option<&&'static str>) -> Walked {
    let words = broken.and_then(|name| how(report, name));
    words.map_or(Walked::Passed(report.flows.len()), Walked::Broke)
}

/// How a flow broke: the step, what was expected and what was seen.
fn how(report: &Report, name: &str) -> Option<String> {
    let flow = report.flows.iter().find(|flow| flow.name == name)?;
    let step = flow.steps.iter().find(|step| !step.outcome.passed());
    let Outcome::Failed { expected, seen } = &flow.outcome else { return None };
    let step = step.map(|step| format!("{} ({})", step.name, step.request)).unwrap_or_default();
    Some(format!("{name} broke at {step}, {ATTEMPTS} times in a row: expected {expected}, saw {seen}"))
}

impl flows::Transport for Counting {
    fn exchange(&self, request: http::Request<Vec<u8>>) -> flows::Exchange<'_> {
        Box::pin(async move {
            let path = request.uri().path().to_owned();
            let answer = self.transport.send(request, NEVER).await.map_err(|error| error.to_string())?;
            self.noting.note(&answer, &path);
            Ok(answer.map(|body| body.to_vec()))
        })
    }
}
