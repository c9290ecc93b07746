//! Whether the candidate lives and is ready, is the candidate, and finds nothing failing of what it looks
//! after that the serving release finds well.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use serde_json::Value;
use url::Url;

use super::Subject;
use super::figures::Figures;
use super::ledger::Noting;
use super::probe::request;
use crate::aws::Transport;
use crate::evidence::Judgement;
use crate::progress::{Progress, Step};
use crate::release::Commit;
use crate::secret::Redactor;
use crate::smoke::{Unwell, judge};

/// How often readiness is asked during a watch before it counts as lost.
const ATTEMPTS: u32 = 3;
/// The pause between those.
const PAUSE: Duration = Duration::from_secs(1);

/// Asks for health and readiness with the smoke test's patience.
pub(super) async fn ask_patiently(subject: &Subject<'_>, base: &Url, progress: &Progress) -> Result<(), Unwell> {
    let smoke = &subject.environment.smoke;
    let asking = Asking {
        transport: subject.clients.transport.clone(),
        base: base.clone(),
        commit: subject.candidate.clone(),
        redactor: subject.redactor.clone(),
        limit: smoke.timeout,
        noting: None,
    };
    for path in ["/health", "/ready"] {
        let mut attempt = 1;
        loop {
            let asked = asking.ask(path).await;
            let most = smoke.retries + 1;
            let seen = asked.as_ref().map_or_else(|unwell| unwell.words.clone(), |(seen, _)| seen.clone());
            progress.say(Step::Follow, format!("{} of the candidate, attempt {attempt} of {most}: {seen}", &path[1..]));
            match asked {
                Ok(_) => break,
                Err(unwell) if attempt >= most => {
                    let words = format!("GET {path}: {} ({attempt} of {most} attempts)", unwell.words);
                    return Err(Unwell { words, ..unwell });
                }
                Err(_) => tokio::time::sleep(smoke.pause).await,
            }
            attempt += 1;
        }
    }
    Ok(())
}

impl Unwell {
    /// Another commit is no verdict about this one.
    pub(super) fn judgement(&self) -> Judgement {
        if self.is_another { Judgement::Errored } else { Judgement::Failed }
    }
}

/// Who is asked for readiness.
#[derive(Clone, Debug)]
pub(super) struct Asking {
    pub(super) transport: Transport,
    pub(super) base: Url,
    pub(super) commit: Commit,
    pub(super) redactor: Redactor,
    pub(super) limit: Duration,
    /// Who notes the answers as the engine's own.
    pub(super) noting: Option<Noting>,
}

/// What was seen of readiness.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    /// How the candidate is.
    pub(super) candidate: Result<(), Unwell>,
    /// What the serving release said was failing, when it could be asked.
    pub(super) failing: Option<Vec<String>>,
    /// The candidate's own figures, and those of the serving release.
    pub(super) figures: (Figures, Figures),
}

impl Asking {
    /// Asks for a path; what was seen, and the answer.
    async fn ask(&self, path: &str) -> Result<(String, Response<Bytes>), Unwell> {
        let unwell = |words: String| Unwell { words: self.redactor.redact(&words), is_another: false };
        let request = request(&self.base, path).map_err(|error| unwell(error.to_string()))?;
        let answer = self.transport.send(request, self.limit).await.map_err(|error| unwell(error.to_string()))?;
        if let Some(noting) = &self.noting {
            noting.note(&answer, path);
        }
        match judge(&answer, self.commit.as_str(), path == "/health") {
            Ok(seen) => Ok((self.redactor.redact(&seen), answer)),
            Err(wrong) => Err(Unwell { words: self.redactor.redact(&wrong.words), ..wrong }),
        }
    }

    /// What a release that serves says is failing, and its own figures; none when it does not answer.
    pub(super) async fn look_alone(self) -> Option<(Vec<String>, Figures)> {
        let (_, answer) = self.ask("/ready").await.ok()?;
        Some((failing(&answer), Figures::of(&answer)))
    }

    /// Whether the candidate is ready and looks no worse than the serving release, which is asked too
    /// when there is an address at which it alone answers. Asked again before it counts as lost.
    pub(super) async fn look(self, serving: Option<Self>, failing_before: Vec<String>) -> Ready {
        let mut figures = (Figures::default(), Figures::default());
        let mut failing = None;
        if let Some(serving) = serving
            && let Some((names, own)) = serving.look_alone().await
        {
            (failing, figures.1) = (Some(names), own);
        }
        let known = failing.clone().unwrap_or(failing_before);
        let mut candidate = Ok(());
        for attempt in 1..=ATTEMPTS {
            candidate = self.ask("/ready").await.and_then(|(_, answer)| {
                figures.0 = Figures::of(&answer);
                worse(&answer, &known)
            });
            if candidate.is_ok() || attempt == ATTEMPTS {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        let candidate = candidate.map_err(|unwell| Unwell {
            words: format!("GET /ready: {} ({ATTEMPTS} attempts)", self.redactor.redact(&unwell.words)),
            ..unwell
        });
        Ready { candidate, failing, figures }
    }
}

/// Whether something fails that did not fail for the other.
fn worse(answer: &Response<Bytes>, known: &[String]) -> Result<(), Unwell> {
    match checks(answer).into_iter().find(|(name, _)| !known.contains(name)) {
        None => Ok(()),
        Some((name, detail)) => {
            let words = format!(
                "ready, but says that {name} is failing, which it is not for the release that serves: {detail}"
            );
            Err(Unwell { words, is_another: false })
        }
    }
}

fn failing(answer: &Response<Bytes>) -> Vec<String> {
    checks(answer).into_iter().map(|(name, _)| name).collect()
}

/// The checks in an answer that fail, by name, with their details.
fn checks(answer: &Response<Bytes>) -> Vec<(String, String)> {
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let checks = body["checks"].as_array().map(Vec::as_slice).unwrap_or_default();
    let failing = checks.iter().filter(|check| check["state"] == "failing");
    let text = |value: &Value| value.as_str().unwrap_or_default().chars().take(200).collect::<String>();
    failing.map(|check| (text(&check["name"]), text(&check["detail"]))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_for_both_is_not_the_candidates_fault() {
        let body = r#"{"status":"degraded","checks":[{"name":"database","state":"failing","detail":"refused"},{"name":"schema","state":"passing"}]}"#;
        let answer = Response::new(Bytes::from(body));
        let unwell = worse(&answer, &[]).expect_err("it is worse");
        assert!(
            unwell.words.contains("database is failing") && unwell.words.ends_with(": refused"),
            "{}",
            unwell.words
        );
        assert_eq!(worse(&answer, &failing(&answer)), Ok(()));
        for body in ["", "ready", "[]", r#"{"checks":3}"#, r#"{"checks":[{"name":"database","state":"pending"}]}"#] {
            assert_eq!(worse(&Response::new(Bytes::from(body)), &[]), Ok(()), "{body}");
        }
    }
}
