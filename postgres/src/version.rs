//! PostgreSQL's versions: what binaries and servers say, and which of several is preferred.

use std::cmp::Reverse;
use std::fmt;

/// The major version that production runs, and that is preferred here.
pub(crate) const WANTED_MAJOR: u32 = 15;

/// A version of PostgreSQL since 10: a major and a minor number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    pub(crate) major: u32,
    pub(crate) minor: u32,
}

impl Version {
    /// From `server_version_num`: 150019 is 15.19.
    ///
    /// See <https://www.postgresql.org/docs/15/runtime-config-preset.html>.
    pub(crate) fn from_number(number: u32) -> Self {
        Self { major: number / 10_000, minor: number % 10_000 }
    }

    /// From what `postgres --version` prints, such as `postgres (PostgreSQL) 15.19 (Debian ...)`.
    /// A development version (`18devel`, `18beta1`) counts as minor 0 of its major.
    pub(crate) fn from_banner(banner: &str) -> Option<Self> {
        let (_, rest) = banner.split_once("(PostgreSQL) ")?;
        let word = rest.split_whitespace().next()?;
        let mut numbers = word.split(|c: char| !c.is_ascii_digit());
        let major = numbers.next()?.parse().ok()?;
        let minor = match word.split_once('.') {
            Some(_) => numbers.next()?.parse().ok()?,
            None => 0,
        };
        Some(Self { major, minor })
    }

    /// Whether it is new enough for us.
    pub(crate) fn suffices(self) -> bool {
        self.major >= WANTED_MAJOR
    }

    /// A word about a version that is not the one of production, for the line that names the choice.
    pub(crate) fn remark(self) -> &'static str {
        if self.major == WANTED_MAJOR { "" } else { " (production runs 15)" }
    }

    /// Sorts the version of production first and then the newest: the smallest key is the best.
    pub(crate) fn preference(self) -> impl Ord {
        (self.major != WANTED_MAJOR, Reverse(self))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_banner_says_its_version() {
        let cases = [
            ("postgres (PostgreSQL) 15.19 (Debian 15.19-0+deb12u1)", Some((15, 19))),
            ("postgres (PostgreSQL) 16.4\n", Some((16, 4))),
            ("postgres (PostgreSQL) 18devel", Some((18, 0))),
            ("postgres (PostgreSQL) 17beta2", Some((17, 0))),
            ("postgres (PostgreSQL) 9.6.24", Some((9, 6))),
            ("postgres (PostgreSQL) x", None),
            ("postgres 15.1", None),
            ("", None),
        ];
        for (banner, expected) in cases {
            let seen = Version::from_banner(banner).map(|v| (v.major, v.minor));
            assert_eq!(seen, expected, "{banner:?}");
        }
    }

    #[test]
    fn a_server_says_its_version_as_a_number() {
        for (number, expected, suffices) in
            [(150_019, "15.19", true), (140_012, "14.12", false), (170_000, "17.0", true)]
        {
            let version = Version::from_number(number);
            assert_eq!(version.to_string(), expected);
            assert_eq!(version.suffices(), suffices, "{version}");
        }
    }

    #[test]
    fn the_version_of_production_comes_first_and_then_the_newest() {
        let mut versions = [140_001, 170_002, 150_003, 160_009, 150_019, 170_010].map(Version::from_number);
        versions.sort_by_key(|version| version.preference());
        let order = versions.map(|version| version.to_string());
        assert_eq!(order, ["15.19", "15.3", "17.10", "17.2", "16.9", "14.1"]);
    }

    #[test]
    fn another_major_is_remarked_upon() {
        assert_eq!(Version::from_number(150_001).remark(), "");
        assert!(Version::from_number(170_001).remark().contains("15"));
    }
}
