//! Whether an answer comes from the commit that was deployed.

use bytes::Bytes;
use http::{Request, Response, StatusCode};

use super::Smoke;

/// The header in which an answer names its commit.
pub(crate) const HEADER: &str = "x-commit";

/// How much of an answer is repeated.
const EXCERPT: usize = 200;

impl Smoke<'_> {
    /// Asks one path for its commit; what was seen, well or not.
    pub(super) async fn identity(&self, path: &str) -> Result<String, String> {
        let base = self.settings.base_url.as_str().trim_end_matches('/');
        let request = Request::get(format!("{base}{path}"))
            // A connection of its own: through one that is kept the same task answers always.
            .header(http::header::CONNECTION, "close")
            .header(http::header::CACHE_CONTROL, "no-cache")
            .body(Bytes::new())
            .map_err(|error| error.to_string())?;
        let answer = self.transport.send(request, self.settings.smoke.timeout).await;
        judge(&answer.map_err(|error| error.to_string())?, self.commit.as_str(), path == "/health")
            .map_err(|unwell| unwell.words)
    }
}

/// What is wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unwell {
    /// What was seen, for people.
    pub(crate) words: String,
    /// Whether another commit answered, and answered well.
    pub(crate) is_another: bool,
}

/// Whether this is 200 with this commit. `/ready` need not name one; a wrong one is wrong anywhere.
pub(crate) fn judge(answer: &Response<Bytes>, expected: &str, named: bool) -> Result<String, Unwell> {
    let status = answer.status();
    let unwell = |words| Err(Unwell { words, is_another: false });
    if status != StatusCode::OK {
        return unwell(format!("{status}: {}", excerpt(answer.body())));
    }
    let body: serde_json::Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let header = answer.headers().get(HEADER).and_then(|value| value.to_str().ok());
    match header.or(body["commit"].as_str()) {
        Some(commit) if commit == expected => Ok(format!("{status} from {}", short(commit))),
        Some(commit) => Err(Unwell {
            words: format!("{status} from {}, expected {}", excerpt(short(commit).as_bytes()), short(expected)),
            is_another: true,
        }),
        None if named => unwell(format!("{status} without a commit: {}", excerpt(answer.body()))),
        None => Ok(format!("{status}, no commit named")),
    }
}

fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

/// The beginning of some bytes, on one line.
fn excerpt(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut excerpt: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(EXCERPT).collect();
    if text.chars().count() > EXCERPT {
        excerpt.push_str(" ...");
    }
    if excerpt.trim().is_empty() { "no body".to_owned() } else { excerpt.trim().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, body: &str, named: bool, expected: Result<&str, &str>) {
        let commit = "a".repeat(40);
        let answer = Response::builder().status(status).body(Bytes::from(body.to_owned())).expect("an answer");
        let judged = judge(&answer, &commit, named).map_err(|unwell| unwell.words);
        assert_eq!(judged.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn only_the_right_commit_is_well() {
        let ours = format!(r#"{{"status":"alive","commit":"{}"}}"#, "a".repeat(40));
        let other = format!(r#"{{"commit":"{}"}}"#, "b".repeat(40));
        check(200, &ours, true, Ok("200 OK from aaaaaaaaaaaa"));
        check(200, &other, true, Err("200 OK from bbbbbbbbbbbb, expected aaaaaaaaaaaa"));
        check(200, &other, false, Err("200 OK from bbbbbbbbbbbb, expected aaaaaaaaaaaa"));
        check(200, "{}", true, Err("200 OK without a commit: {}"));
        check(200, "{}", false, Ok("200 OK, no commit named"));
        check(200, "", false, Ok("200 OK, no commit named"));
        check(503, "{\"title\":\n\"down\"}", true, Err("503 Service Unavailable: {\"title\": \"down\"}"));
        check(301, "", true, Err("301 Moved Permanently: no body"));
    }
}
