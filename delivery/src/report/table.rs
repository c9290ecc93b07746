//! Tables that fit a terminal.

/// On which side of its column a cell stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A table with a header.
#[derive(Clone, Debug)]
pub struct Table<const N: usize> {
    header: [&'static str; N],
    align: [Align; N],
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    /// A table without rows, of words.
    #[must_use]
    pub fn new(header: [&'static str; N]) -> Self {
        Self { header, align: [Align::Left; N], rows: Vec::new() }
    }

    /// Sets on which side the cells of a column stand.
    #[must_use]
    pub fn align(mut self, column: usize, align: Align) -> Self {
        self.align[column] = align;
        self
    }

    /// Adds a row at the end.
    pub fn row(&mut self, row: [String; N]) {
        self.rows.push(row);
    }

    /// Lines, columns two spaces apart. The last column is cut so that no line is longer than the
    /// width.
    #[must_use]
    pub fn lines(&self, width: usize) -> Vec<String> {
        let mut widths = self.header.map(|cell| cell.chars().count());
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let line = |cells: [&str; N]| {
            let padded = cells.iter().zip(widths).zip(self.align).map(|((cell, width), align)| match align {
                Align::Left => format!("{cell:<width$}"),
                Align::Right => format!("{cell:>width$}"),
            });
            cut(padded.collect::<Vec<_>>().join("  ").trim_end(), width)
        };
        let rows = self.rows.iter().map(|row| line(row.each_ref().map(String::as_str)));
        std::iter::once(line(self.header)).chain(rows).collect()
    }
}

/// The text, or as much of it as fits with a mark that it is not whole.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(width.saturating_sub(1)).collect();
    cut.push('\u{2026}');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_lines_fit() {
        let mut table = Table::new(["what", "count", "why"]).align(1, Align::Right);
        table.row(["one".to_owned(), "7".to_owned(), "because".to_owned()]);
        table.row(["another".to_owned(), "12".to_owned(), "w\u{e9}ll ".repeat(5)]);
        let expected =
            ["what     count  why", "one          7  because", "another     12  w\u{e9}ll w\u{e9}ll\u{2026}"];
        assert_eq!(table.lines(26), expected);
    }
}
