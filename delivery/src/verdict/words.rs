//! Numbers as people read them.

/// A share as a percentage with three significant digits, as far as they say something.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    let decimals = match percent {
        percent if percent >= 99.95 || percent == 0.0 => 0,
        percent if percent >= 9.995 => 1,
        percent if percent >= 0.0995 => 2,
        _ => 3,
    };
    format!("{} %", trimmed(&format!("{percent:.decimals$}")))
}

/// Seconds, as milliseconds below ten seconds.
pub(super) fn time(seconds: f64) -> String {
    let milliseconds = seconds * 1000.0;
    match milliseconds {
        milliseconds if milliseconds < 100.0 => format!("{} ms", trimmed(&format!("{milliseconds:.1}"))),
        milliseconds if milliseconds < 10_000.0 => format!("{milliseconds:.0} ms"),
        _ => format!("{seconds:.1} s"),
    }
}

/// Without the zeros behind a decimal point.
fn trimmed(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

/// `1 request`, `2 requests`.
pub(super) fn count(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_say_something() {
        for (share, expected) in [
            (0.0, "0 %"),
            (0.01, "1 %"),
            (0.007_24, "0.72 %"),
            (0.000_664, "0.066 %"),
            (0.052_1, "5.21 %"),
            (0.5, "50 %"),
            (0.123_4, "12.3 %"),
            (1.0, "100 %"),
        ] {
            assert_eq!(percent(share), expected, "{share}");
        }
        for (seconds, expected) in
            [(0.0021, "2.1 ms"), (0.05, "50 ms"), (0.1234, "123 ms"), (5.0, "5000 ms"), (12.34, "12.3 s")]
        {
            assert_eq!(time(seconds), expected, "{seconds}");
        }
        assert_eq!((count(1, "request"), count(0, "request")), ("1 request".to_owned(), "0 requests".to_owned()));
    }
}
