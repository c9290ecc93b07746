//! Logs as JSON lines on standard output, and traces to a collector when there is one.

mod traces;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use crate::config::Config;

pub use self::traces::continue_trace;

/// What is logged unless `LOG` says otherwise: sqlx tells of every statement below warnings.
pub const DEFAULT_FILTER: &str = "info,sqlx=warn";

/// Whether the text is a filter.
pub fn check_filter(filter: &str) -> Result<(), String> {
    match EnvFilter::try_new(filter) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{filter:?} is not a filter: {error}")),
    }
}

/// What has to be flushed at the end.
#[derive(Debug)]
pub struct Telemetry {
    exporter: Option<traces::Exporter>,
}

/// Starts logging and, with an endpoint, tracing. To be called once a process, inside the runtime.
pub fn start(config: &Config) -> anyhow::Result<Telemetry> {
    let settings = &config.settings;
    let exporter = settings.traces.as_ref().map(|traces| traces::start(traces, &config.build)).transpose()?;
    let filter = EnvFilter::try_new(&settings.log)?;
    let lines = fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false).with_target(true);
    let spans = exporter.as_ref().map(|exporter| exporter.layer().boxed());
    tracing_subscriber::registry().with(spans).with(lines).with(filter).try_init()?;
    std::panic::set_hook(Box::new(|panic| {
        tracing::error!(
            location = panic.location().map(tracing::field::display),
            message = panic.payload_as_str(),
            "panic"
        );
    }));
    Ok(Telemetry { exporter })
}

impl Telemetry {
    /// Sends what was not sent yet, within a limit of its own.
    pub async fn finish(self) {
        if let Some(exporter) = self.exporter {
            exporter.finish().await;
        }
    }
}
