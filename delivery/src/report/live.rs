//! The one line of a terminal that is written over.

/// To the beginning of the line, and the line away.
pub(super) const CLEAR: &str = "\r\u{1b}[2K";

/// The text on one line that does not wrap: what wraps cannot be written over.
pub(super) fn line(text: &str, width: usize) -> String {
    text.replace('\n', " ").chars().take(width.saturating_sub(1)).collect()
}
