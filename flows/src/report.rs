//! What the flows saw, for programs and for people.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

/// What all flows saw.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The base URL that they ran against.
    pub base_url: String,
    /// One report for each flow, in the order in which they ran.
    pub flows: Vec<FlowReport>,
}

/// What one flow saw.
#[derive(Clone, Debug, Serialize)]
pub struct FlowReport {
    /// Which flow it was.
    pub name: &'static str,
    /// Whether all of its steps passed, or the first that did not.
    pub outcome: Outcome,
    /// Its steps, as far as it came.
    pub steps: Vec<Step>,
}

/// One request and what was expected of its answer, or several of the same when it had to be
/// waited for.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// What it was for.
    pub name: &'static str,
    /// The method and the path.
    pub request: String,
    /// The status of the last answer; none when there was none.
    pub status: Option<u16>,
    /// How long it took, in milliseconds when serialised; a step that waits, with its waiting.
    #[serde(rename = "elapsed_ms", serialize_with = "as_milliseconds")]
    pub elapsed: Duration,
    /// Whether the answer was the expected one.
    pub outcome: Outcome,
}

/// How a step or a flow ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Outcome {
    /// As expected.
    Passed,
    /// Otherwise.
    Failed {
        /// What was expected.
        expected: String,
        /// What was seen instead: the status and the first bytes of the body, or why there was no
        /// answer.
        seen: String,
    },
}

impl Outcome {
    /// Whether it is the expected one.
    #[must_use]
    pub fn passed(&self) -> bool {
        *self == Self::Passed
    }
}

impl Report {
    /// Whether every flow passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.flows.iter().all(|flow| flow.outcome.passed())
    }
}

impl FlowReport {
    /// The report of a flow with these steps; it failed as the first step that did.
    pub(crate) fn of(name: &'static str, steps: Vec<Step>) -> Self {
        let outcome = steps
            .iter()
            .map(|step| &step.outcome)
            .find(|outcome| !outcome.passed())
            .unwrap_or(&Outcome::Passed)
            .clone();
        Self { name, outcome, steps }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "flows against {}", self.base_url)?;
        self.flows.iter().try_for_each(|flow| flow.fmt(f))
    }
}

impl fmt::Display for FlowReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", mark(&self.outcome), self.name)?;
        self.steps.iter().try_for_each(|step| step.fmt(f))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.status.map_or("-".to_owned(), |status| status.to_string());
        let milliseconds = self.elapsed.as_millis();
        let (mark, name, request) = (mark(&self.outcome), self.name, &self.request);
        writeln!(f, "  {mark} {name}: {request}: {status} in {milliseconds} ms")?;
        if let Outcome::Failed { expected, seen } = &self.outcome {
            writeln!(f, "         expected {expected}")?;
            writeln!(f, "         saw {seen}")?;
        }
        Ok(())
    }
}

fn mark(outcome: &Outcome) -> &'static str {
    if outcome.passed() { "ok    " } else { "FAILED" }
}

fn as_milliseconds<S: Serializer>(elapsed: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(elapsed.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(name: &'static str, status: Option<u16>, outcome: Outcome) -> Step {
        Step { name, request: "GET /l/a".to_owned(), status, elapsed: Duration::from_micros(1500), outcome }
    }

    fn report() -> Report {
        let failed = Outcome::Failed { expected: "status 307".to_owned(), seen: "status 500: oops".to_owned() };
        let steps = vec![
            step("create", Some(201), Outcome::Passed),
            step("follow", Some(500), failed),
            step("delete", None, Outcome::Passed),
        ];
        Report { base_url: "http://localhost/".to_owned(), flows: vec![FlowReport::of("a flow", steps)] }
    }

    #[test]
    fn a_flow_fails_as_its_first_failing_step_does() {
        let report = report();
        assert!(!report.passed());
        assert_eq!(report.flows[0].outcome, report.flows[0].steps[1].outcome);
        let steps = vec![step("create", Some(201), Outcome::Passed)];
        assert!(FlowReport::of("a flow", steps).outcome.passed());
    }

    #[test]
    fn people_read_what_was_expected_and_seen() {
        let text = "flows against http://localhost/
FAILED a flow
  ok     create: GET /l/a: 201 in 1 ms
  FAILED follow: GET /l/a: 500 in 1 ms
         expected status 307
         saw status 500: oops
  ok     delete: GET /l/a: - in 1 ms
";
        assert_eq!(report().to_string(), text);
    }

    #[test]
    fn programs_read_the_same_as_json() {
        let json = serde_json::to_value(report()).expect("JSON");
        let follow = &json["flows"][0]["steps"][1];
        assert_eq!(follow["elapsed_ms"], 1.5);
        assert_eq!(follow["outcome"]["verdict"], "failed");
        assert_eq!(follow["outcome"]["seen"], "status 500: oops");
        assert_eq!(json["flows"][0]["steps"][0]["outcome"]["verdict"], "passed");
    }
}
