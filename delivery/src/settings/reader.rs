//! Reading a table key by key, so that every mistake is found and each has its line.

use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Problem, duration};
use crate::strategy::Percent;

/// The mistakes found so far.
#[derive(Debug)]
pub(super) struct Problems<'t> {
    text: &'t str,
    found: Vec<Problem>,
}

impl<'t> Problems<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self { text, found: Vec::new() }
    }

    /// Notes a mistake at a place in the text.
    pub(super) fn at(&mut self, span: &Range<usize>, what: impl Into<String>) {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count();
        self.found.push(Problem { line: Some(line), what: what.into() });
    }

    /// Notes a mistake that is not in the text.
    pub(super) fn elsewhere(&mut self, what: impl Into<String>) {
        self.found.push(Problem { line: None, what: what.into() });
    }

    /// All of them, in the order of the text.
    pub(super) fn into_found(mut self) -> Vec<Problem> {
        self.found.sort();
        self.found
    }

    pub(super) fn none(&self) -> bool {
        self.found.is_empty()
    }
}

/// A decimal number in tenths, when it is a whole number of them.
fn tenths(text: &str) -> Option<u32> {
    let (whole, fraction) = text.split_once('.')?;
    let digits = fraction.trim_end_matches('0');
    let tenth = match digits.len() {
        0 => 0,
        1 => digits.parse::<u32>().ok()?,
        _ => return None,
    };
    whole.parse::<u32>().ok()?.checked_mul(10)?.checked_add(tenth)
}

/// A table of the file, which knows which of its keys nobody has asked for.
pub(super) struct Table<'a, 't> {
    /// Its dotted name, empty for the whole file.
    name: String,
    span: Range<usize>,
    entries: Option<&'a DeTable<'t>>,
    known: Vec<&'static str>,
}

impl<'a, 't> Table<'a, 't> {
    /// The whole file.
    pub(super) fn whole(document: &'a Spanned<DeTable<'t>>) -> Self {
        Self { name: String::new(), span: 0..0, entries: Some(document.get_ref()), known: Vec::new() }
    }

    /// The place of the table, for mistakes about all of it.
    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// A key of this table with the names of the tables above it.
    pub(super) fn path(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    /// Says that a key belongs to somebody else.
    pub(super) fn tolerate(&mut self, key: &'static str) {
        self.known.push(key);
    }

    /// The keys that the file has here.
    pub(super) fn keys(&self) -> Vec<(String, Range<usize>)> {
        self.entries.into_iter().flatten().map(|(key, _)| (key.get_ref().to_string(), key.span())).collect()
    }

    fn find(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'t>>> {
        self.known.push(key);
        self.entries?.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }

    /// The table below this one; empty when it is not there.
    pub(super) fn table(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Table<'a, 't> {
        let name = self.path(key);
        let (span, entries) = match self.find(key) {
            None => (self.span(), None),
            Some(value) => {
                let entries = value.get_ref().as_table();
                if entries.is_none() {
                    problems.at(&value.span(), format!("{name} is no table: write [{name}]"));
                }
                (value.span(), entries)
            }
        };
        Table { name, span, entries, known: Vec::new() }
    }

    /// Whether the file has this table at all.
    pub(super) fn present(&self) -> bool {
        self.entries.is_some()
    }

    /// A text, which must be there unless there is a default.
    pub(super) fn text(
        &mut self,
        key: &'static str,
        default: Option<&str>,
        problems: &mut Problems<'_>,
    ) -> (String, Range<usize>) {
        let path = self.path(key);
        let Some(value) = self.find(key) else {
            if default.is_none() {
                problems.at(&self.span(), format!("{path} is missing: add `{key} = \"...\"`"));
            }
            return (default.unwrap_or_default().to_owned(), self.span());
        };
        match value.get_ref().as_str() {
            Some("") => problems.at(&value.span(), format!("{path} is empty")),
            Some(text) => return (text.to_owned(), value.span()),
            None => problems.at(&value.span(), format!("{path} is no text: put it in quotation marks")),
        }
        (default.unwrap_or_default().to_owned(), value.span())
    }

    /// A text that may be left out.
    pub(super) fn optional_text(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Option<String> {
        Some(self.text(key, Some(""), problems).0).filter(|text| !text.is_empty())
    }

    /// A whole number.
    pub(super) fn number(
        &mut self,
        key: &'static str,
        default: Option<u32>,
        range: Range<u32>,
        problems: &mut Problems<'_>,
    ) -> u32 {
        let path = self.path(key);
        let Some(value) = self.find(key) else {
            if default.is_none() {
                problems.at(&self.span(), format!("{path} is missing: add `{key} = NUMBER`"));
            }
            return default.unwrap_or(range.start);
        };
        let number =
            value.get_ref().as_integer().and_then(|number| u32::from_str_radix(number.as_str(), number.radix()).ok());
        match number.filter(|number| range.contains(number)) {
            Some(number) => number,
            None => {
                problems
                    .at(&value.span(), format!("{path} is no whole number from {} to {}", range.start, range.end - 1));
                range.start
            }
        }
    }

    /// A percentage in tenths of a percent, from so many tenths to so many; none when it is not there or
    /// is wrong.
    pub(super) fn percent(
        &mut self,
        key: &'static str,
        range: RangeInclusive<u32>,
        problems: &mut Problems<'_>,
    ) -> Option<u32> {
        let path = self.path(key);
        let value = self.find(key)?;
        let tenths = match value.get_ref() {
            DeValue::Integer(number) => number.as_str().parse::<u32>().ok().and_then(|number| number.checked_mul(10)),
            DeValue::Float(number) => tenths(number.as_str()),
            _ => None,
        };
        let found = tenths.filter(|tenths| range.contains(tenths));
        if found.is_none() {
            let (from, to) = (Percent(*range.start()), Percent(*range.end()));
            problems.at(&value.span(), format!("{path} is no percentage from {from} to {to} in steps of 0.1"));
        }
        found
    }

    /// The tables of a list; none when it is not there.
    pub(super) fn tables(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Option<Vec<Table<'a, 't>>> {
        let path = self.path(key);
        let value = self.find(key)?;
        let tables: Option<Vec<Table<'a, 't>>> = value.get_ref().as_array().and_then(|array| {
            let one = |(index, item): (usize, &'a Spanned<DeValue<'t>>)| {
                let name = format!("{path}[{index}]");
                Some(Table { name, span: item.span(), entries: Some(item.get_ref().as_table()?), known: Vec::new() })
            };
            array.iter().enumerate().map(one).collect()
        });
        if tables.is_none() {
            problems.at(&value.span(), format!("{path} is no list of tables: write [{{ ... }}, {{ ... }}]"));
        }
        tables
    }

    /// Whether a key is there, which is not read by that.
    pub(super) fn span_of(&self, key: &str) -> Option<Range<usize>> {
        self.keys().into_iter().find(|(name, _)| name == key).map(|(_, span)| span)
    }

    /// A duration, which may be zero.
    pub(super) fn pause(&mut self, key: &'static str, default: Duration, problems: &mut Problems<'_>) -> Duration {
        let written = self.entries.and_then(|entries| entries.iter().find(|(name, _)| name.get_ref() == key));
        if written.and_then(|(_, value)| value.get_ref().as_str()).map(duration::parse) == Some(Ok(Duration::ZERO)) {
            self.known.push(key);
            return Duration::ZERO;
        }
        self.duration(key, default, problems)
    }

    /// A duration, which may not be zero.
    pub(super) fn duration(&mut self, key: &'static str, default: Duration, problems: &mut Problems<'_>) -> Duration {
        let path = self.path(key);
        let Some(value) = self.find(key) else { return default };
        let parsed = match value.get_ref().as_str() {
            None => Err("it is no text: write \"10m\", with quotation marks".to_owned()),
            Some(text) => duration::parse(text),
        };
        match parsed {
            Ok(Duration::ZERO) => problems.at(&value.span(), format!("{path} may not be zero")),
            Ok(duration) => return duration,
            Err(why) => problems.at(&value.span(), format!("{path}: {why}")),
        }
        default
    }

    /// Yes or no.
    pub(super) fn flag(&mut self, key: &'static str, default: bool, problems: &mut Problems<'_>) -> bool {
        let path = self.path(key);
        let Some(value) = self.find(key) else { return default };
        value.get_ref().as_bool().unwrap_or_else(|| {
            problems.at(&value.span(), format!("{path} is neither true nor false"));
            default
        })
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, key: &'static str, default: &[&str], problems: &mut Problems<'_>) -> Vec<String> {
        let path = self.path(key);
        let Some(value) = self.find(key) else { return default.iter().map(|text| (*text).to_owned()).collect() };
        let texts = value.get_ref().as_array().and_then(|array| {
            array
                .iter()
                .map(|item| item.get_ref().as_str().filter(|text| !text.is_empty()).map(str::to_owned))
                .collect()
        });
        texts.unwrap_or_else(|| {
            problems.at(&value.span(), format!("{path} is no list of texts: write [\"...\", \"...\"]"));
            Vec::new()
        })
    }

    /// Ends the reading: what was not asked for is a mistake.
    pub(super) fn end(self, problems: &mut Problems<'_>) {
        for (key, span) in self.keys() {
            if !self.known.contains(&key.as_str()) {
                let known = self.known.join(", ");
                problems.at(&span, format!("nobody knows the key {}: it is one of {known}", self.path(&key)));
            }
        }
    }
}
