//! Durations as people write them.

use std::time::Duration;

/// Reads `500ms`, `20s`, `5m` or `1h`.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit());
    let (number, unit) = text.split_at(digits.unwrap_or(text.len()));
    let milliseconds_each = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60 * 1000,
        "h" => 60 * 60 * 1000,
        _ => return Err(wrong(text)),
    };
    number
        .parse::<u32>()
        .map(|number| Duration::from_millis(u64::from(number) * milliseconds_each))
        .map_err(|_| wrong(text))
}

fn wrong(text: &str) -> String {
    format!("{text:?} is not a duration; write a whole number and ms, s, m or h, such as 20s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_whole_number_and_a_unit() {
        for (text, expected) in [
            ("0s", Some(Duration::ZERO)),
            ("500ms", Some(Duration::from_millis(500))),
            ("20s", Some(Duration::from_secs(20))),
            ("5m", Some(Duration::from_mins(5))),
            ("1h", Some(Duration::from_hours(1))),
            ("20", None),
            ("s", None),
            ("", None),
            ("-1s", None),
            ("1.5s", None),
            ("20 s", None),
            ("99999999999h", None),
        ] {
            assert_eq!(parse_duration(text).ok(), expected, "{text:?}");
        }
    }
}
