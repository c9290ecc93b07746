//! The two environments.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Where a release can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// Where every commit of the main branch is verified.
    Staging,
    /// Where users are.
    Production,
}

impl Environment {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Staging, Self::Production];

    /// Its name in the settings, in tags and in evidence.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Environment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|environment| environment.name() == text)
            .ok_or_else(|| format!("{text:?} is no environment: staging or production"))
    }
}
