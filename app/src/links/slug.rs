//! The name of a link.

use rand::RngExt;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const MAX_LENGTH: usize = 64;
const GENERATED_LENGTH: usize = 8;

/// One to 64 letters, digits, hyphens and underscores; case matters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(value_type = String, pattern = "^[A-Za-z0-9_-]{1,64}$", example = "k3Xw9_ab")]
pub struct Slug(String);

impl Slug {
    /// A slug that nobody can guess the next of: 62^8 is over 2 * 10^14.
    pub fn random(random: &mut impl RngExt) -> Self {
        const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let letter = |_| char::from(LETTERS[random.random_range(0..LETTERS.len())]);
        Self((0..GENERATED_LENGTH).map(letter).collect())
    }

    /// The slug as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Slug {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if (1..=MAX_LENGTH).contains(&text.len()) && text.bytes().all(is_allowed) {
            Ok(Self(text))
        } else {
            Err("a slug is 1 to 64 letters, digits, hyphens or underscores")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_letters_digits_hyphens_and_underscores() {
        for (text, expected) in [
            ("a", true),
            ("Az09-_", true),
            ("x".repeat(64).as_str(), true),
            ("x".repeat(65).as_str(), false),
            ("", false),
            ("a b", false),
            ("a/b", false),
            ("..", false),
            ("a\u{0}", false),
            ("a\n", false),
            ("\u{e9}", false),
        ] {
            assert_eq!(Slug::try_from(text.to_owned()).is_ok(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_random_slug_is_a_slug() {
        let slug = Slug::random(&mut rand::rng());
        assert_eq!(slug.as_str().len(), GENERATED_LENGTH);
        assert_eq!(Slug::try_from(slug.0.clone()), Ok(slug));
    }
}
