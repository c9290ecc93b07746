//! The critical flows during a watch: each time all of them, and once more when one breaks.

use flows::{Outcome, Report, Target};
use tokio::sync::oneshot;

use super::Subject;
use super::answer::{Behind, Parties, Way, Whose, commit_of};
use super::ledger::Ledger;
use crate::aws::Transport;
use crate::edge::Clock;
use crate::smoke::NEVER;
use url::Url;

/// What one run of the flows came to.
#[derive(Clone, Debug)]
pub(super) enum Walked {
    /// All passed, so many.
    Passed(usize),
    /// One broke, twice: which, at which step, and how.
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
    parties: Parties,
    way: Way,
    behind: Behind,
    ledger: Ledger,
    clock: Clock,
}

impl Walker {
    /// Runs flows at this address; none without a token or at an address that flows cannot use, and why.
    pub(super) fn new(
        subject: &Subject<'_>,
        base: &Url,
        (parties, way, behind): (Parties, Way, Behind),
        ledger: Ledger,
    ) -> Result<Self, String> {
        let Some(token) = &subject.token else {
            return Err(format!("the environment variable {} is not set", subject.environment.token_variable));
        };
        let target =
            Target::new(base.clone(), flows::Secret::new(token.reveal())).map_err(|error| error.to_string())?;
        let target = target.with_timeout(subject.environment.smoke.timeout);
        let transport = subject.clients.transport.clone();
        Ok(Self { target, over: Counting { transport, parties, way, behind, ledger, clock: subject.clock } })
    }

    /// Runs every flow, and once more when one breaks. It goes on when nobody waits any more: a flow
    /// removes what it has made.
    pub(super) async fn walk(self) -> Option<Walked> {
        let (sender, receiver) = oneshot::channel();
        tokio::spawn(async move {
            let mut report = flows::run_over(&self.target, &self.over).await;
            if !report.passed() && !sender.is_closed() {
                report = flows::run_over(&self.target, &self.over).await;
            }
            // Nobody may be listening any more.
            let _ = sender.send(judged(&report));
        });
        receiver.await.ok()
    }
}

fn judged(report: &Report) -> Walked {
    match broken(report) {
        Some(words) => Walked::Broke(words),
        None => Walked::Passed(report.flows.len()),
    }
}

/// The first flow that broke, its step, what was expected and what was seen.
fn broken(report: &Report) -> Option<String> {
    let flow = report.flows.iter().find(|flow| !flow.outcome.passed())?;
    let step = flow.steps.iter().find(|step| !step.outcome.passed());
    let Outcome::Failed { expected, seen } = &flow.outcome else { return None };
    let step = step.map(|step| format!("{} ({})", step.name, step.request)).unwrap_or_default();
    Some(format!("{} broke at {step}: expected {expected}, saw {seen}", flow.name))
}

impl flows::Transport for Counting {
    fn exchange(&self, request: http::Request<Vec<u8>>) -> flows::Exchange<'_> {
        Box::pin(async move {
            let path = request.uri().path().to_owned();
            let answer = self.transport.send(request, NEVER).await.map_err(|error| error.to_string())?;
            let whose = self.parties.whose(commit_of(&answer, &path).as_deref(), self.way, self.behind);
            let is_error = answer.status().is_server_error();
            match whose {
                Whose::Candidate => self.ledger.note(self.clock.now(), true, is_error),
                Whose::Serving => self.ledger.note(self.clock.now(), false, is_error),
                Whose::Stranger | Whose::Unknown => {}
            }
            Ok(answer.map(|body| body.to_vec()))
        })
    }
}
