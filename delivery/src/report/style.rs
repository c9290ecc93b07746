//! How lines look: with colours and a live line on a terminal, plain elsewhere.

use crate::evidence::Judgement;
use crate::progress::{Event, Moment, Outcome};

/// How wide lines are where nobody says it.
const WIDTH: usize = 80;

/// How lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether colours are used.
    pub colours: bool,
    /// Whether there is a line that is written over.
    pub live: bool,
    /// How many letters fit into a line.
    pub width: usize,
}

/// What a line is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Good,
    Faint,
    Warning,
    Bad,
}

impl Style {
    /// Lines for a file, a pipe or a log.
    pub const PLAIN: Self = Self { colours: false, live: false, width: WIDTH };

    /// Lines for what is on the other end: a terminal with its width, or something else. `NO_COLOR`
    /// and a terminal that is `dumb` are obeyed.
    #[must_use]
    pub fn of(terminal: bool, width: Option<usize>, variable: impl Fn(&str) -> Option<String>) -> Self {
        let dumb = variable("TERM").is_some_and(|term| term == "dumb");
        let live = terminal && !dumb;
        // https://no-color.org: set and not empty.
        let colours = live && variable("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { colours, live, width: width.filter(|width| *width >= 20).unwrap_or(WIDTH) }
    }

    pub(super) fn paint(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Plain => return text.to_owned(),
            Tone::Good => "32",
            Tone::Faint => "2",
            Tone::Warning => "33",
            Tone::Bad => "1;31",
        };
        if self.colours { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// A whole line, or several of which all but the first begin with a bar.
    pub(super) fn line(self, moment: &Moment, text: &str) -> String {
        let at = moment.at.strftime("%H:%M:%S").to_string();
        let (at, text) = (self.paint(Tone::Faint, &at), self.paint(tone(&moment.event), text));
        format!("{at} {}", text.replace('\n', "\n         | "))
    }
}

fn tone(event: &Event) -> Tone {
    match event {
        Event::Ended { outcome: Outcome::Done, .. } | Event::Judged { judgement: Judgement::Passed, .. } => Tone::Good,
        Event::Ended { outcome: Outcome::Skipped, .. } | Event::Log { .. } => Tone::Faint,
        Event::Ended { outcome: Outcome::Refused | Outcome::Failed, .. } | Event::Judged { .. } => Tone::Bad,
        Event::Warned { .. } => Tone::Warning,
        Event::Began { .. }
        | Event::Said { .. }
        | Event::Tasks { .. }
        | Event::Stage(_)
        | Event::Alarms { .. }
        | Event::Measured(_)
        | Event::About(_)
        | Event::Recorded(_) => Tone::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(terminal: bool, variables: &[(&str, &str)], colours: bool, live: bool) {
        let variable = |name: &str| variables.iter().find(|one| one.0 == name).map(|one| one.1.to_owned());
        let style = Style::of(terminal, Some(100), variable);
        assert_eq!((style.colours, style.live), (colours, live), "{terminal} {variables:?}");
    }

    #[test]
    fn colours_are_for_terminals_and_for_those_who_want_them() {
        check(true, &[], true, true);
        check(false, &[], false, false);
        check(true, &[("NO_COLOR", "1")], false, true);
        check(true, &[("NO_COLOR", "")], true, true);
        check(true, &[("TERM", "dumb")], false, false);
        assert_eq!(Style::of(true, Some(3), |_| None).width, WIDTH);
    }
}
