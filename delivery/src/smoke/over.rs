//! The flows over the engine's own transport.

use std::time::Duration;

use super::Smoke;
use crate::aws::Transport;

/// The flows have limits of their own, which are shorter.
pub(crate) const NEVER: Duration = Duration::from_hours(1);

/// The flows' transport, which is ours.
struct Over(Transport);

impl flows::Transport for Over {
    fn exchange(&self, request: http::Request<Vec<u8>>) -> flows::Exchange<'_> {
        Box::pin(async move {
            let answer = self.0.send(request, NEVER).await.map_err(|error| error.to_string())?;
            Ok(answer.map(|body| body.to_vec()))
        })
    }
}

impl Smoke<'_> {
    /// Runs every flow once; what was seen, well or not.
    pub(super) async fn walk(&self, target: &flows::Target) -> Result<String, String> {
        let report = flows::run_over(target, &Over(self.transport.clone())).await;
        if report.passed() {
            return Ok(format!("{} flows passed", report.flows.len()));
        }
        Err(report.to_string().trim_end().to_owned())
    }
}
