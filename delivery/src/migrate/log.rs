//! The log of a task that is being followed: each line once.

use std::time::Duration;

use crate::aws::Clients;
use crate::aws::ecs::LogPlace;
use crate::aws::signed::LogLine;

/// How many lines are asked for at once.
const LINES: u32 = 200;
/// How long they may be waited for: they are no reason to wait with anything else.
const LIMIT: Duration = Duration::from_secs(5);
/// How often a log is read once its task is over, until it has said anything: lines arrive late.
pub(super) const LATE: u32 = 3;
const PAUSE: Duration = Duration::from_secs(2);

/// What was shown of a log.
#[derive(Debug, Default)]
pub(super) struct Log {
    seen: Vec<LogLine>,
    shown: Vec<String>,
}

impl Log {
    /// The last line that was shown.
    pub(super) fn last(&self) -> Option<&str> {
        self.shown.last().map(String::as_str)
    }

    /// All lines that were shown.
    pub(super) fn lines(&self) -> &[String] {
        &self.shown
    }

    /// Reads on, and shows what is new. It tries again while nothing was ever found, so often.
    pub(super) async fn read(
        &mut self,
        clients: &Clients,
        place: &LogPlace,
        attempts: u32,
        show: impl Fn(&str) -> String,
    ) {
        if place.region.as_deref().is_some_and(|region| region != clients.region()) {
            return;
        }
        for attempt in 1..=attempts {
            // A log that cannot be read says nothing of the migration.
            let read = tokio::time::timeout(LIMIT, clients.log_tail(&place.group, &place.stream, LINES)).await;
            if let Ok(Ok(lines)) = read {
                self.shown.extend(self.unseen(&lines).iter().map(|line| show(&line.text)));
                if !lines.is_empty() {
                    self.seen = lines;
                }
            }
            if !self.shown.is_empty() || attempt == attempts {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// What comes after the lines that were seen: the longest end of theirs is where these begin.
    fn unseen<'a>(&self, lines: &'a [LogLine]) -> &'a [LogLine] {
        let most = self.seen.len().min(lines.len());
        let overlap = (0..=most).rev().find(|&count| self.seen[self.seen.len() - count..] == lines[..count]);
        &lines[overlap.unwrap_or_default()..]
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn lines(texts: &str) -> Vec<LogLine> {
        let line = |text: &str| LogLine { at: Timestamp::UNIX_EPOCH, text: text.to_owned() };
        texts.split_whitespace().map(line).collect()
    }

    #[test]
    fn each_line_is_new_once_even_when_it_is_like_another() {
        for (seen, now, expected) in [
            ("", "a b", "a b"),
            ("a b", "a b", ""),
            ("a b", "a b c", "c"),
            // The page moves on.
            ("a b c", "b c d", "d"),
            ("a b", "c d", "c d"),
            ("a a", "a a a", "a"),
        ] {
            let log = Log { seen: lines(seen), shown: Vec::new() };
            assert_eq!(log.unseen(&lines(now)), lines(expected), "{seen} | {now}");
        }
    }
}
