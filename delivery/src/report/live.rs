//! The lines of a terminal that are written over: what changes all the time, below what was said.

/// To the beginning of the line, and the line away.
pub(super) const CLEAR: &str = "\r\u{1b}[2K";
/// A line up, and away.
const UP: &str = "\u{1b}[1A\r\u{1b}[2K";

/// What is shown at the moment: each line with what it is about, in a fixed order.
#[derive(Debug, Default)]
pub(super) struct Live {
    lines: Vec<(About, String)>,
    /// How many letters each line has that is on the screen.
    shown: Vec<usize>,
}

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum About {
    /// What is brought in or watched, its share of traffic, and for how long.
    Release,
    /// How many of the engine's own requests failed.
    ProbesErrors,
    /// How long they took.
    ProbesLatency,
    /// How many of users' requests failed.
    UsersErrors,
    /// How long they took.
    UsersLatency,
    /// How the tasks stand.
    Tasks,
    /// How the alarms stand.
    Alarms,
}

impl Live {
    /// What takes the lines away from a screen of this width. One that has become narrower shows a line
    /// on as many rows as it takes.
    pub(super) fn clear(&mut self, width: usize) -> String {
        let rows: usize = self.shown.drain(..).map(|letters| letters.div_ceil(width.max(1)).max(1)).sum();
        match rows {
            0 => String::new(),
            rows => CLEAR.to_owned() + &UP.repeat(rows - 1),
        }
    }

    /// What draws the lines again, after they were cleared.
    pub(super) fn draw(&mut self, width: usize) -> String {
        let lines: Vec<_> = self.lines.iter().map(|(_, text)| line(text, width)).collect();
        self.shown = lines.iter().map(|line| line.chars().count()).collect();
        lines.join("\n")
    }

    /// A line from now on; whether it is another than before.
    pub(super) fn set(&mut self, about: About, text: String) -> bool {
        match self.lines.binary_search_by_key(&about, |(about, _)| *about) {
            Ok(place) if self.lines[place].1 == text => return false,
            Ok(place) => self.lines[place].1 = text,
            Err(place) => self.lines.insert(place, (about, text)),
        }
        true
    }

    /// The lines as they are now, in one text, so that a terminal shows no state between.
    pub(super) fn redraw(&mut self, width: usize) -> String {
        let clear = if self.shown.is_empty() { CLEAR.to_owned() } else { self.clear(width) };
        clear + &self.draw(width)
    }

    /// No lines about measurements any more.
    pub(super) fn forget_measured(&mut self) {
        use About::{ProbesErrors, ProbesLatency, UsersErrors, UsersLatency};
        self.lines.retain(|(about, _)| !matches!(about, ProbesErrors | ProbesLatency | UsersErrors | UsersLatency));
    }

    /// No lines any more.
    pub(super) fn forget(&mut self) {
        self.lines.clear();
    }
}

/// The text on one line that does not wrap: what wraps cannot be written over.
fn line(text: &str, width: usize) -> String {
    text.replace('\n', " ").chars().take(width.saturating_sub(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_lines_are_taken_away_as_were_drawn_and_their_order_is_fixed() {
        let mut live = Live::default();
        assert_eq!(live.clear(80), "");
        assert!(live.set(About::Alarms, "alarms".to_owned()));
        assert_eq!(live.redraw(80), format!("{CLEAR}alarms"));
        assert!(live.set(About::Tasks, "ta\nsks".to_owned()) && !live.set(About::Alarms, "alarms".to_owned()));
        assert_eq!(live.redraw(80), format!("{CLEAR}ta sks\nalarms"));
        assert_eq!(live.redraw(5), format!("{CLEAR}{}ta s\nalar", UP.repeat(3)), "both lines had become two");
        assert_eq!(live.clear(5), format!("{CLEAR}{UP}"));
        live.set(About::UsersErrors, "users".to_owned());
        live.forget_measured();
        assert_eq!(live.draw(80), "ta sks\nalarms");
        live.forget();
        assert_eq!((live.clear(80), live.draw(80)), (format!("{CLEAR}{UP}"), String::new()));
    }
}
