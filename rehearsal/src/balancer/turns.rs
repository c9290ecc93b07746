//! Whose turn it is: weighted round robin that spreads the heavy ones among the light ones.

use std::collections::BTreeMap;

/// How far each candidate is ahead of or behind its share.
#[derive(Debug, Default)]
pub(crate) struct Turns(BTreeMap<String, i64>);

impl Turns {
    /// The candidate whose turn it is, of those with a weight; none when all weigh nothing.
    pub(crate) fn next<T>(&mut self, candidates: impl IntoIterator<Item = (String, u32, T)>) -> Option<T> {
        let mut standing = BTreeMap::new();
        let mut sum = 0;
        let mut first: Option<(String, i64, T)> = None;
        for (name, weight, candidate) in candidates {
            if weight == 0 {
                continue;
            }
            sum += i64::from(weight);
            let stands = self.0.get(&name).copied().unwrap_or_default() + i64::from(weight);
            standing.insert(name.clone(), stands);
            if first.as_ref().is_none_or(|(_, most, _)| stands > *most) {
                first = Some((name, stands, candidate));
            }
        }
        // Whoever is not a candidate any more begins anew when it comes back.
        self.0 = standing;
        let (name, _, candidate) = first?;
        *self.0.entry(name).or_default() -= sum;
        Some(candidate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence(weights: &[(&str, u32)], count: usize) -> String {
        let mut turns = Turns::default();
        let candidates = || weights.iter().map(|(name, weight)| ((*name).to_owned(), *weight, *name));
        (0..count).filter_map(|_| turns.next(candidates())).collect()
    }

    #[test]
    fn each_gets_its_share_and_none_gets_it_all_at_once() {
        let cases: [(&[(&str, u32)], &str); 6] = [
            (&[("a", 1), ("b", 1), ("c", 1)], "abcabc"),
            (&[("a", 5), ("b", 1), ("c", 1)], "aabacaa"),
            (&[("a", 3), ("b", 1)], "aabaaaba"),
            (&[("a", 0), ("b", 1)], "bb"),
            (&[("a", 0)], ""),
            (&[], ""),
        ];
        for (weights, expected) in cases {
            assert_eq!(sequence(weights, expected.len().max(1)), expected, "{weights:?}");
        }
    }

    #[test]
    fn a_share_is_exact_over_as_few_requests_as_it_can_be() {
        for (tenths, of, expected) in
            [(50, 20, 1), (50, 200, 10), (100, 10, 1), (500, 2, 1), (550, 20, 11), (1, 1000, 1)]
        {
            let turns = sequence(&[("a", 1000 - tenths), ("b", tenths)], of);
            assert_eq!(turns.matches('b').count(), expected, "{tenths} of 1000 in {of}");
        }
    }

    #[test]
    fn a_new_share_holds_from_the_next_request_on() {
        let mut turns = Turns::default();
        let mut ask = |weights: [u32; 2], count: usize| -> String {
            let candidates = || [("a".to_owned(), weights[0], 'a'), ("b".to_owned(), weights[1], 'b')];
            (0..count).filter_map(|_| turns.next(candidates())).collect()
        };
        assert_eq!(ask([1000, 0], 7), "aaaaaaa");
        assert_eq!(ask([950, 50], 20).matches('b').count(), 1);
        assert_eq!(ask([500, 500], 20).matches('b').count(), 10);
        assert_eq!(ask([0, 1000], 5), "bbbbb");
        assert_eq!(ask([1000, 0], 5), "aaaaa");
    }

    #[test]
    fn who_comes_back_has_nothing_to_catch_up_on() {
        let mut turns = Turns::default();
        let both = || [("a".to_owned(), 1, 'a'), ("b".to_owned(), 1, 'b')];
        for _ in 0..100 {
            turns.next([("a".to_owned(), 1, 'a')]);
        }
        let seen: String = (0..6).filter_map(|_| turns.next(both())).collect();
        assert_eq!(seen, "ababab");
    }
}
