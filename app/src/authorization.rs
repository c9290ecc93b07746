//! Who may use the API: whoever holds its token.

use std::fmt;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::problem::Problem;
use crate::state::App;

/// The shortest token that is accepted as a setting, in bytes.
pub const MIN_TOKEN_LENGTH: usize = 16;

/// The token, kept as its digest: two digests have one length, so that comparing them takes the same
/// time whatever was sent, and the token itself cannot be printed by accident.
#[derive(Clone)]
pub struct ApiToken([u8; 32]);

impl ApiToken {
    /// The token of the configuration.
    #[must_use]
    pub fn new(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }

    fn is(&self, candidate: &[u8]) -> bool {
        let candidate: [u8; 32] = Sha256::digest(candidate).into();
        self.0.ct_eq(&candidate).into()
    }
}

impl fmt::Debug for ApiToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ApiToken(..)")
    }
}

/// Proof that the request carried the token ([RFC 6750]). A handler that takes it as an argument
/// cannot be reached without.
///
/// [RFC 6750]: https://www.rfc-editor.org/rfc/rfc6750
#[derive(Debug)]
pub struct Authorized;

impl FromRequestParts<Arc<App>> for Authorized {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let value = parts.headers.get(header::AUTHORIZATION).ok_or_else(missing)?;
        let token = bearer(value.as_bytes()).ok_or_else(missing)?;
        if app.token.is(token) {
            Ok(Self)
        } else {
            Err(Problem::unauthorized("Bearer error=\"invalid_token\"", "the token is not the one of this service"))
        }
    }
}

fn missing() -> Problem {
    Problem::unauthorized("Bearer", "a token is needed, sent as `Authorization: Bearer <token>`")
}

fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_itself_is_accepted() {
        let token = ApiToken::new("correct horse battery staple");
        for (candidate, expected) in [
            ("correct horse battery staple", true),
            ("correct horse battery stapl", false),
            ("correct horse battery staple ", false),
            ("", false),
        ] {
            assert_eq!(token.is(candidate.as_bytes()), expected, "{candidate:?}");
        }
    }

    #[test]
    fn the_scheme_is_read_without_regard_to_case() {
        for (header, expected) in [
            ("Bearer abc", Some("abc")),
            ("bearer  abc", Some("abc")),
            ("Basic abc", None),
            ("Bearer", None),
            ("", None),
        ] {
            assert_eq!(bearer(header.as_bytes()), expected.map(str::as_bytes), "{header:?}");
        }
    }

    #[test]
    fn a_token_is_not_printed() {
        assert_eq!(format!("{:?}", ApiToken::new("abcdefghijklmnop")), "ApiToken(..)");
    }
}
