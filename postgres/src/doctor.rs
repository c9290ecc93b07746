//! What `doctor` tells: which sources would work, without starting anything.

use std::fmt;

use serde::Serialize;

use crate::provide::Surroundings;
use crate::refusal::Refusal;
use crate::source::Source;
use crate::{binaries, cluster, container, given};

/// What is known about every source.
#[derive(Clone, Debug, Serialize)]
pub struct Diagnosis {
    /// One finding for each source, in the order in which they are tried.
    pub sources: Vec<Finding>,
}

/// What is known about one source.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// The source.
    pub source: Source,
    /// Whether it would work, as far as can be seen without starting it.
    pub works: bool,
    /// What was found, or what is in the way.
    pub detail: String,
    /// The line that would mend it, when it does not work.
    pub remedy: Option<String>,
}

impl Diagnosis {
    /// Whether any source would work.
    #[must_use]
    pub fn works(&self) -> bool {
        self.sources.iter().any(|finding| finding.works)
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.sources {
            let verdict = if finding.works { "works" } else { "does not work" };
            writeln!(f, "{}: {verdict}: {}", finding.source, finding.detail)?;
            if let Some(remedy) = &finding.remedy {
                writeln!(f, "  {remedy}")?;
            }
        }
        Ok(())
    }
}

/// Looks at every source.
pub async fn diagnose(surroundings: &Surroundings) -> Diagnosis {
    let mut sources = Vec::new();
    for source in Source::ALL {
        let finding = match look_at(source, surroundings).await {
            Ok(detail) => Finding { source, works: true, detail, remedy: None },
            Err(refusal) => Finding {
                source,
                works: false,
                detail: refusal.reason().to_owned(),
                remedy: Some(refusal.remedy().to_owned()),
            },
        };
        sources.push(finding);
    }
    Diagnosis { sources }
}

async fn look_at(source: Source, surroundings: &Surroundings) -> Result<String, Refusal> {
    match source {
        Source::Url => given::reach(surroundings).await.map(|(_, description)| description),
        Source::Container => {
            let engine = container::Engine::reach().await?;
            Ok(if engine.has_image().await {
                "the engine answers and has postgres:15".to_owned()
            } else {
                "the engine answers; postgres:15 would be pulled".to_owned()
            })
        }
        Source::Local => {
            let found = binaries::find(surroundings.search_path.as_deref())?;
            let account = cluster::account_for_server()?;
            let account = account.map(|account| format!(", to run as {}", account.name));
            Ok(format!(
                "PostgreSQL {}{} of {}{}",
                found.version,
                found.version.remark(),
                found.folder.display(),
                account.unwrap_or_default()
            ))
        }
    }
}
