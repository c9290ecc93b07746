//! What a container writes, line by line, to the cloud.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::world::{Report, Reports, TaskArn};

/// A longer line is cut in pieces of this size, as engines do.
const LONGEST: usize = 16 * 1024;

/// Reports every line until the end of the stream.
pub(super) async fn report_lines(mut stream: impl AsyncRead + Unpin, task: TaskArn, reports: Arc<dyn Reports>) {
    let mut lines = Lines::default();
    let mut buffer = vec![0; LONGEST];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        for line in lines.take(&buffer[..count]) {
            reports.report(&task, Report::Log { line });
        }
    }
    if let Some(line) = lines.rest() {
        reports.report(&task, Report::Log { line });
    }
}

/// Cuts bytes into lines.
#[derive(Debug, Default)]
struct Lines(Vec<u8>);

impl Lines {
    fn take(&mut self, bytes: &[u8]) -> Vec<String> {
        self.0.extend_from_slice(bytes);
        let mut lines = Vec::new();
        let mut begin = 0;
        loop {
            let rest = &self.0[begin..];
            match rest.iter().position(|byte| *byte == b'\n') {
                Some(end) if end <= LONGEST => {
                    lines.push(text(&rest[..end]));
                    begin += end + 1;
                }
                _ if rest.len() >= LONGEST => {
                    lines.push(text(&rest[..LONGEST]));
                    begin += LONGEST;
                }
                _ => break,
            }
        }
        self.0.drain(..begin);
        lines
    }

    fn rest(self) -> Option<String> {
        (!self.0.is_empty()).then(|| text(&self.0))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.strip_suffix(b"\r").unwrap_or(bytes)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_however_they_come() {
        let cases: [(&[&str], &[&str], Option<&str>); 5] = [
            (&["one\ntwo\n"], &["one", "two"], None),
            (&["on", "e\ntw", "o\n"], &["one", "two"], None),
            (&["one\r\n\r\n"], &["one", ""], None),
            (&["last words"], &[], Some("last words")),
            (&[""], &[], None),
        ];
        for (pieces, expected, rest) in cases {
            let mut lines = Lines::default();
            let seen: Vec<_> = pieces.iter().flat_map(|piece| lines.take(piece.as_bytes())).collect();
            assert_eq!(seen, expected, "{pieces:?}");
            assert_eq!(lines.rest().as_deref(), rest, "{pieces:?}");
        }
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let mut lines = Lines::default();
        let seen = lines.take(&vec![b'x'; LONGEST * 2 + 5]);
        assert_eq!(seen.iter().map(String::len).collect::<Vec<_>>(), [LONGEST, LONGEST]);
        assert_eq!(lines.rest().map(|rest| rest.len()), Some(5));
    }
}
