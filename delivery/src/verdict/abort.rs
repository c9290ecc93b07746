//! The error rate at every answer: when things are so bad that no more answers are needed.
//!
//! Wald's sequential probability ratio test, with a mixture in place of one alternative: the likelihood
//! of what was seen under each of a few bad rates, over that under the limit, averaged. While the rate
//! is the limit or less this average is a supermartingale that begins at 1, so by Ville's inequality it
//! ever reaches 100 with a probability of at most 1 %, however often one looks. Comparing the share of
//! errors with the limit at every look has no such bound.
//!
//! What was good for long and then gets bad would have to make up for all the good. So the same test is
//! begun anew with every [`BLOCK`] of answers, and those that begin later have a share each of another
//! 1 %, the share of the j-th being `1 / (j (j + 1))`, which makes 1 over all of them.

/// The bad rates in multiples of the limit: at a limit of 1 % they are 2, 5, 10, 25 and 50 %.
pub const MULTIPLES: [f64; 5] = [2.0, 5.0, 10.0, 25.0, 50.0];
/// The average likelihood ratio that is enough.
pub const ENOUGH: f64 = 100.0;
/// After so many answers the test begins anew, beside those that go on.
pub const BLOCK: u64 = 50;

/// A test that began later and whose ratios are all below this is given up: those that began after it
/// will be enough before it is.
const HOPELESS: f64 = -14.0;

/// The test, from the first answer on.
#[derive(Clone, Debug)]
pub struct Abort {
    /// What an error and what a good answer add to the logarithm of each ratio.
    steps: [(f64, f64); MULTIPLES.len()],
    /// The logarithms of the ratios of the test that began with the first answer.
    first: Ratios,
    /// Those of the tests that began later, with the share of each.
    later: Vec<(f64, Ratios)>,
    seen: u64,
    /// The good answers that are not in the ratios yet.
    good: u64,
    begun: u32,
    fired: bool,
}

type Ratios = [f64; MULTIPLES.len()];

impl Abort {
    /// A test against this limit of the error rate, between 0 and 1.
    #[must_use]
    pub fn new(limit: f64) -> Self {
        let limit = limit.clamp(1e-9, 1.0 - 1e-9);
        let steps = MULTIPLES.map(|multiple| {
            // Of a limit that is high, no more than half of what is left over it.
            let bad = (limit * multiple).min(f64::midpoint(limit, 1.0));
            ((bad / limit).ln(), ((1.0 - bad) / (1.0 - limit)).ln())
        });
        Self { steps, first: [0.0; MULTIPLES.len()], later: Vec::new(), seen: 0, good: 0, begun: 0, fired: false }
    }

    /// Takes an answer; whether it is enough, now or before.
    pub fn take(&mut self, is_error: bool) -> bool {
        self.take_some(1, u64::from(is_error))
    }

    /// Takes several answers whose order nobody knows, as one look; whether it is enough, now or before.
    pub fn take_some(&mut self, requests: u64, errors: u64) -> bool {
        if requests == 0 {
            return self.fired;
        }
        if self.seen / BLOCK > u64::from(self.begun) {
            self.add_up(0);
            self.begun += 1;
            let share = 1.0 / (f64::from(self.begun) * f64::from(self.begun + 1));
            self.later.push((share, [0.0; MULTIPLES.len()]));
        }
        self.seen += requests;
        let errors = errors.min(requests);
        self.good += requests - errors;
        // A good answer makes every ratio smaller: only an error can make it enough.
        if errors > 0 {
            self.add_up(errors);
            let later: f64 = self.later.iter().map(|(share, ratios)| share * average(ratios)).sum();
            self.fired |= average(&self.first) >= ENOUGH || later >= ENOUGH;
        }
        self.fired
    }

    /// Adds so many errors, and the good answers since the last time, to every ratio.
    fn add_up(&mut self, errors: u64) {
        let (bad, good) = (errors as f64, std::mem::take(&mut self.good) as f64);
        for ratios in self.later.iter_mut().map(|(_, ratios)| ratios).chain([&mut self.first]) {
            for (ratio, (error, success)) in ratios.iter_mut().zip(self.steps) {
                *ratio += bad * error + good * success;
            }
        }
        self.later.retain(|(_, ratios)| ratios.iter().any(|ratio| *ratio > HOPELESS));
    }

    /// Whether it was ever enough.
    #[must_use]
    pub fn fired(&self) -> bool {
        self.fired
    }
}

fn average(ratios: &Ratios) -> f64 {
    ratios.iter().map(|ratio| ratio.exp()).sum::<f64>() / MULTIPLES.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After how many answers it fires, when these fail in turn.
    fn fires_after(limit: f64, fails: impl Fn(u64) -> bool, most: u64) -> Option<u64> {
        let mut abort = Abort::new(limit);
        (1..=most).find(|number| abort.take(fails(*number)))
    }

    #[test]
    fn a_release_that_only_fails_is_known_at_once_and_one_that_never_fails_never() {
        assert_eq!(fires_after(0.01, |_| true, 10), Some(2));
        assert_eq!(fires_after(0.10, |_| true, 10), Some(3));
        assert_eq!(fires_after(0.01, |_| false, 20_000), None);
        assert_eq!(fires_after(0.01, |number| number % 200 == 0, 20_000), None);
    }

    #[test]
    fn a_release_that_gets_bad_late_need_not_make_up_for_having_been_good() {
        let fired = fires_after(0.01, |number| number > 9_000 && number % 10 == 0, 20_000).expect("it fires");
        assert!(fired < 9_200, "{fired}");
    }

    #[test]
    fn it_stays_fired_and_nothing_is_no_answer() {
        let mut abort = Abort::new(0.01);
        assert!(!abort.take_some(0, 0));
        assert!(abort.take_some(10, 10));
        assert!(abort.take_some(0, 0) && abort.take(false) && abort.fired());
    }

    #[test]
    fn any_limit_has_alternatives_over_it() {
        for limit in [0.0, 0.0001, 0.01, 0.3, 0.9, 1.0] {
            let abort = Abort::new(limit);
            assert!(abort.steps.iter().all(|(error, success)| *error > 0.0 && *success < 0.0), "{limit}");
        }
    }
}
