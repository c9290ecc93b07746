//! Service deployments: listed, described, stopped.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::super::json::{Answer, Call, Error, epoch};
use super::list::{answer, missing};
use super::service_json::cluster_arn;
use super::{invalid, only, required, strategy, text, texts};
use crate::model::State;
use crate::model::ecs::Refusal;
use crate::model::ecs::blue_green::{Hook, HookAction, Shift};
use crate::model::ecs::service::{DeploymentStatus, Service, ServiceDeployment, Summary};
use crate::model::listeners::WHOLE;

pub(super) fn list(state: &State, call: &Call<'_>) -> Answer {
    only(call.input, call.operation, &["cluster", "service", "status", "createdAt", "maxResults", "nextToken"])?;
    let cluster = state.ecs.cluster(text(call, "cluster")?)?.name.clone();
    let place = state.ecs.find_service(&cluster, required(call, "service")?);
    let place = place.ok_or_else(|| Refusal::new("ServiceNotFoundException", "Service not found."))?;
    let service = &state.ecs.services[place];
    let statuses = texts(call, "status", 100)?;
    if let Some(stranger) =
        statuses.iter().find(|word| DeploymentStatus::ALL.iter().all(|status| status.word() != **word))
    {
        return Err(invalid(format!("Invalid service deployment status: {stranger}")));
    }
    let (after, before) = (moment(call, "after")?, moment(call, "before")?);
    let fits = |one: &&ServiceDeployment| {
        (statuses.is_empty() || statuses.contains(&one.status.word()))
            && after.is_none_or(|after| one.created_at >= after)
            && before.is_none_or(|before| one.created_at <= before)
    };
    let briefs = service.history.iter().rev().filter(fits).map(|one| brief(state, service, one));
    answer(call, "serviceDeployments", briefs.collect(), 20)
}

fn moment(call: &Call<'_>, member: &str) -> Result<Option<Timestamp>, Error> {
    let value = &call.input["createdAt"][member];
    let Some(seconds) = value.as_f64() else {
        return if value.is_null() { Ok(None) } else { Err(Error::serialization("createdAt holds no time")) };
    };
    // Times are told to the millisecond.
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 are whole and fit")]
    let moment = Timestamp::from_millisecond((seconds * 1000.0).round() as i64);
    moment.map(Some).map_err(|error| Error::serialization(&error.to_string()))
}

pub(super) fn describe(state: &State, call: &Call<'_>) -> Answer {
    only(call.input, call.operation, &["serviceDeploymentArns"])?;
    let arns = texts(call, "serviceDeploymentArns", 20)?;
    if arns.is_empty() {
        return Err(invalid("serviceDeploymentArns cannot be empty."));
    }
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for arn in arns {
        let mut all = state
            .ecs
            .services
            .iter()
            .enumerate()
            .flat_map(|(place, service)| service.history.iter().map(move |deployment| (place, deployment)));
        match all.find(|(_, deployment)| deployment.arn == arn) {
            Some((place, deployment)) => found.push(describe_one(state, place, deployment)),
            None => failures.push(missing(arn)),
        }
    }
    Ok(json!({ "serviceDeployments": found, "failures": failures }))
}

pub(super) fn stop(state: &mut State, call: &Call<'_>) -> Answer {
    only(call.input, call.operation, &["serviceDeploymentArn", "stopType"])?;
    let arn = required(call, "serviceDeploymentArn")?;
    let roll_back = match text(call, "stopType")? {
        None | Some("ROLLBACK") => true,
        Some("ABORT") => false,
        Some(other) => return Err(invalid(format!("Invalid stop type: {other}"))),
    };
    let arn = state.stop_service_deployment(arn, roll_back, call.now)?;
    Ok(json!({ "serviceDeploymentArn": arn }))
}

pub(super) fn go_on(state: &mut State, call: &Call<'_>) -> Answer {
    only(call.input, call.operation, &["serviceDeploymentArn", "hookId", "action"])?;
    let (arn, hook) = (required(call, "serviceDeploymentArn")?, required(call, "hookId")?);
    let action = text(call, "action")?.map_or(Ok(HookAction::Continue), strategy::action)?;
    let arn = state.continue_service_deployment(arn, hook, action, call.now)?;
    Ok(json!({ "serviceDeploymentArn": arn }))
}

fn brief(state: &State, service: &Service, deployment: &ServiceDeployment) -> Value {
    let mut answer = json!({
        "serviceDeploymentArn": deployment.arn,
        "serviceArn": service.arn,
        "clusterArn": cluster_arn(state, &service.cluster),
        "status": deployment.status.word(),
        "createdAt": epoch(deployment.created_at),
    });
    if let Some(revision) = service.revision(deployment.target) {
        answer["targetServiceRevisionArn"] = json!(revision.arn);
    }
    if let Some(reason) = &deployment.reason {
        answer["statusReason"] = json!(reason);
    }
    add_times(&mut answer, &[("startedAt", deployment.started_at), ("finishedAt", deployment.finished_at)]);
    answer
}

fn describe_one(state: &State, place: usize, deployment: &ServiceDeployment) -> Value {
    let service = &state.ecs.services[place];
    let mut answer = brief(state, service, deployment);
    if let Some(members) = answer.as_object_mut() {
        members.remove("targetServiceRevisionArn");
    }
    let requested = |number: u64| {
        service.deployments.iter().find(|one| one.number == number).map_or(0, |deployment| deployment.desired)
    };
    let now = |number: u64| state.summary(place, number, requested(number));
    answer["targetServiceRevision"] = summary(service, now(deployment.target), deployment);
    let sources = deployment
        .sources
        .iter()
        .map(|source| if deployment.status.is_over() { *source } else { now(source.revision) });
    answer["sourceServiceRevisions"] = sources.map(|source| summary(service, source, deployment)).collect();
    answer["deploymentConfiguration"] = deployment.rules.document.clone();
    answer["updatedAt"] = epoch(deployment.updated_at);
    answer["deploymentCircuitBreaker"] = json!({
        "status": breaker_status(deployment),
        "failureCount": deployment.failures,
        "threshold": deployment.threshold,
    });
    answer["alarms"] = alarms(deployment);
    if let Some(shift) = &deployment.shift {
        add_shift(&mut answer, shift);
    }
    add_times(&mut answer, &[("stoppedAt", deployment.stopped_at)]);
    if let Some(rollback) = &deployment.rollback {
        let mut told = Map::new();
        told.insert("reason".to_owned(), json!(rollback.reason));
        told.insert("startedAt".to_owned(), epoch(rollback.at));
        if let Some(revision) = rollback.revision.and_then(|number| service.revision(number)) {
            told.insert("serviceRevisionArn".to_owned(), json!(revision.arn));
        }
        answer["rollback"] = Value::Object(told);
    }
    answer
}

fn summary(service: &Service, summary: Summary, deployment: &ServiceDeployment) -> Value {
    let mut answer = json!({
        "arn": service.revision(summary.revision).map(|revision| &revision.arn),
        "requestedTaskCount": summary.requested,
        "runningTaskCount": summary.running,
        "pendingTaskCount": summary.pending,
    });
    if let Some(shift) = &deployment.shift {
        let share = |of_green: u32| match summary.revision {
            green if green == deployment.target => of_green,
            blue if Some(blue) == shift.blue => WHOLE - of_green,
            _ => 0,
        };
        answer["requestedProductionTrafficWeight"] = json!(strategy::percent(share(shift.production)));
        if let Some(test) = shift.test {
            answer["requestedTestTrafficWeight"] = json!(strategy::percent(share(test)));
        }
    }
    answer
}

/// Where a deployment that shifts traffic is, and what it waits for.
fn add_shift(answer: &mut Value, shift: &Shift) {
    if let Some(stage) = shift.stage {
        answer["lifecycleStage"] = json!(stage.word());
    }
    let hook = |hook: &Hook| {
        json!({
            "hookId": hook.id,
            "targetType": "PAUSE",
            "status": hook.status.word(),
            "expiresAt": epoch(hook.expires_at),
            "timeoutAction": hook.on_timeout.word(),
        })
    };
    answer["lifecycleHookDetails"] = shift.hooks.iter().map(hook).collect();
}

fn breaker_status(deployment: &ServiceDeployment) -> &'static str {
    match deployment.rules.breaker {
        None => "DISABLED",
        Some(_) if deployment.triggered => "TRIGGERED",
        Some(_) if deployment.status.is_over() => "MONITORING_COMPLETE",
        Some(_) => "MONITORING",
    }
}

fn alarms(deployment: &ServiceDeployment) -> Value {
    let names = deployment.rules.alarms.as_ref().map(|rule| rule.names.clone()).unwrap_or_default();
    let status = match &deployment.rules.alarms {
        Some(_) if !deployment.rang.is_empty() => "TRIGGERED",
        Some(_) if !deployment.watches_alarms => "DISABLED",
        Some(_) if deployment.status.is_over() => "MONITORING_COMPLETE",
        Some(_) => "MONITORING",
        None => "DISABLED",
    };
    json!({ "status": status, "alarmNames": names, "triggeredAlarmNames": deployment.rang })
}

fn add_times(answer: &mut Value, times: &[(&str, Option<Timestamp>)]) {
    for (name, time) in times {
        if let Some(time) = time {
            answer[*name] = epoch(*time);
        }
    }
}
