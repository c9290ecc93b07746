//! One step: told from its beginning to its end, never longer than its limit, ended by a request to stop.

use std::time::Duration;

use super::session::Session;
use crate::exit::Ending;
use crate::progress::{Outcome, Step};

/// What a step came to.
#[derive(Debug)]
pub(crate) struct Came<T> {
    value: T,
    outcome: Outcome,
    words: String,
}

impl<T> Came<T> {
    /// Done.
    pub(crate) fn done(value: T, words: impl Into<String>) -> Self {
        Self { value, outcome: Outcome::Done, words: words.into() }
    }

    /// There was nothing to do.
    pub(crate) fn skipped(value: T, words: impl Into<String>) -> Self {
        Self { value, outcome: Outcome::Skipped, words: words.into() }
    }
}

/// What a failure of a step means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It only looked: it could not tell.
    Gate,
    /// It did something, though not to the service: the deployment failed.
    Act,
}

impl Kind {
    fn ending(self, why: String) -> Ending {
        match self {
            Self::Gate => Ending::CouldNotTell(why),
            Self::Act => Ending::Failed(why),
        }
    }
}

impl Session {
    /// Does one step before the service is changed.
    pub(crate) fn step<'s, T: 's>(
        &'s self,
        step: Step,
        what: impl Into<String>,
        limit: Option<Duration>,
        kind: Kind,
        work: impl Future<Output = anyhow::Result<Came<T>>> + 's,
    ) -> impl Future<Output = anyhow::Result<T>> + 's {
        let what = what.into();
        let work = Box::pin(work);
        async move {
            if self.edge.stop.requested() {
                return Err(self.stopped().into());
            }
            let begun = self.progress.begin(step, what.clone(), limit);
            let late = async {
                match limit {
                    Some(limit) => tokio::time::sleep(limit).await,
                    None => std::future::pending().await,
                }
            };
            let done = tokio::select! {
                biased;
                () = self.edge.stop.wait() => Err(self.stopped().into()),
                done = work => done,
                () = late => {
                    let seconds = limit.unwrap_or_default().as_secs();
                    Err(kind.ending(format!("{what}: not within its limit of {seconds} s")).into())
                }
            };
            match done {
                Ok(Came { value, outcome, words }) => {
                    begun.end(outcome, words);
                    Ok(value)
                }
                Err(error) => {
                    let ending = match error.downcast_ref::<Ending>() {
                        Some(ending) => ending.clone(),
                        None => kind.ending(format!("{what}: {error:#}")),
                    };
                    let gate = matches!(ending, Ending::Refused(_) | Ending::CouldNotTell(_));
                    begun.end(if gate { Outcome::Refused } else { Outcome::Failed }, ending.to_string());
                    Err(ending.into())
                }
            }
        }
    }
}
