//! Where a link leads.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Browsers and proxies agree on about this much; it also fits into a B-tree page of PostgreSQL.
const MAX_LENGTH: usize = 2048;

/// An absolute URL with `http` or `https`, a host, and nothing that [RFC 3986] would have escaped.
///
/// No user name, so that `https://bank.example@evil.example/` cannot be made to look harmless. What
/// is accepted is exactly what the pattern of the schema says.
///
/// [RFC 3986]: https://www.rfc-editor.org/rfc/rfc3986
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(
    value_type = String,
    pattern = r"^https?://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:([0-9]{1,4}|[0-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?([/?#][!-~]*)?$",
    max_length = 2048,
    example = "https://example.com/a/long/path?with=parameters"
)]
pub struct TargetUrl(String);

impl TargetUrl {
    /// The URL as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TargetUrl {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.len() > MAX_LENGTH {
            return Err("is longer than 2048 characters");
        }
        let rest = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"))
            .ok_or("must begin with `https://` or `http://`")?;
        let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        };
        if !is_host(host.as_bytes()) {
            return Err("needs a host of letters, digits, dots and hyphens, and no user name");
        }
        if port.is_some_and(|port| !is_port(port)) {
            return Err("has a port that is not one to five digits up to 65535");
        }
        if !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("has a space, a control character or a letter beyond ASCII: escape it");
        }
        Ok(Self(text))
    }
}

fn is_host(host: &[u8]) -> bool {
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    host.first().is_some_and(u8::is_ascii_alphanumeric)
        && host.last().is_some_and(u8::is_ascii_alphanumeric)
        && host.iter().all(is_allowed)
}

fn is_port(port: &str) -> bool {
    (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_an_http_url_with_a_host_and_nothing_unescaped() {
        for (text, reason) in [
            ("https://example.com", None),
            ("http://localhost:8080/?q=%20#top", None),
            ("https://192.0.2.1/a", None),
            ("https://example.com?q", None),
            ("https://example.com:65535/", None),
            ("https://example.com:65536/", Some("port")),
            ("https://example.com:/", Some("port")),
            ("https://example.com:+1/", Some("port")),
            ("ftp://example.com/", Some("must begin")),
            ("javascript:alert(1)", Some("must begin")),
            ("HTTPS://example.com/", Some("must begin")),
            ("", Some("must begin")),
            ("https://", Some("host")),
            ("https:///path", Some("host")),
            ("https://user@example.com/", Some("host")),
            ("https://user:1@example.com/", Some("port")),
            ("https://-example.com/", Some("host")),
            ("https://ex\u{e4}mple.com/", Some("host")),
            ("https://example.com\n", Some("host")),
            ("https://example.com/a b", Some("space")),
            ("https://example.com/\u{0}", Some("control")),
            ("https://example.com/\r\nSet-Cookie: a", Some("control")),
        ] {
            let result = TargetUrl::try_from(text.to_owned());
            match reason {
                None => assert!(result.is_ok(), "{text}: {result:?}"),
                Some(reason) => {
                    assert!(result.expect_err(text).contains(reason), "{text}: {reason}");
                }
            }
        }
    }

    #[test]
    fn a_target_has_a_longest_length() {
        let longest = format!("https://example.com/{}", "a".repeat(2048 - 20));
        assert!(TargetUrl::try_from(longest.clone()).is_ok());
        assert!(TargetUrl::try_from(longest + "a").is_err());
    }
}
