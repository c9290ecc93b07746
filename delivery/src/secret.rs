//! What may never be seen, and the filter through which all goes that others wrote.
//!
//! **Invariant**: nothing that a task, a service or AWS said reaches a person or a file but through a
//! [`Redactor`].

mod shape;

use std::fmt;
use std::sync::Arc;

/// What stands in for a secret.
pub const HIDDEN: &str = "***";

/// A secret of fewer characters than this would be found in innocent words.
const SHORTEST: usize = 4;

/// A value that is used and never shown.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for where it is sent.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Secret({HIDDEN})")
    }
}

/// Hides the secrets that it knows, and what looks like one.
#[derive(Clone, Default)]
pub struct Redactor {
    /// The longest first, so that one within another leaves nothing behind.
    known: Arc<[String]>,
}

// It knows what nobody may see.
impl fmt::Debug for Redactor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Redactor({} secrets)", self.known.len())
    }
}

impl Redactor {
    /// Hides these values, however they are escaped, and what looks like a secret.
    pub fn knowing<S: AsRef<str>>(values: impl IntoIterator<Item = S>) -> Self {
        let mut known: Vec<String> = values
            .into_iter()
            .flat_map(|value| spellings(value.as_ref().trim()))
            .filter(|value| value.chars().count() >= SHORTEST)
            .collect();
        known.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        known.dedup();
        Self { known: known.into() }
    }

    /// The same, which hides these values too.
    #[must_use]
    pub fn and<S: AsRef<str>>(&self, values: impl IntoIterator<Item = S>) -> Self {
        let values = values.into_iter().map(|value| value.as_ref().to_owned());
        Self::knowing(self.known.iter().cloned().chain(values))
    }

    /// The text without secrets.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &*self.known {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), HIDDEN);
            }
        }
        shape::hide(&text)
    }
}

/// A value, and how it looks in JSON, in a URL and in base64, where it is worth looking for.
fn spellings(value: &str) -> Vec<String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD_NO_PAD;

    let mut spellings = vec![value.to_owned()];
    if let Ok(json) = serde_json::to_string(value) {
        spellings.push(json.trim_matches('"').to_owned());
    }
    spellings.push(url::form_urlencoded::byte_serialize(value.as_bytes()).collect());
    if value.len() >= 2 * SHORTEST {
        spellings.push(STANDARD_NO_PAD.encode(value));
    }
    // The password inside a connection string is a secret of its own.
    if let Ok(url) = url::Url::parse(value)
        && let Some(password) = url.password()
    {
        spellings.push(password.to_owned());
        let decoded = url::form_urlencoded::parse(format!("p={}", password.replace('+', "%2B")).as_bytes())
            .map(|(_, value)| value.into_owned())
            .collect::<String>();
        spellings.push(decoded);
    }
    spellings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_secret_is_hidden_however_it_is_written() {
        let redactor = Redactor::knowing(["hun\"ter2 &", "postgres://app:s3cr%2Ft@db/app"]);
        for (text, expected) in [
            ("token hun\"ter2 & was", "token *** was"),
            (r#"{"token":"hun\"ter2 &"}"#, r#"{"token":"***"}"#),
            ("token=hun%22ter2+%26", "token=***"),
            ("aHVuInRlcjIgJg==", "***=="),
            ("connecting to postgres://app:s3cr%2Ft@db/app failed", "connecting to *** failed"),
            ("password s3cr/t is wrong", "password *** is wrong"),
            ("nothing to see", "nothing to see"),
        ] {
            assert_eq!(redactor.redact(text), expected);
        }
    }

    #[test]
    fn a_secret_within_another_leaves_nothing_behind() {
        let redactor = Redactor::knowing(["abcd", "abcdefgh"]);
        assert_eq!(redactor.redact("abcdefgh abcd"), "*** ***");
    }

    #[test]
    fn neither_a_secret_nor_a_redactor_shows_itself() {
        let text = format!("{:?} {:?}", Secret::new("hunter2"), Redactor::knowing(["hunter2"]));
        assert!(!text.contains("hunter2"), "{text}");
    }

    #[test]
    fn what_is_too_short_to_be_told_from_words_is_left_alone() {
        assert_eq!(Redactor::knowing(["a", "", "app"]).redact("an app"), "an app");
    }
}
