//! The questions that a deployment is asked afterwards, at the address that users have: is it this
//! commit that lives and is ready, and do the critical flows pass?
//!
//! What is not answered well is asked again, so many times and with the pause that the settings say;
//! every attempt is kept.

mod identity;
mod over;

use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use crate::aws::Transport;
use crate::evidence::{Check, Judgement};
use crate::progress::{Progress, Step};
use crate::release::Commit;
use crate::secret::{Redactor, Secret};
use crate::settings::EnvironmentSettings;

pub(crate) use identity::{HEADER, Unwell, judge};
pub(crate) use over::NEVER;

/// What is asked of whom.
#[derive(Clone, Debug)]
pub struct Smoke<'a> {
    /// Where, how often, with which pauses.
    pub settings: &'a EnvironmentSettings,
    /// How long all of it may last.
    pub limit: Duration,
    /// The commit that should answer.
    pub commit: &'a Commit,
    /// The token that the flows use; without one they cannot run, which is no pass.
    pub token: Option<Secret>,
    /// How requests travel.
    pub transport: &'a Transport,
    /// What may not be repeated.
    pub redactor: &'a Redactor,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Smoked {
    /// Each question, in order; those after one that failed were not asked.
    pub questions: Vec<Question>,
}

/// One question, with every attempt.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Question {
    /// What: `GET /health`, `GET /ready`, `flows`.
    pub name: String,
    /// How it was judged at last.
    pub judgement: Judgement,
    /// How often it was asked at the most.
    pub most_attempts: u32,
    /// What each attempt saw.
    pub attempts: Vec<Attempt>,
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Attempt {
    /// Whether the answer was the expected one.
    pub passed: bool,
    /// What was seen, without secrets.
    pub seen: String,
    /// How long it took, in seconds.
    pub seconds: f64,
}

impl Smoked {
    /// Whether every question was answered well.
    #[must_use]
    pub fn passed(&self) -> bool {
        !self.questions.is_empty() && self.questions.iter().all(|question| question.judgement == Judgement::Passed)
    }

    /// The question that was not answered well, and how, for people.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        let question = self.questions.iter().find(|question| question.judgement != Judgement::Passed)?;
        let seen = question.attempts.last().map_or("it was not asked", |attempt| attempt.seen.as_str());
        Some(format!("{}: {seen} ({} of {} attempts)", question.name, question.attempts.len(), question.most_attempts))
    }

    /// The same as checks of a verdict.
    #[must_use]
    pub fn checks(&self) -> Vec<Check> {
        let check = |question: &Question| {
            let seen = question.attempts.last().map(|attempt| attempt.seen.clone()).unwrap_or_default();
            let attempts = f64::from(u32::try_from(question.attempts.len()).unwrap_or(u32::MAX));
            Check::new(format!("smoke: {}", question.name), question.judgement, seen).with_numbers(
                attempts,
                f64::from(question.most_attempts),
                "attempts",
            )
        };
        self.questions.iter().map(check).collect()
    }
}

impl Smoke<'_> {
    /// Asks every question until one fails. No attempt begins after the limit; the last may outlast
    /// it by what its own limits allow.
    pub async fn run(&self, progress: &Progress) -> Smoked {
        let deadline = Instant::now() + self.limit;
        let mut questions = Vec::new();
        for (name, path) in [("GET /health", "/health"), ("GET /ready", "/ready")] {
            let question = self.ask(name, deadline, progress, || self.identity(path)).await;
            questions.push(question);
            if questions.last().is_some_and(|question| question.judgement != Judgement::Passed) {
                return Smoked { questions };
            }
        }
        if self.settings.smoke.flows {
            questions.push(self.flows(deadline, progress).await);
        }
        Smoked { questions }
    }

    async fn flows(&self, deadline: Instant, progress: &Progress) -> Question {
        const NAME: &str = "flows";
        let Some(token) = &self.token else {
            let seen = format!("the environment variable {} is not set", self.settings.token_variable);
            progress.warn(Step::Smoke, format!("{NAME}: {seen}"));
            let attempts = vec![Attempt { passed: false, seen, seconds: 0.0 }];
            return Question { name: NAME.to_owned(), judgement: Judgement::Errored, most_attempts: 1, attempts };
        };
        let target = flows::Target::new(self.settings.base_url.clone(), flows::Secret::new(token.reveal()));
        match target {
            Ok(target) => {
                let target = target.with_timeout(self.settings.smoke.timeout);
                self.ask(NAME, deadline, progress, || self.walk(&target)).await
            }
            Err(error) => {
                let attempts = vec![Attempt { passed: false, seen: error.to_string(), seconds: 0.0 }];
                Question { name: NAME.to_owned(), judgement: Judgement::Errored, most_attempts: 1, attempts }
            }
        }
    }

    async fn ask<F: Future<Output = Result<String, String>>>(
        &self,
        name: &str,
        deadline: Instant,
        progress: &Progress,
        attempt: impl Fn() -> F,
    ) -> Question {
        let most_attempts = self.settings.smoke.retries + 1;
        let mut attempts: Vec<Attempt> = Vec::new();
        for number in 1..=most_attempts {
            if number > 1 {
                if Instant::now() + self.settings.smoke.pause >= deadline {
                    progress.warn(Step::Smoke, format!("{name}: no time is left of {} s", self.limit.as_secs()));
                    break;
                }
                tokio::time::sleep(self.settings.smoke.pause).await;
            }
            let since = Instant::now();
            // Not cut at the deadline: every request has its own limit, and a flow has to clear up.
            let seen = attempt().await;
            let passed = seen.is_ok();
            let seen = self.redactor.redact(&seen.unwrap_or_else(|seen| seen));
            let attempt = Attempt { passed, seen, seconds: since.elapsed().as_secs_f64() };
            progress.say(Step::Smoke, format!("{name}, attempt {number} of {most_attempts}: {}", attempt.seen));
            attempts.push(attempt);
            if passed {
                break;
            }
        }
        let passed = attempts.last().is_some_and(|attempt| attempt.passed);
        let judgement = if passed { Judgement::Passed } else { Judgement::Failed };
        Question { name: name.to_owned(), judgement, most_attempts, attempts }
    }
}
