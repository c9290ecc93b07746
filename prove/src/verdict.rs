//! What a part of the proof has shown, and how it is told.

use schema::exit::Exit;

/// What one part has shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What was proved.
    pub what: String,
    /// What is wrong: the part refuses.
    pub wrong: Vec<String>,
    /// What could not be tried: the part is no pass.
    pub untold: Vec<String>,
    /// What would be wrong, and its author said so, or what is as it was before.
    pub known: Vec<String>,
    /// What was tried, in a few words.
    pub tried: String,
}

impl Verdict {
    /// A part that could not be tried at all.
    #[must_use]
    pub fn untold(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { what: what.into(), untold: vec![why.into()], ..Self::default() }
    }

    /// The exit code that it asks for.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match (self.wrong.is_empty(), self.untold.is_empty()) {
            (false, _) => Exit::Refused,
            (true, false) => Exit::CouldNotTell,
            (true, true) => Exit::Done,
        }
    }

    /// Prints it for people.
    pub fn tell(&self) {
        let word = match self.exit() {
            Exit::Refused => "refused",
            Exit::Done => "passed",
            _ => "could not tell",
        };
        let tried = if self.tried.is_empty() { String::new() } else { format!(" ({})", self.tried) };
        println!("{}: {word}{tried}", self.what);
        let lines = [("wrong", &self.wrong), ("could not tell", &self.untold), ("known", &self.known)];
        for (word, line) in lines.iter().flat_map(|(word, lines)| lines.iter().map(move |line| (word, line))) {
            println!("    {word}: {line}");
        }
    }
}

/// The worst of several: a refusal, then what could not be told.
#[must_use]
pub fn worst(verdicts: &[Verdict]) -> Exit {
    let any = |exit: Exit| verdicts.iter().any(|verdict| verdict.exit() == exit);
    if any(Exit::Refused) {
        Exit::Refused
    } else if any(Exit::CouldNotTell) {
        Exit::CouldNotTell
    } else {
        Exit::Done
    }
}
