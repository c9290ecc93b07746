//! The migration: a one-off task of the release's own image, in the service's own place.

use crate::aws::Clients;
use crate::aws::ecs::{Service, TaskDefinition};
use crate::edge::Edge;
use crate::environment::Environment;
use crate::exit::Ending;
use crate::progress::Progress;
use crate::release::Release;
use crate::secret::Redactor;
use crate::settings::Settings;

/// Migrates.
#[expect(clippy::too_many_arguments, reason = "a stub")]
pub async fn migrate(
    _clients: &Clients,
    _environment: Environment,
    _settings: &Settings,
    _definition: &TaskDefinition,
    _service: &Service,
    _release: &Release,
    _edge: &Edge,
    _progress: &Progress,
    _redactor: &Redactor,
) -> Result<(), Ending> {
    tokio::task::yield_now().await;
    Err(Ending::Failed("not written yet".to_owned()))
}
