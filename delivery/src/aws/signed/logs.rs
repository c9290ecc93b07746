//! CloudWatch Logs: the last lines of a stream.

use anyhow::Context as _;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::{Call, Refusal};
use crate::aws::Clients;

/// A line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When it was written.
    pub at: Timestamp,
    /// The line. It is what a task wrote: nothing says that it holds no secret.
    pub text: String,
}

#[derive(Deserialize)]
struct Events {
    #[serde(default)]
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    timestamp: i64,
    message: String,
}

impl Clients {
    /// The last lines of a stream, the oldest first; none when there is no such group or stream. A
    /// [`Refusal`] is in the error when the service refused to say.
    pub async fn log_tail(&self, group: &str, stream: &str, limit: u32) -> anyhow::Result<Vec<LogLine>> {
        let body = json!({
            "logGroupName": group, "logStreamName": stream, "limit": limit, "startFromHead": false,
        });
        let call = Call {
            service: "logs",
            region: self.region(),
            host: format!("logs.{}.amazonaws.com", self.region()),
            target: Some("Logs_20140328.GetLogEvents"),
            content_type: "application/x-amz-json-1.1",
            body: body.to_string(),
        };
        let what = || format!("failed to read the log {stream} in {group}");
        let answer = self.signed(&call).await.with_context(what)?;
        match Refusal::in_answer(&answer) {
            None => {}
            Some(refusal) if refusal.code == "ResourceNotFoundException" => return Ok(Vec::new()),
            Some(refusal) => return Err(refusal).with_context(what),
        }
        let events: Events = serde_json::from_slice(answer.body()).with_context(what)?;
        let line = |event: Event| {
            let at = Timestamp::from_millisecond(event.timestamp).unwrap_or_default();
            LogLine { at, text: event.message }
        };
        Ok(events.events.into_iter().map(line).collect())
    }
}
