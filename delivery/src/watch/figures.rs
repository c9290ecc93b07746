//! The service's own figures, as `/ready` tells them: how far its worker lags, how often its cache hits.
//!
//! Those are judged by [`crate::verdict::figures`]. Others are shown beside those of the release that
//! serves, and decide nothing: nobody has said how much of them is too much.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bytes::Bytes;
use http::Response;

use crate::evidence::Judgement;
use crate::verdict::figures::Told;
use crate::verdict::{Finding, Trigger};

/// The most figures that are kept, and the longest name of one: whoever answers is not trusted with more.
const MOST: usize = 20;
const LONGEST: usize = 60;
/// How far the worker lags, in seconds.
const LAG: &str = "worker_lag_seconds";
/// The share of lookups that the cache has answered since the task started.
const HIT_RATE: &str = "cache_hit_rate";
/// How many lookups those were.
const LOOKUPS: &str = "cache_lookups";

/// The average of each figure, by its name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Figures(BTreeMap<String, (f64, u32)>);

impl Figures {
    /// Those in an answer: `figures` of its JSON, as far as they are numbers.
    pub(super) fn of(answer: &Response<Bytes>) -> Self {
        let body: serde_json::Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        let figures = body["figures"].as_object().into_iter().flatten();
        let numbers = figures.filter_map(|(name, value)| Some((name, value.as_f64()?)));
        let kept = numbers.filter(|(name, _)| name.len() <= LONGEST).take(MOST);
        Self(kept.map(|(name, value)| (name.clone(), (value, 1))).collect())
    }

    /// Adds those of another answer.
    pub(super) fn add(&mut self, other: &Self) {
        for (name, (sum, times)) in &other.0 {
            let known = self.0.entry(name.clone()).or_default();
            known.0 += sum;
            known.1 += times;
        }
    }

    /// What is judged of them.
    pub(super) fn told(&self) -> Told {
        Told { lag: self.average(LAG), hit_rate: self.average(HIT_RATE), lookups: self.average(LOOKUPS) }
    }

    fn average(&self, name: &str) -> Option<f64> {
        self.0.get(name).map(|(sum, times)| sum / f64::from(*times))
    }

    /// Those of the candidate that are not judged beside those of the other release; none without any.
    pub(super) fn beside(&self, serving: &Self) -> Option<Finding> {
        let mut words = String::new();
        for name in self.0.keys().filter(|name| ![LAG, HIT_RATE, LOOKUPS].contains(&name.as_str())) {
            let Some(ours) = self.average(name) else { continue };
            let separator = if words.is_empty() { "" } else { "; " };
            let _ = match serving.average(name) {
                Some(theirs) => {
                    write!(words, "{separator}{name} {} on average, {} of the old release", short(ours), short(theirs))
                }
                None => write!(words, "{separator}{name} {} on average, not known of the old release", short(ours)),
            };
        }
        let finding =
            Finding::new(Trigger::Figures, Judgement::Inconclusive, format!("{words}: for comparison, not judged"));
        (!words.is_empty()).then(|| finding.told_only())
    }
}

/// A number with three decimals, as far as they say something.
fn short(number: f64) -> String {
    let text = format!("{number:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &str) -> Figures {
        Figures::of(&Response::new(Bytes::from(body.to_owned())))
    }

    #[test]
    fn figures_that_nobody_judges_are_averages_beside_those_of_the_other_release() {
        let mut ours = of(r#"{"figures":{"queue":0.5,"worker_lag_seconds":1,"share":null}}"#);
        ours.add(&of(r#"{"figures":{"queue":0.25,"worker_lag_seconds":2,"share":0.9,"cache_lookups":70}}"#));
        assert_eq!(ours.told(), Told { lag: Some(1.5), hit_rate: None, lookups: Some(70.0) });
        let theirs = of(r#"{"figures":{"queue":2}}"#);
        let found = ours.beside(&theirs).expect("figures");
        assert!(!found.decides);
        assert_eq!(
            found.words,
            "queue 0.375 on average, 2 of the old release; share 0.9 on average, not known of the old release: for \
             comparison, not judged"
        );
    }

    #[test]
    fn what_is_no_figure_is_left_out() {
        for body in ["", "[]", "{}", r#"{"figures":3}"#, r#"{"figures":{"a":"b","c":[1]}}"#] {
            assert!(of(body).beside(&of(body)).is_none(), "{body}");
        }
    }
}
