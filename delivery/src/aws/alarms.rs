//! CloudWatch: which alarms ring.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::AlarmType;
use aws_smithy_types::error::metadata::ProvideErrorMetadata as _;

use super::Clients;
use super::signed::Refusal;

/// How many alarms CloudWatch describes at once.
const ALARMS_AT_ONCE: usize = 100;

impl Clients {
    /// The state of each of these alarms that exists: `OK`, `ALARM` or `INSUFFICIENT_DATA`. A
    /// [`Refusal`] is in the error when CloudWatch refused to say.
    pub async fn alarm_states(&self, names: &[String]) -> anyhow::Result<BTreeMap<String, String>> {
        let mut states = BTreeMap::new();
        for some in names.chunks(ALARMS_AT_ONCE) {
            let call = self
                .cloudwatch
                .describe_alarms()
                .set_alarm_names(Some(some.to_vec()))
                // Composite alarms are left out unless they are asked for.
                .alarm_types(AlarmType::MetricAlarm)
                .alarm_types(AlarmType::CompositeAlarm)
                .max_records(100);
            let answer = match call.send().await {
                Ok(answer) => answer,
                Err(error) => {
                    return Err(match error.as_service_error() {
                        Some(refused) => {
                            let code = refused.code().unwrap_or("an error without a code").to_owned();
                            Refusal { code, message: refused.message().unwrap_or_default().to_owned() }.into()
                        }
                        None => error.into(),
                    });
                }
            };
            let metric = answer.metric_alarms().iter().map(|alarm| (alarm.alarm_name(), alarm.state_value()));
            let composite = answer.composite_alarms().iter().map(|alarm| (alarm.alarm_name(), alarm.state_value()));
            states.extend(metric.chain(composite).filter_map(|(name, state)| {
                Some((name?.to_owned(), state.map_or("UNKNOWN", |state| state.as_str()).to_owned()))
            }));
        }
        Ok(states)
    }
}
