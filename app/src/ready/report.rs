//! From facts to the verdict: a pure function, and the JSON that shows it.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Found;

/// The verdict and what it rests on.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Report {
    /// The verdict.
    pub status: Status,
    /// What was looked at.
    pub checks: Vec<Check>,
}

/// Whether requests should be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Everything works.
    Ready,
    /// Send requests; some of them will be refused until the failing check passes again.
    Degraded,
    /// Send no requests.
    NotReady,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Check {
    /// `database`, `schema` or `lifecycle`.
    pub name: Cow<'static, str>,
    /// How it is.
    pub state: CheckState,
    /// How many seconds ago it was looked at; null when it has not been yet.
    #[schema(required, minimum = 0)]
    pub age_seconds: Option<f64>,
    /// What was found.
    pub detail: String,
}

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    /// Not looked at yet.
    Pending,
    /// As it should be.
    Passing,
    /// Not as it should be.
    Failing,
}

impl Report {
    /// Whether requests should be sent.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.status != Status::NotReady
    }
}

/// The verdict on what was `found`.
pub(super) fn judge(found: &Found, needed: i64, requires_database: bool, is_draining: bool, now: Instant) -> Report {
    let database = database_check(found, now);
    let schema = schema_check(found, needed, now);
    let lifecycle = lifecycle_check(is_draining);
    let passes = |check: &Check| check.state == CheckState::Passing;
    let status = if is_draining || !passes(&schema) {
        Status::NotReady
    } else if passes(&database) {
        Status::Ready
    } else if requires_database {
        Status::NotReady
    } else {
        Status::Degraded
    };
    Report { status, checks: vec![database, schema, lifecycle] }
}

fn database_check(found: &Found, now: Instant) -> Check {
    let (state, at, detail) = match found.database {
        None => (CheckState::Pending, None, "not reached yet"),
        Some((at, Ok(()))) => (CheckState::Passing, Some(at), "answers"),
        Some((at, Err(reason))) => (CheckState::Failing, Some(at), reason),
    };
    check("database", state, at, now, detail.to_owned())
}

fn schema_check(found: &Found, needed: i64, now: Instant) -> Check {
    let (state, at, detail) = match found.schema {
        None => (CheckState::Pending, None, format!("version {needed} or later is needed")),
        Some((at, version)) => {
            let state = if version >= needed { CheckState::Passing } else { CheckState::Failing };
            let detail = format!("version {version}; {needed} or later is needed");
            (state, Some(at), detail)
        }
    };
    check("schema", state, at, now, detail)
}

fn lifecycle_check(is_draining: bool) -> Check {
    let (state, detail) = if is_draining {
        (CheckState::Failing, "draining: a signal to stop has come")
    } else {
        (CheckState::Passing, "serving")
    };
    Check { name: "lifecycle".into(), state, age_seconds: Some(0.0), detail: detail.to_owned() }
}

fn check(name: &'static str, state: CheckState, at: Option<Instant>, now: Instant, detail: String) -> Check {
    let age = at.map(|at| now.saturating_duration_since(at));
    Check { name: name.into(), state, age_seconds: age.as_ref().map(Duration::as_secs_f64), detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_follows_from_what_was_found() {
        let now = Instant::now();
        let away = Some((now, Err("no answer")));
        let here = Some((now, Ok(())));
        let cases = [
            ("nothing yet", None, None, false, false, Status::NotReady),
            ("never reached", away, None, false, false, Status::NotReady),
            ("too old", here, Some(6), false, false, Status::NotReady),
            ("as needed", here, Some(7), false, false, Status::Ready),
            ("newer", here, Some(9), false, false, Status::Ready),
            ("strict", here, Some(7), true, false, Status::Ready),
            ("lost", away, Some(7), false, false, Status::Degraded),
            ("lost, strict", away, Some(7), true, false, Status::NotReady),
            ("draining", here, Some(7), false, true, Status::NotReady),
        ];
        for (case, database, schema, strict, draining, expected) in cases {
            let found = Found { database, schema: schema.map(|version| (now, version)) };
            let report = judge(&found, 7, strict, draining, now);
            assert_eq!(report.status, expected, "{case}: {report:?}");
        }
    }

    #[test]
    fn each_check_tells_its_age_and_what_was_found() {
        let then = Instant::now();
        let found =
            Found { database: Some((then + Duration::from_secs(2), Err("no answer"))), schema: Some((then, 7)) };
        let now = then + Duration::from_secs(5);
        let report = judge(&found, 8, false, false, now);
        let [database, schema, lifecycle] = &report.checks[..] else {
            panic!("three checks: {report:?}");
        };
        assert_eq!(database.age_seconds, Some(3.0));
        assert_eq!(database.detail, "no answer");
        assert_eq!(schema.age_seconds, Some(5.0));
        assert_eq!(schema.state, CheckState::Failing);
        assert_eq!(schema.detail, "version 7; 8 or later is needed");
        assert_eq!(lifecycle.state, CheckState::Passing);
    }
}
