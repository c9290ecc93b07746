//! Pictures of figures over time, each with a sentence that says the same.

mod errors;
mod frame;
mod latency;
mod weights;

use super::ink::Ink;
use super::story::{Story, Stretch};
use crate::settings::EnvironmentSettings;
use frame::{Frame, Line};

pub(super) use errors::errors;
pub(super) use latency::latency;
pub(super) use weights::weights;

/// One of the two releases.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Release {
    Candidate,
    Serving,
}

impl Release {
    const BOTH: [Self; 2] = [Self::Serving, Self::Candidate];

    fn class(self) -> &'static str {
        match self {
            Self::Candidate => "candidate",
            Self::Serving => "serving",
        }
    }
}

/// The key of what is drawn: classes and what they stand for.
fn key(keys: &[(&str, &str)]) -> String {
    let items = keys
        .iter()
        .map(|(class, words)| format!("<li><span class=\"key {class}\" aria-hidden=\"true\"></span>{words}</li>\n"))
        .collect::<Vec<_>>()
        .concat();
    format!("<ul class=\"keys\">\n{items}</ul>\n")
}

/// A picture with its title, the sentence that says the same, and the key below it. All are markup.
fn figure(id: &str, title: &str, says: &str, svg: &str, keys: &str) -> String {
    format!(
        "<figure>\n<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"{id}-title {id}-says\">\n\
         <title id=\"{id}-title\">{title}</title>\n<desc id=\"{id}-says\">{says}</desc>\n{svg}</svg>\n\
         <figcaption>{says}</figcaption>\n{keys}</figure>\n",
        frame::WIDTH,
        frame::HEIGHT
    )
}
