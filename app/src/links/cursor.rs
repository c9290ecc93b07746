//! Where a page of the list ended.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Opaque to clients: they send back what `next_cursor` held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^[0-7][0-9a-f]{15}$", example = "000000000000002a")]
pub struct Cursor(i64);

impl Cursor {
    /// The place after the link with this key.
    #[must_use]
    pub fn after(link_id: i64) -> Self {
        Self(link_id)
    }

    /// The key of the last link that was shown.
    #[must_use]
    pub fn link_id(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

impl From<Cursor> for String {
    fn from(cursor: Cursor) -> Self {
        cursor.to_string()
    }
}

impl TryFrom<String> for Cursor {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const REASON: &str = "is not a cursor of this service: send what `next_cursor` held";
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 16 || !text.bytes().all(is_digit) {
            return Err(REASON);
        }
        i64::from_str_radix(&text, 16).map(Self).map_err(|_| REASON)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went_and_nothing_else_is_one() {
        for link_id in [0, 42, i64::MAX] {
            let text = Cursor::after(link_id).to_string();
            assert_eq!(Cursor::try_from(text).map(Cursor::link_id), Ok(link_id));
        }
        for text in ["", "42", "8000000000000000", "000000000000002A", "+00000000000002a", "00000000000000\u{e9}"] {
            assert!(Cursor::try_from(text.to_owned()).is_err(), "{text:?}");
        }
    }
}
