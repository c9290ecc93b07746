//! `deploymentConfiguration`: read, checked, and given back.

use serde_json::{Value, json};

use super::super::json::Error;
use super::{invalid, number, only, strategy};
use crate::model::ecs::service::{AlarmRule, Breaker, Rules, Threshold};

pub(super) const OF: &str = "deploymentConfiguration";

const KNOWN: &[&str] = &[
    "minimumHealthyPercent",
    "maximumPercent",
    "deploymentCircuitBreaker",
    "alarms",
    "strategy",
    "bakeTimeInMinutes",
    "lifecycleHooks",
    "canaryConfiguration",
    "linearConfiguration",
];

/// Reads what a call says; what it does not say stays as it was.
pub(super) fn read(said: &Value, before: Option<&Rules>) -> Result<Rules, Error> {
    only(said, OF, KNOWN)?;
    let blue_green = strategy::read(said, before.and_then(|rules| rules.blue_green.as_ref()))?;
    let minimum = number(said, "minimumHealthyPercent")?.or(before.map(|rules| rules.minimum)).unwrap_or(100);
    let maximum = number(said, "maximumPercent")?.or(before.map(|rules| rules.maximum)).unwrap_or(200);
    if minimum >= 100 && maximum <= 100 {
        let message = "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.";
        return Err(invalid(message));
    }
    if maximum < minimum {
        return Err(invalid("maximumPercent must not be less than minimumHealthyPercent."));
    }
    let breaker = match &said["deploymentCircuitBreaker"] {
        Value::Null => before.and_then(|rules| rules.breaker),
        breaker => read_breaker(breaker)?,
    };
    let alarms = match &said["alarms"] {
        Value::Null => before.and_then(|rules| rules.alarms.clone()),
        alarms => read_alarms(alarms)?,
    };
    let mut document = write(minimum, maximum, breaker, alarms.as_ref());
    strategy::write(&mut document, blue_green.as_ref());
    Ok(Rules { minimum, maximum, breaker, alarms, blue_green, document })
}

fn read_breaker(said: &Value) -> Result<Option<Breaker>, Error> {
    only(said, "deploymentCircuitBreaker", &["enable", "rollback", "resetOnHealthyTask", "thresholdConfiguration"])?;
    let threshold = match &said["thresholdConfiguration"] {
        Value::Null => Threshold::Bounded(50),
        threshold => {
            let value = number(threshold, "value")?.unwrap_or(50);
            match threshold["type"].as_str().unwrap_or("BOUNDED_PERCENT") {
                "BOUNDED_PERCENT" => Threshold::Bounded(value),
                "UNBOUNDED_PERCENT" => Threshold::Unbounded(value),
                "COUNT" => Threshold::Count(value),
                other => return Err(invalid(format!("Invalid threshold type: {other}"))),
            }
        }
    };
    let breaker =
        Breaker { rollback: said["rollback"] == true, resets: said["resetOnHealthyTask"] != false, threshold };
    Ok((said["enable"] == true).then_some(breaker))
}

fn read_alarms(said: &Value) -> Result<Option<AlarmRule>, Error> {
    only(said, "alarms", &["alarmNames", "enable", "rollback"])?;
    if said["enable"] != true {
        return Ok(None);
    }
    let names = said["alarmNames"].as_array().into_iter().flatten();
    let names: Vec<String> = names.filter_map(|name| name.as_str().map(str::to_owned)).collect();
    if names.is_empty() {
        return Err(invalid("alarmNames cannot be empty when alarms are enabled."));
    }
    Ok(Some(AlarmRule { names, rollback: said["rollback"] == true }))
}

fn write(minimum: u32, maximum: u32, breaker: Option<Breaker>, alarms: Option<&AlarmRule>) -> Value {
    let mut document = json!({
        "deploymentCircuitBreaker": { "enable": false, "rollback": false },
        "minimumHealthyPercent": minimum,
        "maximumPercent": maximum,
        "alarms": { "alarmNames": [], "enable": false, "rollback": false },
        "strategy": "ROLLING",
        "bakeTimeInMinutes": 0,
    });
    if let Some(Breaker { rollback, resets, threshold }) = breaker {
        let (kind, value) = match threshold {
            Threshold::Bounded(value) => ("BOUNDED_PERCENT", value),
            Threshold::Unbounded(value) => ("UNBOUNDED_PERCENT", value),
            Threshold::Count(value) => ("COUNT", value),
        };
        document["deploymentCircuitBreaker"] = json!({
            "enable": true,
            "rollback": rollback,
            "resetOnHealthyTask": resets,
            "thresholdConfiguration": { "type": kind, "value": value },
        });
    }
    if let Some(AlarmRule { names, rollback }) = alarms {
        document["alarms"] = json!({ "alarmNames": names, "enable": true, "rollback": rollback });
    }
    document
}
