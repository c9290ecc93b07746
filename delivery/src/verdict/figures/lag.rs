//! The worker: it may lag further than that of the old release, but not by so much again and again.

use super::not_judged;
use crate::evidence::Judgement;
use crate::verdict::{Finding, Trigger};

/// So many rounds in a row are no burst and no pause of the database's any more.
pub(super) const IN_A_ROW: u32 = 3;

/// How far the workers lag, round by round.
#[derive(Clone, Debug, Default)]
pub(super) struct Lag {
    /// What it told last.
    last: Option<f64>,
    /// The sums of both, over the rounds in which both are known.
    ours: f64,
    theirs: f64,
    rounds: u32,
    over: u32,
    bad: Option<Finding>,
}

impl Lag {
    /// Takes a round; what is bad, when this round shows it first. What is not told leaves all as it was.
    pub(super) fn take(&mut self, ours: Option<f64>, theirs: Option<f64>, limit: f64) -> Option<Finding> {
        self.last = ours.or(self.last);
        let (ours, theirs) = (ours?, theirs?);
        self.ours += ours;
        self.theirs += theirs;
        self.rounds += 1;
        self.over = if ours > theirs + limit { self.over + 1 } else { 0 };
        if self.over < IN_A_ROW || self.bad.is_some() {
            return None;
        }
        let words = format!(
            "the worker lags {ours:.1} s, that of the old release {theirs:.1} s: over {limit} s more, {IN_A_ROW} times in a row"
        );
        let finding = Finding::new(Trigger::Figures, Judgement::Failed, words);
        self.bad = Some(finding.with_numbers(ours - theirs, limit, "s more"));
        self.bad.clone()
    }

    pub(super) fn is_told(&self) -> bool {
        self.last.is_some()
    }

    pub(super) fn finding(&self, limit: f64) -> Finding {
        if let Some(bad) = &self.bad {
            return bad.clone();
        }
        match self.last {
            None => not_judged("it does not tell how far its worker lags"),
            Some(last) if self.rounds == 0 => {
                not_judged(format!("the worker lags {last:.1} s, and of the old release that is not known"))
            }
            Some(_) => {
                let [ours, theirs] = [self.ours, self.theirs].map(|sum| sum / f64::from(self.rounds));
                let words = format!(
                    "the worker lags {ours:.1} s on average, that of the old release {theirs:.1} s, and never over {limit} s more \
                     {IN_A_ROW} times in a row in {} rounds",
                    self.rounds
                );
                let finding = Finding::new(Trigger::Figures, Judgement::Passed, words);
                finding.with_numbers(ours - theirs, limit, "s more")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Judgement::{Failed, Inconclusive, Passed};

    /// What both told, round by round.
    type Rounds = Vec<(Option<f64>, Option<f64>)>;

    #[test]
    fn a_worker_is_bad_when_it_lags_behind_the_other_again_and_again() {
        let both = |rounds: &[(f64, f64)]| rounds.iter().map(|&(ours, theirs)| (Some(ours), Some(theirs))).collect();
        let cases: [(&str, Rounds, Judgement); 9] = [
            ("level", both(&[(0.5, 0.2); 20]), Passed),
            ("behind", both(&[(30.0, 0.2); 3]), Failed),
            ("not for long enough", both(&[(30.0, 0.2); 2]), Passed),
            ("in bursts", both(&[(30.0, 0.2), (30.0, 0.2), (0.1, 0.2)].repeat(9)), Passed),
            ("both, as the database is slow", both(&[(60.0, 55.0); 9]), Passed),
            ("just at the limit", both(&[(10.2, 0.2); 9]), Passed),
            ("with a gap, in which nothing was told", [(Some(30.0), Some(0.0)), (None, None)].repeat(3), Failed),
            ("alone", vec![(Some(30.0), None); 9], Inconclusive),
            ("untold", vec![(None, Some(0.2)); 9], Inconclusive),
        ];
        for (case, rounds, expected) in cases {
            let mut lag = Lag::default();
            let fired = rounds.iter().filter(|&&(ours, theirs)| lag.take(ours, theirs, 10.0).is_some()).count();
            let finding = lag.finding(10.0);
            assert_eq!(finding.judgement, expected, "{case}: {}", finding.words);
            assert_eq!(fired, usize::from(expected == Failed), "{case}: it is said once");
            assert_eq!(finding.decides, expected != Inconclusive, "{case}: what is not judged decides nothing");
        }
    }

    #[test]
    fn the_words_have_both_numbers_and_the_limit() {
        let mut lag = Lag::default();
        lag.take(Some(0.5), Some(0.25), 10.0);
        assert_eq!(
            lag.finding(10.0).words,
            "the worker lags 0.5 s on average, that of the old release 0.2 s, and never over 10 s more 3 times in a row in 1 \
             rounds"
        );
        let bad = (0..3).find_map(|_| lag.take(Some(42.0), Some(0.5), 10.0)).expect("it is bad");
        assert_eq!(
            bad.words,
            "the worker lags 42.0 s, that of the old release 0.5 s: over 10 s more, 3 times in a row"
        );
        assert_eq!((bad.measured, bad.limit), (Some(41.5), Some(10.0)));
    }
}
