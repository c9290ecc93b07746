//! A walk through the steps of one flow, which keeps what was seen.

use std::time::Duration;

use tokio::time::Instant;

use crate::answer::{Answer, Mismatch};
use crate::client::{Client, Request};
use crate::report::{FlowReport, Outcome, Step};
use crate::{Secret, Target};

/// The pause before asking again for what is still to happen.
const PAUSE: Duration = Duration::from_millis(100);

/// A step did not pass: the steps after it make no sense. What happened is in the report.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stopped;

/// One flow under way.
pub(crate) struct Journey<'a> {
    pub(crate) target: &'a Target,
    client: &'a Client<'a>,
    steps: Vec<Step>,
}

impl<'a> Journey<'a> {
    pub(crate) fn new(target: &'a Target, client: &'a Client<'a>) -> Self {
        Self { target, client, steps: Vec::new() }
    }

    pub(crate) fn token(&self) -> Secret {
        self.target.token.clone()
    }

    /// Sends a request and looks at its answer.
    pub(crate) async fn step(
        &mut self,
        name: &'static str,
        request: Request,
        check: impl Fn(&Answer) -> Result<(), Mismatch>,
    ) -> Result<(), Stopped> {
        let since = Instant::now();
        let (status, outcome) = self.attempt(&request, self.target.timeout, &check).await;
        self.keep(name, &request, status, since.elapsed(), outcome)
    }

    /// The same, again and again until the answer is the expected one or the deadline has passed.
    pub(crate) async fn eventually(
        &mut self,
        name: &'static str,
        request: Request,
        check: impl Fn(&Answer) -> Result<(), Mismatch>,
    ) -> Result<(), Stopped> {
        let since = Instant::now();
        let deadline = self.target.deadline;
        let (status, outcome) = loop {
            let left = deadline.saturating_sub(since.elapsed());
            let limit = self.target.timeout.min(left.max(PAUSE));
            let (status, outcome) = self.attempt(&request, limit, &check).await;
            match outcome {
                Outcome::Failed { .. } if since.elapsed() + PAUSE < deadline => {
                    tokio::time::sleep(PAUSE).await;
                }
                Outcome::Failed { expected, seen } => {
                    let expected = format!("{expected} within {} ms", deadline.as_millis());
                    break (status, Outcome::Failed { expected, seen });
                }
                Outcome::Passed => break (status, Outcome::Passed),
            }
        };
        self.keep(name, &request, status, since.elapsed(), outcome)
    }

    /// The flow as it was seen.
    pub(crate) fn report(self, name: &'static str) -> FlowReport {
        FlowReport::of(name, self.steps)
    }

    async fn attempt(
        &self,
        request: &Request,
        limit: Duration,
        check: &impl Fn(&Answer) -> Result<(), Mismatch>,
    ) -> (Option<u16>, Outcome) {
        match self.client.exchange(self.target, request, limit).await {
            Ok(answer) => {
                let outcome = check(&answer).map_or_else(
                    |Mismatch { expected, seen }| Outcome::Failed { expected, seen: self.target.token.redact(&seen) },
                    |()| Outcome::Passed,
                );
                (Some(answer.status), outcome)
            }
            Err(reason) => {
                let outcome = Outcome::Failed { expected: "an answer".to_owned(), seen: reason };
                (None, outcome)
            }
        }
    }

    fn keep(
        &mut self,
        name: &'static str,
        request: &Request,
        status: Option<u16>,
        elapsed: Duration,
        outcome: Outcome,
    ) -> Result<(), Stopped> {
        let passed = outcome.passed();
        self.steps.push(Step {
            name,
            request: format!("{} {}", request.method, request.path),
            status,
            elapsed,
            outcome,
        });
        if passed { Ok(()) } else { Err(Stopped) }
    }
}
