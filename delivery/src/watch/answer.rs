//! Whose an answer is.

use bytes::Bytes;
use http::Response;

use crate::release::Commit;
use crate::smoke::HEADER;

/// The paths whose JSON names the commit where the header is missing.
const NAMING: [&str; 2] = ["/health", "/ready"];

/// The commit that an answer names.
pub(super) fn commit_of(answer: &Response<Bytes>, path: &str) -> Option<String> {
    if let Some(value) = answer.headers().get(HEADER) {
        return value.to_str().ok().map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned);
    }
    if !NAMING.iter().any(|naming| path.ends_with(naming)) {
        return None;
    }
    let body: serde_json::Value = serde_json::from_slice(answer.body()).ok()?;
    body["commit"].as_str().map(str::to_owned)
}

/// By which way a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Through the test listener.
    Test,
    /// At the address of users.
    Production,
}

/// Who gets what goes to the address of users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behind {
    /// The serving release alone.
    Serving,
    /// Both.
    Both,
    /// The candidate alone.
    Candidate,
}

/// Whose an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// The candidate's.
    Candidate,
    /// The serving release's.
    Serving,
    /// One whom the way should not lead to, or a third.
    Stranger,
    /// Nobody knows.
    Unknown,
}

/// The two releases.
#[derive(Clone, Debug)]
pub(super) struct Parties {
    pub(super) candidate: Commit,
    pub(super) serving: Option<Commit>,
}

impl Parties {
    /// Whose an answer is that names this commit, if it names one, and came by this way.
    pub(super) fn whose(&self, named: Option<&str>, way: Way, behind: Behind) -> Whose {
        // A commit that both have says nothing.
        let tells = self.serving.as_ref() != Some(&self.candidate);
        match named.filter(|_| tells) {
            Some(named) if named == self.candidate.as_str() => match (way, behind) {
                (Way::Production, Behind::Serving) => Whose::Stranger,
                _ => Whose::Candidate,
            },
            Some(named) if self.serving.as_ref().is_none_or(|serving| serving.as_str() == named) => {
                match (way, behind) {
                    (Way::Production, Behind::Serving | Behind::Both) => Whose::Serving,
                    _ => Whose::Stranger,
                }
            }
            Some(_) => Whose::Stranger,
            None => match (way, behind) {
                (Way::Test, _) | (Way::Production, Behind::Candidate) => Whose::Candidate,
                (Way::Production, Behind::Serving) => Whose::Serving,
                (Way::Production, Behind::Both) => Whose::Unknown,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(letter: char) -> Commit {
        letter.to_string().repeat(40).parse().expect("a commit")
    }

    #[test]
    fn an_answer_names_its_commit_in_a_header_or_in_the_body_of_health() {
        let answer = |header: Option<&str>, body: &str| {
            let builder = Response::builder();
            let builder = header.into_iter().fold(builder, |builder, value| builder.header("x-commit", value));
            builder.body(Bytes::from(body.to_owned())).expect("an answer")
        };
        for (header, body, path, expected) in [
            (Some("abc"), "", "/l/x", Some("abc")),
            (Some("abc"), r#"{"commit":"def"}"#, "/health", Some("abc")),
            (Some(""), r#"{"commit":"def"}"#, "/health", None),
            (None, r#"{"commit":"def"}"#, "/health", Some("def")),
            (None, r#"{"commit":"def"}"#, "/v1/builds", None),
            (None, "alive", "/health", None),
        ] {
            assert_eq!(commit_of(&answer(header, body), path).as_deref(), expected, "{header:?} {body} {path}");
        }
    }

    #[test]
    fn an_answer_counts_only_for_whom_the_way_may_lead_to() {
        use Behind::{Both, Candidate, Serving};
        use Way::{Production, Test};
        let (new, old, third) = (commit('a'), commit('b'), commit('c'));
        let known = Parties { candidate: new.clone(), serving: Some(old.clone()) };
        let unknown = Parties { candidate: new.clone(), serving: None };
        let same = Parties { candidate: new.clone(), serving: Some(new.clone()) };
        for (parties, named, way, behind, expected) in [
            (&known, Some(&new), Test, Both, Whose::Candidate),
            (&known, Some(&new), Production, Both, Whose::Candidate),
            (&known, Some(&new), Production, Serving, Whose::Stranger),
            (&known, Some(&old), Production, Both, Whose::Serving),
            (&known, Some(&old), Production, Serving, Whose::Serving),
            (&known, Some(&old), Production, Candidate, Whose::Stranger),
            (&known, Some(&old), Test, Both, Whose::Stranger),
            (&known, Some(&third), Production, Both, Whose::Stranger),
            (&known, None, Test, Both, Whose::Candidate),
            (&known, None, Production, Both, Whose::Unknown),
            (&known, None, Production, Serving, Whose::Serving),
            (&known, None, Production, Candidate, Whose::Candidate),
            (&unknown, Some(&third), Production, Both, Whose::Serving),
            (&unknown, Some(&third), Test, Both, Whose::Stranger),
            (&same, Some(&new), Production, Both, Whose::Unknown),
            (&same, Some(&new), Production, Serving, Whose::Serving),
            (&same, Some(&new), Test, Both, Whose::Candidate),
        ] {
            let named = named.map(Commit::as_str);
            assert_eq!(parties.whose(named, way, behind), expected, "{named:?} {way:?} {behind:?}");
        }
    }
}
