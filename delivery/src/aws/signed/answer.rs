//! Answers that refuse, in the protocols of the services.

use bytes::Bytes;
use http::{Response, StatusCode};
use thiserror::Error;

/// A service did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{code}: {message}")]
pub struct Refusal {
    /// AWS's code, `AccessDenied` for one; the status when there is none.
    pub code: String,
    /// AWS's words.
    pub message: String,
}

/// Codes that another attempt may mend, beside every status from 500 on.
const PASSING: [&str; 6] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "RequestThrottled",
];

impl Refusal {
    /// What an answer says when it is none of success.
    pub(super) fn in_answer(response: &Response<Bytes>) -> Option<Self> {
        if response.status().is_success() {
            return None;
        }
        let text = String::from_utf8_lossy(response.body());
        let (code, message) = match serde_json::from_str::<serde_json::Value>(&text) {
            Ok(json) => {
                let code = json["__type"].as_str().or_else(|| json["code"].as_str()).map(str::to_owned);
                (code, json["message"].as_str().or_else(|| json["Message"].as_str()).map(str::to_owned))
            }
            Err(_) => (element(&text, "Code"), element(&text, "Message")),
        };
        // `com.amazonaws.logs#ResourceNotFoundException` and `ResourceNotFoundException:http://...`.
        let code = code.as_deref().and_then(|code| code.rsplit('#').next()?.split(':').next());
        Some(Self {
            code: code.map_or_else(|| response.status().to_string(), str::to_owned),
            message: message.unwrap_or_default(),
        })
    }

    /// Whether the caller may not ask.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        matches!(self.code.as_str(), "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation")
    }
}

/// The refusal, when another attempt may end better.
pub(super) fn passing(response: &Response<Bytes>) -> Option<Refusal> {
    let refusal = Refusal::in_answer(response)?;
    let status = response.status();
    let passes = status.is_server_error()
        || status == StatusCode::TOO_MANY_REQUESTS
        // Credentials that have just expired are read anew for the next attempt.
        || matches!(refusal.code.as_str(), "ExpiredToken" | "ExpiredTokenException" | "RequestExpired")
        || PASSING.contains(&refusal.code.as_str());
    passes.then_some(refusal)
}

/// The text of the first element of a name: enough for the errors of the query protocol.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    Some(text.replace("&apos;", "'").replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &'static str) -> Response<Bytes> {
        Response::builder().status(status).body(Bytes::from(body)).expect("an answer")
    }

    #[track_caller]
    fn check(status: u16, body: &'static str, code: &str, message: &str, passes: bool) {
        let answer = answer(status, body);
        let refusal = Refusal { code: code.to_owned(), message: message.to_owned() };
        assert_eq!(Refusal::in_answer(&answer), Some(refusal));
        assert_eq!(passing(&answer).is_some(), passes, "{body}");
    }

    #[test]
    fn refusals_are_read_from_either_protocol() {
        let json = r#"{"__type":"com.amazonaws.logs#ResourceNotFoundException","message":"no"}"#;
        check(400, json, "ResourceNotFoundException", "no", false);
        let json = r#"{"__type":"ThrottlingException","Message":"slow down"}"#;
        check(400, json, "ThrottlingException", "slow down", true);
        let xml = "<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>a &amp; b</Message></Error></ErrorResponse>";
        check(404, xml, "NoSuchEntity", "a & b", false);
        check(403, "<ErrorResponse><Error><Code>ExpiredToken</Code></Error></ErrorResponse>", "ExpiredToken", "", true);
        check(503, "busy", "503 Service Unavailable", "", true);
        check(403, "", "403 Forbidden", "", false);
        assert_eq!(Refusal::in_answer(&answer(200, "{}")), None);
    }
}
