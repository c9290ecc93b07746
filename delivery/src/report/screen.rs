//! What a terminal shows of the figures: the lines below what was said.

use super::live::{About, Live};
use super::words::{alarms_in_words, of, time};
use crate::progress::{Arm, Event, Measured, Stage};
use crate::verdict::Source;

/// What the first line is made of.
#[derive(Debug, Default)]
pub(super) struct Screen {
    release: String,
    stage: String,
    weight: Option<f64>,
    watch: String,
}

impl Screen {
    /// Takes what an event says of figures; whether the lines have changed. `safe` makes a text fit to be
    /// shown.
    pub(super) fn take(&mut self, event: &Event, live: &mut Live, safe: &dyn Fn(&str) -> String) -> bool {
        let mut set = |about, text: &str| live.set(about, safe(text));
        match event {
            Event::About(about) => {
                self.release = about.release.as_ref().map(ToString::to_string).unwrap_or_default();
                false
            }
            Event::Stage(Stage { name, weight, .. }) => {
                (self.stage, self.weight) = (name.clone(), Some(*weight));
                set(About::Release, &self.first())
            }
            Event::Tasks { .. } => set(About::Tasks, &of(event).unwrap_or_default()),
            Event::Alarms { states } if !states.is_empty() => {
                set(About::Alarms, &format!("alarms    {}", alarms_in_words(states)))
            }
            Event::Measured(measured) => {
                let Measured { watch, weight, source, candidate, serving, spent, lasts } = &**measured;
                self.weight = Some(*weight);
                self.watch = format!("{watch}: {} of {}", time(*spent), time(*lasts));
                let (errors, latency, whose) = match source {
                    Source::Probes => (About::ProbesErrors, About::ProbesLatency, "probes"),
                    Source::Users => (About::UsersErrors, About::UsersLatency, "users"),
                };
                let against = |words: fn(&Arm) -> String| {
                    serving.as_ref().map(|arm| format!("   serving: {}", words(arm))).unwrap_or_default()
                };
                let failed = format!("errors    {whose:<6}  {}{}", errors_of(candidate), against(errors_of));
                let took = format!("latency   {whose:<6}  {}{}", latency_of(candidate), against(latency_of));
                let first = self.first();
                [set(About::Release, &first), set(errors, &failed), set(latency, &took)].contains(&true)
            }
            Event::Judged { .. } => {
                self.watch.clear();
                false
            }
            _ => false,
        }
    }

    fn first(&self) -> String {
        let weight = self.weight.map(|weight| format!("{weight} % of the traffic")).unwrap_or_default();
        let parts = [self.release.as_str(), &weight, &self.stage, &self.watch];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        format!("release   {}", parts.join("   "))
    }
}

fn errors_of(arm: &Arm) -> String {
    match arm.error_rate {
        Some((low, high)) => {
            let rate = arm.errors as f64 / (arm.requests as f64).max(1.0) * 100.0;
            let (low, high) = (low * 100.0, high * 100.0);
            format!("{rate:.2} % ({low:.2} to {high:.2} %), {} of {}", arm.errors, arm.requests)
        }
        None => "no requests yet".to_owned(),
    }
}

fn latency_of(arm: &Arm) -> String {
    match (arm.p50, arm.p95) {
        (Some(p50), Some(p95)) => format!("p50 {:.1} ms, p95 {:.1} ms", p50 * 1000.0, p95 * 1000.0),
        _ => "not known yet".to_owned(),
    }
}
