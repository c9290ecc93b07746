//! Lists in pages: as many as were asked for, and a token for the rest.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// The token is none that this cloud gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadToken;

/// At most `most` of these after what the token's page ended with, and the token for what follows.
pub(crate) fn page<T>(items: Vec<T>, token: Option<&str>, most: usize) -> Result<(Vec<T>, Option<String>), BadToken> {
    let start = match token {
        None => 0,
        Some(token) => {
            let decoded = BASE64_STANDARD.decode(token).map_err(|_| BadToken)?;
            let text = String::from_utf8(decoded).map_err(|_| BadToken)?;
            text.strip_prefix("from ").and_then(|from| from.parse().ok()).ok_or(BadToken)?
        }
    };
    let end = most.saturating_add(start);
    let next = (items.len() > end).then(|| BASE64_STANDARD.encode(format!("from {end}")));
    Ok((items.into_iter().skip(start).take(most).collect(), next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_one_another_to_the_end() {
        let mut seen = Vec::new();
        let mut token = None;
        loop {
            let (items, next) = page((0..7).collect(), token.as_deref(), 3).expect("a page");
            assert!(items.len() <= 3);
            seen.extend(items);
            token = next;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(seen, [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(page(vec![1, 2, 3], None, 3), Ok((vec![1, 2, 3], None)));
        assert_eq!(page(Vec::<u8>::new(), None, 3), Ok((vec![], None)));
    }

    #[test]
    fn a_token_that_was_not_given_is_refused() {
        for token in ["", "1", "!", "ZnJvbSB4"] {
            assert_eq!(page(vec![1], Some(token), 3), Err(BadToken), "{token}");
        }
    }
}
