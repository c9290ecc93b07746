//! The environment's alarms, heard while a release is watched that ECS brings in no longer.

use std::time::Duration;

use super::session::Session;
use crate::evidence::Judgement;
use crate::progress::Event;
use crate::settings::EnvironmentSettings;
use crate::verdict::{Finding, Trigger, Verdict};

/// The pause between looks at the alarms.
const PAUSE: Duration = Duration::from_secs(10);

/// The verdict of a watch of this name once an alarm rings. Where none does, or none takes a release back, it
/// never comes.
pub(super) async fn ringing(session: &Session, settings: &EnvironmentSettings, watch: &str) -> Verdict {
    if settings.alarms.is_empty() || !settings.watch.triggers.contains(&Trigger::Alarm) {
        return std::future::pending().await;
    }
    loop {
        // What CloudWatch does not say is no reason to take a release back.
        let states = session.clients.alarm_states(&settings.alarms).await.unwrap_or_default();
        let ringing = states.iter().filter(|(_, state)| *state == "ALARM").map(|(name, _)| name.as_str());
        let ringing: Vec<_> = ringing.collect();
        if !ringing.is_empty() {
            let finding = Finding::new(Trigger::Alarm, Judgement::Failed, format!("{} rings", ringing.join(" and ")));
            let verdict = Verdict::of(watch, vec![finding]);
            let (watch, judgement, findings) = (verdict.watch.clone(), verdict.judgement, verdict.findings.clone());
            session.progress.tell(Event::Judged { watch, judgement, findings });
            return verdict;
        }
        tokio::time::sleep(PAUSE).await;
    }
}
