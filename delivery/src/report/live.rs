//! The lines of a terminal that are written over: what changes all the time, below what was said.

/// To the beginning of the line, and the line away.
pub(super) const CLEAR: &str = "\r\u{1b}[2K";
/// A line up, and away.
const UP: &str = "\u{1b}[1A\r\u{1b}[2K";

/// What is shown at the moment: each line with what it is about, in a fixed order.
#[derive(Debug, Default)]
pub(super) struct Live {
    lines: Vec<(About, String)>,
    shown: usize,
}

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum About {
    /// How the tasks stand.
    Tasks,
    /// What the engine's own requests have measured.
    Probes,
    /// What the load balancer has counted.
    Users,
}

impl Live {
    /// What takes the lines away from the screen.
    pub(super) fn clear(&mut self) -> String {
        match std::mem::take(&mut self.shown) {
            0 => String::new(),
            lines => CLEAR.to_owned() + &UP.repeat(lines - 1),
        }
    }

    /// What draws the lines again, after they were cleared.
    pub(super) fn draw(&mut self) -> String {
        self.shown = self.lines.len();
        self.lines.iter().map(|(_, line)| line.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// A line from now on. In one text, so that a terminal shows no state between.
    pub(super) fn show(&mut self, about: About, text: &str, width: usize) -> String {
        let text = line(text, width);
        match self.lines.binary_search_by_key(&about, |(about, _)| *about) {
            Ok(place) => self.lines[place].1 = text,
            Err(place) => self.lines.insert(place, (about, text)),
        }
        let clear = if self.shown == 0 { CLEAR.to_owned() } else { self.clear() };
        clear + &self.draw()
    }

    /// No lines about measurements any more.
    pub(super) fn forget_measured(&mut self) {
        self.lines.retain(|(about, _)| *about == About::Tasks);
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
        assert_eq!(live.clear(), "");
        assert_eq!(live.show(About::Users, "users", 80), format!("{CLEAR}users"));
        assert_eq!(live.show(About::Tasks, "ta\nsks", 80), format!("{CLEAR}ta sks\nusers"));
        assert_eq!(live.show(About::Users, "more users", 5), format!("{CLEAR}{UP}ta sks\nmore"));
        assert_eq!(live.clear(), format!("{CLEAR}{UP}"));
        live.forget_measured();
        assert_eq!(live.draw(), "ta sks");
        live.forget();
        assert_eq!((live.clear(), live.draw()), (CLEAR.to_owned(), String::new()));
    }
}
