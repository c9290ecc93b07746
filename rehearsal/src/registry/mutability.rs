//! Whether the tags of a repository can be moved.

/// The setting `imageTagMutability` with its exclusion filters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutability {
    /// Whether a tag can be moved when no filter matches it.
    pub mutable: bool,
    /// Tags that match one of these are treated the other way round. `*` stands for any characters.
    pub exclusions: Vec<String>,
}

impl Mutability {
    /// Every tag can be moved.
    pub const MUTABLE: Self = Self { mutable: true, exclusions: Vec::new() };
    /// No tag can be moved.
    pub const IMMUTABLE: Self = Self { mutable: false, exclusions: Vec::new() };

    /// No tag can be moved but those that match one of these filters.
    #[must_use]
    pub fn immutable_except(filters: &[&str]) -> Self {
        Self { mutable: false, exclusions: filters.iter().map(|&filter| filter.to_owned()).collect() }
    }

    /// AWS's word for it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match (self.mutable, self.exclusions.is_empty()) {
            (true, true) => "MUTABLE",
            (true, false) => "MUTABLE_WITH_EXCLUSION",
            (false, true) => "IMMUTABLE",
            (false, false) => "IMMUTABLE_WITH_EXCLUSION",
        }
    }

    /// Whether this tag can be moved to another image.
    #[must_use]
    pub fn can_move(&self, tag: &str) -> bool {
        self.mutable != self.exclusions.iter().any(|filter| matches(filter, tag))
    }
}

/// Whether a text matches a filter in which `*` stands for any characters, or none.
fn matches(filter: &str, text: &str) -> bool {
    match filter.split_once('*') {
        None => filter == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| matches(rest, &text[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        let cases = [
            ("production-latest", "production-latest", true),
            ("production-latest", "production-latest2", false),
            ("*-latest", "staging-latest", true),
            ("*-latest", "latest", false),
            ("a*b*c", "abc", true),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "acb", false),
            ("*", "", true),
        ];
        for (filter, text, expected) in cases {
            assert_eq!(matches(filter, text), expected, "{filter} on {text}");
        }
    }

    #[test]
    fn an_exclusion_turns_the_setting_round() {
        let immutable = Mutability::immutable_except(&["*-latest"]);
        assert_eq!((immutable.can_move("staging-latest"), immutable.can_move("lock-staging")), (true, false));
        assert_eq!(immutable.word(), "IMMUTABLE_WITH_EXCLUSION");
        let mutable = Mutability { mutable: true, exclusions: vec!["v*".to_owned()] };
        assert_eq!((mutable.can_move("v1"), mutable.can_move("latest")), (false, true));
    }
}
