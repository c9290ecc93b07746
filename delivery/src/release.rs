//! What is delivered: a commit and the image that was built from it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// A release: immutable, whatever tags say later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The commit.
    pub commit: Commit,
    /// The digest of the image's manifest.
    pub digest: Digest,
}

impl fmt::Display for Release {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.commit.short(), self.digest.short())
    }
}

/// A git commit's full id, which is also the image's tag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Commit(String);

impl Commit {
    /// The full id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Enough of it for people.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

/// The SHA-256 digest of a manifest: `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

impl Digest {
    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self::from_hash(Sha256::digest(bytes).into())
    }

    /// The digest with this hash, of what is too long to hold in memory.
    #[must_use]
    pub(crate) fn from_hash(hash: [u8; 32]) -> Self {
        let mut text = String::from("sha256:");
        for byte in hash {
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
            }
        }
        Self(text)
    }

    /// The whole, `sha256:` included.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The 64 digits alone.
    #[must_use]
    pub fn hex(&self) -> &str {
        &self.0["sha256:".len()..]
    }

    /// Enough of it for people.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..19]
    }
}

/// A text that is neither.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Malformed {
    /// Not a commit.
    #[error("{0:?} is no full commit id of 40 lower-case hexadecimal digits (`git rev-parse` gives it)")]
    Commit(String),
    /// Not a digest.
    #[error("{0:?} is no digest, `sha256:` and 64 lower-case hexadecimal digits")]
    Digest(String),
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

impl FromStr for Commit {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        if is_hex(text, 40) { Ok(Self(text.to_owned())) } else { Err(Malformed::Commit(text.to_owned())) }
    }
}

impl FromStr for Digest {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        match text.strip_prefix("sha256:") {
            Some(hex) if is_hex(hex, 64) => Ok(Self(text.to_owned())),
            _ => Err(Malformed::Digest(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Commit {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        text.parse()
    }
}

impl TryFrom<String> for Digest {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        text.parse()
    }
}

impl From<Commit> for String {
    fn from(commit: Commit) -> Self {
        commit.0
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

impl fmt::Display for Commit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_whole_and_lower_case() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(commit.parse::<Commit>().expect("a commit").short(), "0123456789ab");
        for wrong in ["", "0123456", &commit.to_uppercase(), "0123456789abcdef0123456789abcdef0123456g"] {
            assert!(wrong.parse::<Commit>().is_err(), "{wrong}");
        }
        let digest = Digest::of(b"");
        assert_eq!(digest.short(), "sha256:e3b0c44298fc");
        assert_eq!(digest.as_str().parse::<Digest>(), Ok(digest.clone()));
        for wrong in [digest.hex(), "sha256:", "sha512:00"] {
            assert!(wrong.parse::<Digest>().is_err(), "{wrong}");
        }
    }
}
