//! The error rate at the end of a window, judged once.
//!
//! The bounds are Clopper's and Pearson's, one-sided at 95 %: of a hundred releases at the limit no
//! more than five pass, and no more than five fail. One look only: at every answer looks
//! [`abort`](super::abort).

use super::binomial::{at_most, lower, upper};
use super::words::{count, percent};
use super::{Finding, Source, Trigger};
use crate::evidence::Judgement;

/// How sure a bound is.
pub const CONFIDENCE: f64 = 0.95;

/// No number of requests beyond this is asked for.
const MOST: u64 = 1 << 40;

/// So many requests, of which so many failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// How many.
    pub requests: u64,
    /// How many of them failed.
    pub errors: u64,
}

impl Counts {
    /// The errors, no more than requests.
    fn errors(self) -> u64 {
        self.errors.min(self.requests)
    }

    /// The share that failed; none without requests.
    #[must_use]
    pub fn rate(self) -> Option<f64> {
        (self.requests > 0).then(|| self.errors() as f64 / self.requests as f64)
    }

    /// The 90 % interval of the error rate, both of its ends one-sided bounds at 95 %.
    #[must_use]
    pub fn interval(self) -> (f64, f64) {
        (lower(self.errors(), self.requests, CONFIDENCE), upper(self.errors(), self.requests, CONFIDENCE))
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { requests: self.requests + other.requests, errors: self.errors + other.errors }
    }

    /// How the error rate stands to a limit that it must be under.
    #[must_use]
    pub fn judge(self, limit: f64) -> Judgement {
        let (low, high) = self.interval();
        match self.requests {
            0 => Judgement::Inconclusive,
            _ if high < limit => Judgement::Passed,
            _ if low > limit => Judgement::Failed,
            _ => Judgement::Inconclusive,
        }
    }

    /// The same as a finding.
    #[must_use]
    pub fn finding(self, source: Source, limit: f64) -> Finding {
        let judgement = self.judge(limit);
        let finding = Finding::new(Trigger::ErrorRate, judgement, self.words(source, limit, judgement));
        match self.rate() {
            Some(rate) => finding.with_numbers(rate, limit, "of requests"),
            None => finding,
        }
    }

    fn words(self, source: Source, limit: f64, judgement: Judgement) -> String {
        let (low, high) = self.interval();
        let (n, k) = (self.requests, self.errors());
        if n == 0 {
            let needed = needed(0, limit);
            return format!(
                "there were no {source}; {needed} without an error are needed to be sure of under {}",
                percent(limit)
            );
        }
        let head = format!("{k} of {n} {source} failed; at 95 % confidence the error rate is");
        match judgement {
            Judgement::Passed => format!("{head} under {}, which is under {}", percent(high), percent(limit)),
            Judgement::Failed => format!("{head} over {}, which is over {}", percent(low), percent(limit)),
            _ => {
                let more = needed(k, limit).saturating_sub(n).max(1);
                format!(
                    "{head} between {} and {}, which does not tell whether it is under {}: {} without another error would have",
                    percent(low),
                    percent(high),
                    percent(limit),
                    count(more, "more request"),
                )
            }
        }
    }
}

/// With how many requests, so many of them failed, the error rate is surely under the limit.
#[must_use]
pub fn needed(errors: u64, limit: f64) -> u64 {
    let passes = |requests: u64| requests > errors && at_most(errors, requests, limit) < 1.0 - CONFIDENCE;
    let mut high = errors + 1;
    while !passes(high) {
        if high >= MOST {
            return MOST;
        }
        high *= 2;
    }
    let mut low = high / 2;
    while high - low > 1 {
        let middle = low.midpoint(high);
        if passes(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;
    use Judgement::{Failed, Inconclusive, Passed};

    fn counts(requests: u64, errors: u64) -> Counts {
        Counts { requests, errors }
    }

    #[test]
    fn the_tables_of_one_percent_come_out() {
        for (errors, requests) in [(0, 299), (1, 473), (2, 628), (3, 773), (4, 913)] {
            assert_eq!(counts(requests, errors).judge(0.01), Passed, "{errors} in {requests}");
            assert_eq!(counts(requests - 1, errors).judge(0.01), Inconclusive, "{errors} in {requests} - 1");
            assert_eq!(needed(errors, 0.01), requests);
        }
        for (errors, requests) in [(2, 35), (3, 82), (4, 137), (5, 198)] {
            assert_eq!(counts(requests, errors).judge(0.01), Failed, "{errors} in {requests}");
            assert_eq!(counts(requests + 1, errors).judge(0.01), Inconclusive, "{errors} in {requests} + 1");
        }
    }

    #[test]
    fn nothing_is_inconclusive_and_everything_failed_is_failed() {
        assert_eq!(counts(0, 0).judge(0.01), Inconclusive);
        assert_eq!(counts(1, 0).judge(0.01), Inconclusive);
        for requests in [1, 2, 10, 1000] {
            assert_eq!(counts(requests, requests).judge(0.01), Failed, "{requests}");
        }
        // One of one is as improbable as the limit itself.
        assert_eq!(counts(1, 1).judge(0.10), Inconclusive);
        // More errors than requests is a counter that lags: all of them failed.
        assert_eq!(counts(5, 9).judge(0.01), Failed);
    }

    #[test]
    fn more_errors_never_judge_better_and_more_good_requests_never_worse() {
        let rank = |judgement| match judgement {
            Passed => 0,
            Failed => 2,
            _ => 1,
        };
        for limit in [0.001, 0.01, 0.05] {
            for requests in [10, 100, 300, 1000, 5000] {
                for errors in 0..10 {
                    let here = rank(counts(requests, errors).judge(limit));
                    assert!(rank(counts(requests, errors + 1).judge(limit)) >= here);
                    assert!(rank(counts(requests + 50, errors).judge(limit)) <= here);
                }
            }
        }
    }

    #[test]
    fn a_finding_can_be_checked_by_a_person() {
        for (requests, errors, words) in [
            (412, 0, "0 of 412 probes failed; at 95 % confidence the error rate is under 0.72 %, which is under 1 %"),
            (
                300,
                1,
                "1 of 300 probes failed; at 95 % confidence the error rate is between 0.017 % and 1.57 %, which does not tell \
                 whether it is under 1 %: 173 more requests without another error would have",
            ),
            (137, 4, "4 of 137 probes failed; at 95 % confidence the error rate is over 1 %, which is over 1 %"),
            (100, 20, "20 of 100 probes failed; at 95 % confidence the error rate is over 13.7 %, which is over 1 %"),
            (0, 0, "there were no probes; 299 without an error are needed to be sure of under 1 %"),
        ] {
            assert_eq!(counts(requests, errors).finding(Source::Probes, 0.01).words, words);
        }
    }
}
