//! A live line for each gate on a terminal, a line at each start and end elsewhere.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::gate::Outcome;
use crate::report::{took, word};

/// The lines of the gates.
pub(super) struct Progress {
    lines: MultiProgress,
    bars: BTreeMap<&'static str, ProgressBar>,
}

impl Progress {
    /// One line a gate, in this order.
    pub(super) fn new(gates: impl Iterator<Item = &'static str>) -> Self {
        let lines = MultiProgress::new();
        let waiting =
            ProgressStyle::with_template("  {prefix:8} waiting").unwrap_or_else(|_| ProgressStyle::default_bar());
        let bars = gates
            .map(|gate| {
                let bar = lines.add(ProgressBar::new_spinner()).with_prefix(gate).with_style(waiting.clone());
                bar.tick();
                (gate, bar)
            })
            .collect();
        Self { lines, bars }
    }

    /// A gate has started.
    pub(super) fn started(&self, gate: &str) {
        if self.lines.is_hidden() {
            eprintln!("{gate}: started");
            return;
        }
        if let (Some(bar), Ok(style)) =
            (self.bars.get(gate), ProgressStyle::with_template("{spinner} {prefix:8} {elapsed_precise}"))
        {
            bar.reset_elapsed();
            bar.set_style(style);
            bar.enable_steady_tick(Duration::from_millis(120));
        }
    }

    /// A gate has ended, or its turn will not come.
    pub(super) fn ended(&self, outcome: &Outcome) {
        let verdict = word(&outcome.result);
        let time = took(outcome.time);
        if self.lines.is_hidden() {
            eprintln!("{}: {verdict} in {time}", outcome.name);
            return;
        }
        let mark = if outcome.result.is_ok() { "✓" } else { "✗" };
        if let (Some(bar), Ok(style)) = (self.bars.get(outcome.name), ProgressStyle::with_template("{prefix:10} {msg}"))
        {
            bar.set_style(style);
            bar.set_prefix(format!("{mark} {}", outcome.name));
            bar.abandon_with_message(format!("{verdict} in {time}"));
        }
    }

    /// No gate runs any more: what stands on the terminal stays there.
    pub(super) fn finish(self) {
        drop(self.bars);
    }
}
