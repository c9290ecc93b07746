//! The name of a request in logs and answers: the caller's, when it is a sane one, else our own.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// The header it comes in and goes out by.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const MAX_LENGTH: usize = 128;

/// The caller's request id, or a new one made from `random`.
pub fn from_headers(headers: &HeaderMap, random: impl FnOnce() -> u128) -> HeaderValue {
    match headers.get(X_REQUEST_ID) {
        Some(value) if is_sane(value.as_bytes()) => value.clone(),
        _ => generate(random()),
    }
}

/// What goes into every log line of a request must not be able to forge one or to flood the log.
fn is_sane(value: &[u8]) -> bool {
    (1..=MAX_LENGTH).contains(&value.len())
        && value.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:=/+".contains(byte))
}

fn generate(random: u128) -> HeaderValue {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 32];
    for (pair, byte) in text.chunks_exact_mut(2).zip(random.to_be_bytes()) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    HeaderValue::from_bytes(&text).expect("hexadecimal digits are a header value")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sane_id_is_kept_and_any_other_is_replaced() {
        let own = "0123456789abcdef0123456789abcdef";
        for (given, kept) in [
            (Some("Root=1-5759e988-bd862e3fe1be46a994272793"), true),
            (Some("a"), true),
            (Some(""), false),
            (Some("a b"), false),
            (Some("\"},{"), false),
            (Some("x".repeat(129).as_str()), false),
            (None, false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(given) = given {
                headers.insert(X_REQUEST_ID, given.parse().unwrap());
            }
            let id = from_headers(&headers, || 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
            let expected = if kept { given.unwrap() } else { own };
            assert_eq!(id, expected, "{given:?}");
        }
    }
}
