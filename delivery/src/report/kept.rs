//! What a report keeps for the end: everything that happened, and of figures as many as a picture shows.
//!
//! A watch of an hour measures every few seconds. Of each series so many samples are kept, evenly over
//! its time and always the last, so that a page of a day is no larger than one of an hour.

use std::collections::BTreeMap;

use crate::progress::{Event, Measured, Moment};
use crate::verdict::Source;

/// So many samples of a series are kept at the most; an even number.
const SAMPLES: usize = 240;
/// So many lines of tasks' logs are kept at the most, the newest.
const LINES: usize = 2000;

/// The moments that are kept, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Kept {
    moments: Vec<Moment>,
    series: BTreeMap<(String, Source), Series>,
    lines: usize,
}

/// How many samples of a series came, and how many of them are passed by for each that is kept.
#[derive(Debug)]
struct Series {
    came: usize,
    every: usize,
    kept: usize,
    /// Whether the last that is kept is there only because it is the last.
    last_is_extra: bool,
}

impl Kept {
    pub(super) fn moments(&self) -> &[Moment] {
        &self.moments
    }

    pub(super) fn keep(&mut self, moment: Moment) {
        match &moment.event {
            // Figures that repeat the last ones add nothing.
            Event::Tasks { tasks, .. } => {
                let last = self.moments.iter().rev().find_map(|moment| match &moment.event {
                    Event::Tasks { tasks, .. } => Some(tasks),
                    _ => None,
                });
                if last == Some(tasks) {
                    return;
                }
            }
            Event::Measured(measured) => {
                let key = (measured.watch.clone(), measured.source);
                self.make_room(&key);
            }
            Event::Log { .. } => {
                self.lines += 1;
                if self.lines > LINES {
                    self.lines -= 1;
                    if let Some(oldest) = self.moments.iter().position(|one| matches!(one.event, Event::Log { .. })) {
                        self.moments.remove(oldest);
                    }
                }
            }
            _ => {}
        }
        self.moments.push(moment);
    }

    /// Makes room for one more sample of a series.
    fn make_room(&mut self, key: &(String, Source)) {
        let new = Series { came: 0, every: 1, kept: 0, last_is_extra: false };
        let series = self.series.entry(key.clone()).or_insert(new);
        if series.last_is_extra {
            if let Some(last) = self.moments.iter().rposition(|one| is_of(one, key)) {
                self.moments.remove(last);
            }
            series.kept -= 1;
        }
        if series.kept >= SAMPLES {
            let mut number = 0_usize;
            self.moments.retain(|one| {
                if !is_of(one, key) {
                    return true;
                }
                number += 1;
                number % 2 == 1
            });
            series.kept = number.div_ceil(2);
            series.every *= 2;
        }
        series.last_is_extra = !series.came.is_multiple_of(series.every);
        series.came += 1;
        series.kept += 1;
    }
}

fn is_of(moment: &Moment, (watch, source): &(String, Source)) -> bool {
    matches!(&moment.event, Event::Measured(measured) if of(measured, watch, *source))
}

fn of(measured: &Measured, watch: &str, source: Source) -> bool {
    measured.watch == watch && measured.source == source
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::progress::{Arm, Step};

    fn sample(watch: &str, source: Source, number: u64) -> Moment {
        let candidate = Arm { requests: number, ..Arm::default() };
        let spent = Duration::from_secs(number);
        let (watch, lasts) = (watch.to_owned(), Duration::from_hours(24));
        let measured = Measured { watch, weight: 5.0, source, candidate, serving: None, spent, lasts };
        let at = Timestamp::UNIX_EPOCH + spent;
        Moment { at, event: Event::Measured(Box::new(measured)) }
    }

    fn numbers(kept: &Kept, watch: &str, source: Source) -> Vec<u64> {
        let all = kept.moments().iter().filter_map(|moment| match &moment.event {
            Event::Measured(measured) if of(measured, watch, source) => Some(measured.candidate.requests),
            _ => None,
        });
        all.collect()
    }

    #[test]
    fn a_day_of_figures_is_kept_evenly_and_with_its_end() {
        let mut kept = Kept::default();
        for number in 0..20_000 {
            kept.keep(sample("bake", Source::Probes, number));
            if number % 100 == 0 {
                kept.keep(sample("bake", Source::Users, number));
            }
        }
        let probes = numbers(&kept, "bake", Source::Probes);
        assert!((SAMPLES / 2..=SAMPLES).contains(&probes.len()), "{}", probes.len());
        assert_eq!((probes.first(), probes.last()), (Some(&0), Some(&19_999)));
        let gaps: Vec<_> = probes.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let (last, even) = gaps.split_last().expect("gaps");
        assert!(even.iter().all(|gap| gap == &even[0]) && *last <= even[0], "{gaps:?}");
        assert_eq!(numbers(&kept, "bake", Source::Users).len(), 200, "another series has room of its own");
        assert!(kept.moments().windows(2).all(|pair| pair[0].at <= pair[1].at));
    }

    #[test]
    fn a_short_series_is_kept_whole() {
        let mut kept = Kept::default();
        for number in 0..SAMPLES as u64 {
            kept.keep(sample("5 %", Source::Probes, number));
        }
        assert_eq!(numbers(&kept, "5 %", Source::Probes), (0..SAMPLES as u64).collect::<Vec<_>>());
    }

    #[test]
    fn lines_without_end_push_out_the_oldest_and_nothing_else() {
        let mut kept = Kept::default();
        let at = Timestamp::UNIX_EPOCH;
        kept.keep(Moment { at, event: Event::Said { step: Step::Follow, what: "first".to_owned() } });
        for number in 0..LINES + 10 {
            kept.keep(Moment { at, event: Event::Log { task: "a".to_owned(), line: number.to_string() } });
        }
        assert_eq!(kept.moments().len(), LINES + 1);
        assert!(matches!(&kept.moments()[0].event, Event::Said { .. }));
        assert!(matches!(&kept.moments()[1].event, Event::Log { line, .. } if line == "10"));
    }
}
