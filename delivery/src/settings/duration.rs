//! Durations as people write them: "90s", "10m", "1h".

use std::time::Duration;

/// The duration that a text means.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60 * 1000,
        "h" => 60 * 60 * 1000,
        _ => return Err(malformed(text)),
    };
    number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(milliseconds))
        .map(Duration::from_millis)
        .ok_or_else(|| malformed(text))
}

fn malformed(text: &str) -> String {
    format!("{text:?} is no duration: write a whole number and ms, s, m or h, \"10m\" for one")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_whole_number_and_a_unit() {
        for (text, seconds) in [("0s", 0.0), ("250ms", 0.25), ("5s", 5.0), ("10m", 600.0), ("2h", 7200.0)] {
            assert_eq!(parse(text), Ok(Duration::from_secs_f64(seconds)), "{text}");
        }
        for text in ["", "5", "s", "5 s", "-5s", "1.5m", "5d", "99999999999999999999h", "18446744073709551615h"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
