//! An answer, and whether it is the expected one.

use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use serde_json::Value;

/// How much of a body a report repeats.
const EXCERPT: usize = 300;

/// An answer as far as the flows look at it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// What was expected, and what was seen instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mismatch {
    pub(crate) expected: String,
    pub(crate) seen: String,
}

impl Answer {
    /// Whether the status is one of those.
    pub(crate) fn expect_status(&self, accepted: &[u16]) -> Result<(), Mismatch> {
        if accepted.contains(&self.status) {
            return Ok(());
        }
        let accepted: Vec<String> = accepted.iter().map(ToString::to_string).collect();
        Err(self.instead_of(format!("status {}", accepted.join(" or "))))
    }

    /// Whether the `Location` is exactly that.
    pub(crate) fn expect_location(&self, expected: &str) -> Result<(), Mismatch> {
        let seen = self.headers.get(LOCATION).map(HeaderValue::as_bytes);
        if seen == Some(expected.as_bytes()) {
            return Ok(());
        }
        Err(Mismatch {
            expected: format!("status {} with location {expected}", self.status),
            seen: match seen {
                Some(seen) => format!("location {}", excerpt(seen)),
                None => "no location".to_owned(),
            },
        })
    }

    /// Whether it is an error with that status, said as [RFC 9457] has it.
    ///
    /// [RFC 9457]: https://www.rfc-editor.org/rfc/rfc9457
    pub(crate) fn expect_problem(&self, status: u16) -> Result<(), Mismatch> {
        self.expect_status(&[status])?;
        let kind = self.headers.get(CONTENT_TYPE).map_or(&b"none"[..], HeaderValue::as_bytes);
        if kind.starts_with(b"application/problem+json") {
            return Ok(());
        }
        Err(Mismatch {
            expected: format!("status {status} with content type application/problem+json"),
            seen: format!("content type {}: {}", excerpt(kind), excerpt(&self.body)),
        })
    }

    /// Whether the body is JSON whose field is that.
    pub(crate) fn expect_field(&self, field: &str, expected: &str) -> Result<(), Mismatch> {
        if self.json()[field].as_str() == Some(expected) {
            return Ok(());
        }
        Err(self.instead_of(format!("JSON with {field} `{expected}`")))
    }

    /// Whether the body is JSON whose field is a number of at least that.
    pub(crate) fn expect_at_least(&self, field: &str, least: u64) -> Result<(), Mismatch> {
        if self.json()[field].as_u64().is_some_and(|seen| seen >= least) {
            return Ok(());
        }
        Err(self.instead_of(format!("JSON with {field} of at least {least}")))
    }

    /// The body as JSON, or null.
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    fn instead_of(&self, expected: String) -> Mismatch {
        let body = match self.body.as_slice() {
            [] => "no body".to_owned(),
            body => excerpt(body),
        };
        Mismatch { expected, seen: format!("status {}: {body}", self.status) }
    }
}

/// The beginning of some bytes, on one line.
fn excerpt(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut excerpt: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(EXCERPT).collect();
    if text.chars().count() > EXCERPT {
        excerpt.push_str(" ...");
    }
    excerpt
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
        Answer {
            status,
            headers: headers
                .iter()
                .map(|(name, value)| {
                    let name = http::header::HeaderName::from_static(name);
                    (name, value.parse().expect("a header"))
                })
                .collect(),
            body: body.as_bytes().to_vec(),
        }
    }

    #[track_caller]
    fn check(seen: &Result<(), Mismatch>, expected: &str, instead: &str) {
        let expected = Mismatch { expected: expected.to_owned(), seen: instead.to_owned() };
        assert_eq!(*seen, Err(expected));
    }

    #[test]
    fn a_mismatch_says_what_was_expected_and_seen() {
        let oops = answer(500, &[], "oops\n");
        check(&oops.expect_status(&[204, 404]), "status 204 or 404", "status 500: oops ");
        check(&answer(200, &[], "").expect_status(&[204]), "status 204", "status 200: no body");
        check(
            &answer(307, &[("location", "/b")], "").expect_location("/a"),
            "status 307 with location /a",
            "location /b",
        );
        check(&answer(201, &[], "").expect_location("/a"), "status 201 with location /a", "no location");
        check(
            &answer(401, &[("content-type", "text/plain")], "no").expect_problem(401),
            "status 401 with content type application/problem+json",
            "content type text/plain: no",
        );
        check(
            &answer(200, &[], r#"{"total":"1"}"#).expect_at_least("total", 1),
            "JSON with total of at least 1",
            r#"status 200: {"total":"1"}"#,
        );
        check(&answer(200, &[], "[]").expect_field("slug", "a"), "JSON with slug `a`", "status 200: []");
    }

    #[test]
    fn what_is_as_expected_passes() {
        let problem = [("content-type", "application/problem+json; charset=utf-8")];
        let body = r#"{"total":2,"slug":"a"}"#;
        let outcomes = [
            answer(404, &[], "").expect_status(&[204, 404]),
            answer(307, &[("location", "/a")], "").expect_location("/a"),
            answer(404, &problem, "{}").expect_problem(404),
            answer(200, &[], body).expect_at_least("total", 2),
            answer(200, &[], body).expect_field("slug", "a"),
        ];
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    }

    #[test]
    fn a_long_body_is_cut_between_letters() {
        let long = "\u{e9}".repeat(EXCERPT + 1);
        let expected = format!("{} ...", "\u{e9}".repeat(EXCERPT));
        assert_eq!(excerpt(long.as_bytes()), expected);
    }
}
