//! How old something may be, and how old it is.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

/// The longest age that is accepted: a number and `m`, `h`, `d` or `w`, such as `7d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaximumAge(SignedDuration);

/// A clock may be wrong by this much before what it says is not believed.
const FORGIVEN: SignedDuration = SignedDuration::from_hours(24);

impl MaximumAge {
    /// An age in days.
    #[must_use]
    pub fn days(days: u32) -> Self {
        Self(SignedDuration::from_hours(i64::from(days) * 24))
    }

    /// Says why something of this date is not believed at the time `now`, if it is not.
    #[must_use]
    pub fn objection(self, what: &str, date: Timestamp, now: Timestamp) -> Option<String> {
        let age = now.duration_since(date);
        if age > self.0 {
            Some(format!(
                "{what} is of {date}, {} old, and {self} is the limit: fetch a newer one, or raise \
                 --max-database-age",
                in_words(age)
            ))
        } else if age < -FORGIVEN {
            Some(format!("{what} is of {date}, which is in the future: is a clock wrong?"))
        } else {
            None
        }
    }
}

impl FromStr for MaximumAge {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not an age: a number and m, h, d or w, such as 7d");
        let unit = text.chars().last().ok_or_else(wrong)?;
        let seconds = match unit {
            'm' => 60,
            'h' => 3600,
            'd' => 24 * 3600,
            'w' => 7 * 24 * 3600,
            _ => return Err(wrong()),
        };
        let number: u32 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
        Ok(Self(SignedDuration::from_secs(i64::from(number) * seconds)))
    }
}

impl fmt::Display for MaximumAge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&in_words(self.0))
    }
}

/// An age in the largest unit that it fills twice, which is as exact as anybody needs.
fn in_words(age: SignedDuration) -> String {
    let minutes = age.as_mins();
    match minutes {
        0..120 => format!("{minutes} minutes"),
        120..2880 => format!("{} hours", minutes / 60),
        _ => format!("{} days", minutes / 60 / 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_a_number_and_a_unit() {
        for (text, hours) in [("60m", 1), ("48h", 48), ("7d", 168), ("2w", 336)] {
            assert_eq!(text.parse(), Ok(MaximumAge(SignedDuration::from_hours(hours))), "{text}");
        }
        for text in ["", "7", "d", "-1d", "1.5d", "7 d", "7y", "\u{1F600}"] {
            assert!(text.parse::<MaximumAge>().is_err(), "{text:?} must not parse");
        }
    }

    #[test]
    fn a_date_is_believed_up_to_the_limit_and_not_from_the_future() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().expect("parses");
        let limit = MaximumAge::days(7);
        for (date, believed) in [
            ("2026-11-22T11:59:00Z", true),
            ("2026-11-15T12:00:00Z", true),
            ("2026-11-15T11:59:59Z", false),
            ("2026-11-23T11:00:00Z", true),
            ("2026-11-24T12:00:00Z", false),
        ] {
            let date = date.parse().expect("parses");
            assert_eq!(limit.objection("it", date, now).is_none(), believed, "{date}");
        }
    }
}
