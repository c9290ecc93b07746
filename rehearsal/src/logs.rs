//! CloudWatch Logs: groups of streams of lines.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// The log groups of an account.
#[derive(Debug, Default)]
pub(crate) struct Logs(BTreeMap<String, Group>);

/// A log group.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) created_at: Timestamp,
    pub(crate) streams: BTreeMap<String, Stream>,
}

/// A log stream.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) created_at: Timestamp,
    /// In the order of their times.
    pub(crate) events: Vec<Event>,
}

/// A line.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) at: i64,
    pub(crate) ingested: i64,
    pub(crate) message: String,
}

impl Logs {
    /// Makes a group; whether there was none of this name.
    pub(crate) fn create_group(&mut self, name: &str, at: Timestamp) -> bool {
        let new = !self.0.contains_key(name);
        self.0.entry(name.to_owned()).or_insert_with(|| Group { created_at: at, streams: BTreeMap::new() });
        new
    }

    /// The group of this name.
    pub(crate) fn group(&self, name: &str) -> Option<&Group> {
        self.0.get(name)
    }

    /// The same, to change it.
    pub(crate) fn group_mut(&mut self, name: &str) -> Option<&mut Group> {
        self.0.get_mut(name)
    }

    /// All groups, by name.
    pub(crate) fn groups(&self) -> impl Iterator<Item = (&str, &Group)> {
        self.0.iter().map(|(name, group)| (name.as_str(), group))
    }

    /// Writes a line of a task, as the `awslogs` driver does; group and stream are made when they are
    /// not there, as `awslogs-create-group` asks for.
    pub(crate) fn write(&mut self, group: &str, stream: &str, at: Timestamp, line: &str) {
        self.create_group(group, at);
        let Some(group) = self.0.get_mut(group) else { return };
        group.create_stream(stream, at);
        if let Some(stream) = group.streams.get_mut(stream) {
            stream.push(at.as_millisecond(), at, line);
        }
    }
}

impl Group {
    /// Makes a stream; whether there was none of this name.
    pub(crate) fn create_stream(&mut self, name: &str, at: Timestamp) -> bool {
        let new = !self.streams.contains_key(name);
        self.streams.entry(name.to_owned()).or_insert_with(|| Stream { created_at: at, events: Vec::new() });
        new
    }
}

impl Stream {
    /// Adds a line behind those that are not later.
    pub(crate) fn push(&mut self, at: i64, now: Timestamp, message: &str) {
        let place = self.events.partition_point(|event| event.at <= at);
        self.events.insert(place, Event { at, ingested: now.as_millisecond(), message: message.to_owned() });
    }

    /// The indices of the lines from `start` to before `end`, in milliseconds since 1970.
    pub(crate) fn between(&self, start: Option<i64>, end: Option<i64>) -> std::ops::Range<usize> {
        let first = start.map_or(0, |start| self.events.partition_point(|event| event.at < start));
        let last = end.map_or(self.events.len(), |end| self.events.partition_point(|event| event.at < end));
        first..last.max(first)
    }
}

/// Whether a line matches a pattern of terms: each has to be there, those after `?` need one of them,
/// those after `-` must not. `None` for patterns of JSON and of fields.
pub(crate) fn matches(pattern: &str, message: &str) -> Option<bool> {
    let pattern = pattern.trim();
    if pattern.starts_with(['{', '[', '%']) {
        return None;
    }
    let (mut optional, mut any) = (false, false);
    for (sign, term) in terms(pattern) {
        let there = message.contains(&term);
        match sign {
            Some('?') => {
                optional = true;
                any |= there;
            }
            Some(_) if there => return Some(false),
            None if !there => return Some(false),
            _ => {}
        }
    }
    Some(!optional || any)
}

fn terms(pattern: &str) -> Vec<(Option<char>, String)> {
    let mut terms = Vec::new();
    let mut rest = pattern;
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return terms;
        }
        let sign = rest.chars().next().filter(|sign| matches!(sign, '?' | '-'));
        let after_sign = if sign.is_some() { &rest[1..] } else { rest };
        let (term, after) = match after_sign.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after_sign.split_once(' ').unwrap_or((after_sign, "")),
        };
        terms.push((sign, term.to_owned()));
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_of_terms_is_held_against_a_line() {
        let cases = [
            ("", "anything", Some(true)),
            ("ERROR", "an ERROR", Some(true)),
            ("ERROR", "an error", Some(false)),
            ("ERROR 500", "500 ERROR", Some(true)),
            ("ERROR 500", "ERROR", Some(false)),
            ("\"an ERROR\"", "an ERROR", Some(true)),
            ("\"ERROR an\"", "an ERROR", Some(false)),
            ("?ERROR ?WARN", "WARN", Some(true)),
            ("?ERROR ?WARN", "INFO", Some(false)),
            ("ERROR -ignore", "ERROR ignore", Some(false)),
            ("{ $.level = \"error\" }", "{}", None),
        ];
        for (pattern, line, expected) in cases {
            assert_eq!(matches(pattern, line), expected, "{pattern} on {line}");
        }
    }

    #[test]
    fn lines_lie_in_the_order_of_their_times() {
        let mut logs = Logs::default();
        let at = |second| Timestamp::from_second(second).expect("a time");
        for (second, line) in [(1, "a"), (3, "c"), (2, "b"), (3, "d")] {
            logs.write("group", "stream", at(second), line);
        }
        let stream = &logs.group("group").expect("the group").streams["stream"];
        let lines = |start, end| {
            stream.events[stream.between(start, end)].iter().map(|event| event.message.as_str()).collect::<String>()
        };
        assert_eq!(lines(None, None), "abcd");
        assert_eq!(lines(Some(2000), Some(3000)), "b");
        assert_eq!(lines(Some(3000), None), "cd");
        assert_eq!(lines(Some(5000), Some(1000)), "");
    }
}
