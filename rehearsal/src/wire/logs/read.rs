//! Lines, read: of one stream forwards and backwards, or of many through a pattern.

use serde_json::{Value, json};

use super::{Input, invalid, no_stream};
use crate::logs;
use crate::model::State;
use crate::wire::json::{Answer, Call, Error};

/// How many lines come with one answer at most.
const MOST: usize = 10_000;

/// `GetLogEvents`. Its tokens say where a page began and ended, `b/7` and `f/9`.
pub(super) fn get(state: &State, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    let stream = input.group(state)?.streams.get(input.stream_name()?).ok_or_else(no_stream)?;
    let most = input.most(MOST)?;
    let all = stream.between(input.start_time, input.end_time);
    let begins_at = |index: usize| index..index.saturating_add(most).min(all.end);
    let ends_at = |index: usize| index.saturating_sub(most).max(all.start)..index;
    let range = match input.next_token.as_deref().map(|token| token.split_at_checked(2)) {
        None if input.start_from_head.unwrap_or_default() => begins_at(all.start),
        None => ends_at(all.end),
        Some(Some(("f/", index))) => begins_at(place(index)?.clamp(all.start, all.end)),
        Some(Some(("b/", index))) => ends_at(place(index)?.clamp(all.start, all.end)),
        Some(_) => return Err(bad_token()),
    };
    let events = stream.events[range.clone()]
        .iter()
        .map(|event| json!({ "timestamp": event.at, "message": event.message, "ingestionTime": event.ingested }));
    Ok(json!({
        "events": events.collect::<Vec<_>>(),
        "nextForwardToken": format!("f/{}", range.end),
        "nextBackwardToken": format!("b/{}", range.start),
    }))
}

/// `FilterLogEvents`.
pub(super) fn filter(state: &State, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    let group = input.group(state)?;
    let pattern = input.filter_pattern.as_deref().unwrap_or_default();
    let (names, prefix) = (input.log_stream_names.as_ref(), input.log_stream_name_prefix.as_deref());
    if names.is_some() && prefix.is_some() {
        return Err(invalid("logStreamNames and logStreamNamePrefix cannot be given together"));
    }
    if let Some(unknown) = names.into_iter().flatten().find(|name| !group.streams.contains_key(*name)) {
        let message = format!("The specified log stream {unknown} does not exist.");
        return Err(Error::client("ResourceNotFoundException", message));
    }
    let wanted = |name: &String| {
        names.is_none_or(|names| names.contains(name)) && prefix.is_none_or(|prefix| name.starts_with(prefix))
    };
    let mut events: Vec<(i64, Value)> = Vec::new();
    for (name, stream) in group.streams.iter().filter(|(name, _)| wanted(name)) {
        let range = stream.between(input.start_time, input.end_time);
        for (index, event) in stream.events[range.clone()].iter().enumerate() {
            let matches = logs::matches(pattern, &event.message);
            if matches.ok_or_else(|| Error::not_implemented("logs", "FilterLogEvents with a JSON or field pattern"))? {
                let view = json!({
                    "logStreamName": name,
                    "timestamp": event.at,
                    "message": event.message,
                    "ingestionTime": event.ingested,
                    "eventId": format!("{name}/{}", range.start + index),
                });
                events.push((event.at, view));
            }
        }
    }
    events.sort_by_key(|(at, _)| *at);
    let mut answer = input.page("events", events.into_iter().map(|(_, view)| view).collect(), MOST)?;
    answer["searchedLogStreams"] = json!([]);
    Ok(answer)
}

fn place(index: &str) -> Result<usize, Error> {
    index.parse().map_err(|_| bad_token())
}

fn bad_token() -> Error {
    invalid("The specified nextToken is invalid.")
}
