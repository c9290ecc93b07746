//! The strategies that shift traffic: `strategy` of a `deploymentConfiguration` and what belongs to it,
//! read, checked, and given back.

use serde_json::{Value, json};

use super::super::json::Error;
use super::rules::OF;
use super::{invalid, number, only};
use crate::model::ecs::blue_green::{BlueGreen, HookAction, Pace, PauseHook, Stage};

/// The longest bake, in minutes: a day.
const LONGEST_BAKE: u32 = 1440;
/// The longest that a hook may wait, in minutes: two weeks.
const LONGEST_PAUSE: u32 = 20160;

/// Reads what a call says; what it does not say stays as it was. None for a rolling update.
pub(super) fn read(said: &Value, before: Option<&BlueGreen>) -> Result<Option<BlueGreen>, Error> {
    let known = before.map_or("ROLLING", |before| word(before.pace));
    let strategy = said["strategy"].as_str().unwrap_or(known);
    for (member, of) in [("canaryConfiguration", "CANARY"), ("linearConfiguration", "LINEAR")] {
        let is_said = said[member].as_object().is_some_and(|members| !members.is_empty());
        if is_said && strategy != of {
            return Err(invalid(format!("{member} is only valid when the deployment strategy is {of}.")));
        }
    }
    let was = before.map(|before| before.pace);
    let pace = match strategy {
        "ROLLING" => return rolling(said),
        "BLUE_GREEN" => Pace::AllAtOnce,
        "CANARY" => {
            let (share, bake) = match was {
                Some(Pace::Canary { share, bake }) => (share, bake),
                _ => (50, 10),
            };
            let (share, bake) =
                step(&said["canaryConfiguration"], ("canaryPercent", 1), "canaryBakeTimeInMinutes", (share, bake))?;
            Pace::Canary { share, bake }
        }
        "LINEAR" => {
            let (share, bake) = match was {
                Some(Pace::Linear { step, bake }) => (step, bake),
                _ => (100, 6),
            };
            let (step, bake) =
                step(&said["linearConfiguration"], ("stepPercent", 30), "stepBakeTimeInMinutes", (share, bake))?;
            Pace::Linear { step, bake }
        }
        other => return Err(invalid(format!("Invalid deployment strategy: {other}"))),
    };
    let bake = minutes(said, "bakeTimeInMinutes", 0, LONGEST_BAKE)?.or(before.map(|before| before.bake));
    if bake.is_none() && pace == Pace::AllAtOnce {
        return Err(invalid("bakeTimeInMinutes is required when the deployment strategy is BLUE_GREEN."));
    }
    let hooks = match &said["lifecycleHooks"] {
        Value::Null => before.map(|before| before.hooks.clone()).unwrap_or_default(),
        Value::Array(hooks) => hooks.iter().map(hook).collect::<Result<_, _>>()?,
        _ => return Err(Error::serialization("lifecycleHooks is not a list")),
    };
    Ok(Some(BlueGreen { pace, bake: bake.unwrap_or_default(), hooks }))
}

/// AWS knows both for rolling updates, with another meaning; this cloud does not.
fn rolling(said: &Value) -> Result<Option<BlueGreen>, Error> {
    let unknown = |member: &str| Err(Error::not_implemented("ecs", &format!("{OF} of ROLLING with {member}")));
    if number(said, "bakeTimeInMinutes")?.is_some_and(|minutes| minutes > 0) {
        return unknown("bakeTimeInMinutes");
    }
    if said["lifecycleHooks"].as_array().is_some_and(|hooks| !hooks.is_empty()) {
        return unknown("lifecycleHooks");
    }
    Ok(None)
}

/// The share of a step, in tenths of a percent, and its bake.
fn step(said: &Value, percent: (&str, u32), bake: &str, before: (u32, u64)) -> Result<(u32, u64), Error> {
    let (name, least) = percent;
    only(said, OF, &[name, bake])?;
    let share = match &said[name] {
        Value::Null => before.0,
        value => tenths(value, name, least)?,
    };
    Ok((share, minutes(said, bake, 0, LONGEST_BAKE)?.unwrap_or(before.1)))
}

fn tenths(value: &Value, name: &str, least: u32) -> Result<u32, Error> {
    let percent = value.as_f64().ok_or_else(|| Error::serialization(&format!("{name} is not a number")))?;
    let tenths = (percent * 10.0).round();
    let range = f64::from(least)..=1000.0;
    if !range.contains(&tenths) || (percent * 10.0 - tenths).abs() > 1e-6 {
        let least = f64::from(least) / 10.0;
        return Err(invalid(format!("{name} must be a multiple of 0.1 from {least:.1} to 100.0.")));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 1 to 1000")]
    Ok(tenths as u32)
}

fn minutes(said: &Value, member: &str, least: u32, most: u32) -> Result<Option<u64>, Error> {
    match number(said, member)? {
        Some(minutes) if !(least..=most).contains(&minutes) => {
            Err(invalid(format!("{member} must be from {least} to {most} minutes.")))
        }
        minutes => Ok(minutes.map(u64::from)),
    }
}

fn hook(said: &Value) -> Result<PauseHook, Error> {
    let kind = said["targetType"].as_str().unwrap_or("AWS_LAMBDA");
    if kind == "AWS_LAMBDA" {
        return Err(Error::not_implemented("ecs", "lifecycleHooks of the target type AWS_LAMBDA"));
    }
    if kind != "PAUSE" {
        return Err(invalid(format!("Invalid lifecycle hook target type: {kind}")));
    }
    if let Some(member) = ["hookTargetArn", "roleArn", "hookDetails"].iter().find(|member| !said[**member].is_null()) {
        return Err(invalid(format!("{member} is not applicable for PAUSE hooks.")));
    }
    only(said, "lifecycleHooks", &["targetType", "lifecycleStages", "timeoutConfiguration"])?;
    let words = said["lifecycleStages"].as_array().into_iter().flatten();
    let stages = words.map(|word| stage(word.as_str().unwrap_or_default())).collect::<Result<Vec<_>, _>>()?;
    if stages.is_empty() {
        return Err(invalid("lifecycleStages cannot be empty."));
    }
    let timeout = &said["timeoutConfiguration"];
    only(timeout, "timeoutConfiguration", &["timeoutInMinutes", "action"])?;
    let on_timeout = match &timeout["action"] {
        Value::Null => HookAction::Rollback,
        action => self::action(action.as_str().unwrap_or_default())?,
    };
    let timeout = minutes(timeout, "timeoutInMinutes", 1, LONGEST_PAUSE)?.unwrap_or(1440);
    Ok(PauseHook { stages, timeout, on_timeout })
}

fn stage(word: &str) -> Result<Stage, Error> {
    match Stage::of(word) {
        Some(stage) if stage.may_pause() => Ok(stage),
        Some(stage) if stage.has_hooks() => Err(invalid(format!("PAUSE hooks cannot be configured at {word}."))),
        _ => Err(invalid(format!("Invalid lifecycle stage: {word}"))),
    }
}

/// The action of a word.
pub(super) fn action(word: &str) -> Result<HookAction, Error> {
    HookAction::of(word).ok_or_else(|| invalid(format!("Invalid lifecycle hook action: {word}")))
}

/// What is given back; nothing for a rolling update.
pub(super) fn write(document: &mut Value, blue_green: Option<&BlueGreen>) {
    let Some(BlueGreen { pace, bake, hooks }) = blue_green else { return };
    document["strategy"] = json!(word(*pace));
    document["bakeTimeInMinutes"] = json!(bake);
    match pace {
        Pace::AllAtOnce => {}
        Pace::Canary { share, bake } => {
            document["canaryConfiguration"] =
                json!({ "canaryPercent": percent(*share), "canaryBakeTimeInMinutes": bake });
        }
        Pace::Linear { step, bake } => {
            document["linearConfiguration"] = json!({ "stepPercent": percent(*step), "stepBakeTimeInMinutes": bake });
        }
    }
    document["lifecycleHooks"] = hooks.iter().map(write_hook).collect();
}

fn write_hook(hook: &PauseHook) -> Value {
    json!({
        "targetType": "PAUSE",
        "lifecycleStages": hook.stages.iter().map(|stage| stage.word()).collect::<Vec<_>>(),
        "timeoutConfiguration": { "timeoutInMinutes": hook.timeout, "action": hook.on_timeout.word() },
    })
}

/// Tenths of a percent as a percentage.
pub(super) fn percent(tenths: u32) -> f64 {
    f64::from(tenths) / 10.0
}

fn word(pace: Pace) -> &'static str {
    match pace {
        Pace::AllAtOnce => "BLUE_GREEN",
        Pace::Canary { .. } => "CANARY",
        Pace::Linear { .. } => "LINEAR",
    }
}
