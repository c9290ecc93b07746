//! What an alarm makes of data points, some of which may be missing: the rules of AWS's document
//! "Configuring how CloudWatch alarms treat missing data".

/// How many periods more than it judges by an alarm looks at, in case that some are missing. AWS
/// says that it does so and not how many; its examples look at five to judge by three.
pub(super) const MORE: usize = 2;

/// What a missing data point stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    Breaching,
    NotBreaching,
    /// Nothing, and the state stays (`ignore`).
    Ignore,
    /// Nothing, and with none at all there is not enough data (`missing`).
    Nothing,
}

/// What comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    Alarm,
    Ok,
    Insufficient,
    /// The state stays as it is.
    Stays,
}

/// Judges the data points of an evaluation range, the oldest first: whether each is breaching, none
/// for one that is missing. `to_alarm` of `periods` make an alarm.
pub(super) fn judge(range: &[Option<bool>], periods: usize, to_alarm: usize, missing: Missing) -> Judged {
    let known: Vec<bool> = range.iter().filter_map(|point| *point).collect();
    let recent = &known[known.len().saturating_sub(periods)..];
    let breaching = recent.iter().filter(|breaching| **breaching).count();
    let filled = periods - recent.len();
    let alarm = |breaching: usize| if breaching >= to_alarm { Judged::Alarm } else { Judged::Ok };
    match missing {
        _ if filled == 0 => alarm(breaching),
        Missing::Breaching => alarm(breaching + filled),
        Missing::NotBreaching => alarm(breaching),
        Missing::Nothing if recent.is_empty() => Judged::Insufficient,
        Missing::Ignore if recent.is_empty() => Judged::Stays,
        Missing::Ignore | Missing::Nothing if breaching >= to_alarm => Judged::Alarm,
        Missing::Ignore | Missing::Nothing if breaching < recent.len() => Judged::Ok,
        Missing::Ignore => Judged::Stays,
        // Too few, and each of them breaching: an alarm when the oldest has been so for long enough.
        Missing::Nothing => {
            let age = range.iter().position(|point| *point == Some(true)).map_or(0, |place| range.len() - place);
            if age >= to_alarm { Judged::Alarm } else { Judged::Stays }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `0` is within the threshold, `X` is not, `-` is missing.
    fn range(points: &str) -> Vec<Option<bool>> {
        points.chars().filter(|point| *point != ' ').map(|point| (point != '-').then_some(point == 'X')).collect()
    }

    #[test]
    fn the_tables_of_awss_document_come_out() {
        use Judged::{Alarm, Insufficient, Ok, Stays};
        // In the order missing, ignore, breaching, not breaching.
        let three_of_three = [
            ("0 - X - X", [Ok, Ok, Ok, Ok]),
            ("- - - - 0", [Ok, Ok, Ok, Ok]),
            ("- - - - -", [Insufficient, Stays, Alarm, Ok]),
            ("0 X X - X", [Alarm, Alarm, Alarm, Alarm]),
            ("- - X - -", [Alarm, Stays, Alarm, Ok]),
        ];
        let two_of_three = [
            ("0 - X - X", [Alarm, Alarm, Alarm, Alarm]),
            ("0 0 X 0 X", [Alarm, Alarm, Alarm, Alarm]),
            ("0 - X - -", [Ok, Ok, Alarm, Ok]),
            ("- - - - 0", [Ok, Ok, Alarm, Ok]),
            ("- - - X -", [Alarm, Stays, Alarm, Ok]),
        ];
        let treatments = [Missing::Nothing, Missing::Ignore, Missing::Breaching, Missing::NotBreaching];
        for (to_alarm, table) in [(3, three_of_three), (2, two_of_three)] {
            for (points, expected) in table {
                let seen = treatments.map(|missing| judge(&range(points), 3, to_alarm, missing));
                assert_eq!(seen, expected, "{points}: {to_alarm} of 3");
            }
        }
    }

    #[test]
    fn a_first_bad_point_among_missing_ones_is_not_yet_an_alarm() {
        for points in ["- - - - X", "- - - X -"] {
            assert_eq!(judge(&range(points), 3, 3, Missing::Nothing), Judged::Stays, "{points}");
        }
    }
}
