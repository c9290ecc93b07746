//! Tables: aligned for people, Markdown for the summary of a run in Actions.

use std::env;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::time::Duration;

use anyhow::Context as _;

use crate::exit::{self, Ending};

/// A table with a header.
pub(crate) struct Table<const N: usize> {
    header: [&'static str; N],
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    /// A table without rows.
    pub(crate) fn new(header: [&'static str; N]) -> Self {
        Self { header, rows: Vec::new() }
    }

    /// Adds a row at the end.
    pub(crate) fn row(&mut self, row: [String; N]) {
        self.rows.push(row);
    }

    /// Columns under one another, two spaces apart.
    pub(crate) fn plain(&self) -> String {
        let mut widths = self.header.map(str::len);
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let line = |cells: &mut dyn Iterator<Item = &str>| {
            let padded: Vec<_> = cells.zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            format!("{}\n", padded.join("  ").trim_end())
        };
        let mut text = line(&mut self.header.into_iter());
        for row in &self.rows {
            text += &line(&mut row.iter().map(String::as_str));
        }
        text
    }

    /// A Markdown table.
    pub(crate) fn markdown(&self) -> String {
        let mut text = format!("| {} |\n|{}\n", self.header.join(" | "), " --- |".repeat(N));
        for row in &self.rows {
            let cells = row.each_ref().map(|cell| cell.replace('|', "\\|").replace('\n', " "));
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        }
        text
    }
}

/// What a gate came to, in the one word that tables use.
pub(crate) fn word(result: &anyhow::Result<()>) -> &'static str {
    match result.as_ref().map_err(exit::code_of) {
        Ok(()) => "passed",
        Err(exit::REFUSED) => "refused",
        Err(exit::COULD_NOT_TELL) => "could not tell",
        Err(exit::INTERRUPTED) => "interrupted",
        Err(_) => "broke",
    }
}

/// One ending for several gates: a refusal is certain whatever the others say, a surprise comes
/// next, and only then what could not be told.
pub(crate) fn combine<'a>(results: impl IntoIterator<Item = (&'a str, &'a anyhow::Result<()>)>) -> anyhow::Result<()> {
    let failed: Vec<(&str, u8, &anyhow::Error)> = results
        .into_iter()
        .filter_map(|(name, result)| result.as_ref().err().map(|error| (name, exit::code_of(error), error)))
        .collect();
    let named = |code: u8| {
        let names: Vec<_> = failed.iter().filter(|(_, its, _)| *its == code).map(|(name, _, _)| *name).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    if named(exit::INTERRUPTED).is_some() {
        return Err(Ending::Interrupted.into());
    }
    if let Some(names) = named(exit::REFUSED) {
        return Err(Ending::Refused(format!("refused by {names}")).into());
    }
    if let Some((name, _, error)) = failed.iter().find(|(_, code, _)| *code != exit::COULD_NOT_TELL) {
        anyhow::bail!("{name} broke: {error:#}");
    }
    if let Some(names) = named(exit::COULD_NOT_TELL) {
        return Err(Ending::CouldNotTell(names).into());
    }
    Ok(())
}

/// Minutes and seconds, or seconds with a tenth.
pub(crate) fn took(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{} min {:02} s", time.as_secs() / 60, time.as_secs() % 60)
    }
}

/// Appends to the summary page of a run, where Actions has one.
pub(crate) fn summarise(markdown: &str) -> anyhow::Result<()> {
    let Some(path) = env::var_os("GITHUB_STEP_SUMMARY") else {
        return Ok(());
    };
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(&path)
        .with_context(|| format!("failed to open the step summary {}", path.display()))?;
    file.write_all(markdown.as_bytes()).context("failed to write the step summary")
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn a_table_is_aligned_for_people_and_escaped_for_markdown() {
        let mut table = Table::new(["gate", "verdict"]);
        table.row(["lint".into(), "passed".into()]);
        table.row(["longer name".into(), "a|b".into()]);
        expect![[r"
            gate         verdict
            lint         passed
            longer name  a|b
        "]]
        .assert_eq(&table.plain());
        expect![[r"
            | gate | verdict |
            | --- | --- |
            | lint | passed |
            | longer name | a\|b |
        "]]
        .assert_eq(&table.markdown());
    }

    #[test]
    fn the_worst_ending_decides() {
        let passed = Ok(());
        let refused = Err(Ending::Refused("no".into()).into());
        let unsure = Err(Ending::CouldNotTell("no scanner".into()).into());
        let broke = Err(anyhow::anyhow!("disk full"));
        let cases: [(&[&anyhow::Result<()>], Option<u8>); 6] = [
            (&[&passed, &passed], None),
            (&[&passed, &unsure], Some(exit::COULD_NOT_TELL)),
            (&[&unsure, &refused], Some(exit::REFUSED)),
            (&[&broke, &refused], Some(exit::REFUSED)),
            (&[&unsure, &broke], Some(exit::UNEXPECTED)),
            (&[], None),
        ];
        for (results, code) in cases {
            let combined = combine(results.iter().map(|result| ("gate", *result)));
            assert_eq!(combined.err().as_ref().map(exit::code_of), code);
        }
    }

    #[test]
    fn a_time_is_written_in_the_unit_that_fits() {
        assert_eq!(took(Duration::from_millis(1_240)), "1.2 s");
        assert_eq!(took(Duration::from_secs(125)), "2 min 05 s");
    }
}
