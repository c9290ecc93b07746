//! CloudWatch Logs, in the JSON protocol.

mod read;

use serde::Deserialize;
use serde_json::{Value, json};

use super::json::{Answer, Call, Error};
use super::page::page;
use crate::logs::Group;
use crate::model::State;

/// Answers a call.
pub(crate) fn serve(state: &mut State, call: &Call<'_>) -> Answer {
    match call.operation {
        "CreateLogGroup" => create_group(state, call),
        "CreateLogStream" => create_stream(state, call),
        "PutLogEvents" => put(state, call),
        "DescribeLogGroups" => describe_groups(state, call),
        "DescribeLogStreams" => describe_streams(state, call),
        "GetLogEvents" => read::get(state, call),
        "FilterLogEvents" => read::filter(state, call),
        other => Err(Error::not_implemented("logs", other)),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Input {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_group_name_prefix: Option<String>,
    log_stream_name: Option<String>,
    log_stream_names: Option<Vec<String>>,
    log_stream_name_prefix: Option<String>,
    log_events: Option<Vec<Event>>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    start_from_head: Option<bool>,
    filter_pattern: Option<String>,
    order_by: Option<String>,
    descending: Option<bool>,
    limit: Option<i64>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Event {
    timestamp: i64,
    message: String,
}

impl Input {
    fn group_name(&self) -> Result<&str, Error> {
        let given = match (self.log_group_name.as_deref(), self.log_group_identifier.as_deref()) {
            (Some(_), Some(_)) => return Err(invalid("give logGroupName or logGroupIdentifier, not both")),
            (Some(name), None) => name,
            (None, Some(identifier)) => identifier.rsplit_once(":log-group:").map_or(identifier, |(_, name)| name),
            (None, None) => return Err(required("logGroupName")),
        };
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-/.#".contains(&byte);
        if given.is_empty() || given.len() > 512 || !given.bytes().all(allowed) {
            let rule = "Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+";
            return Err(invalid(&format!(
                "1 validation error detected: Value at 'logGroupName' failed to satisfy constraint: {rule}"
            )));
        }
        Ok(given)
    }

    fn group<'a>(&self, state: &'a State) -> Result<&'a Group, Error> {
        state.account.logs.group(self.group_name()?).ok_or_else(no_group)
    }

    fn stream_name(&self) -> Result<&str, Error> {
        self.log_stream_name.as_deref().ok_or_else(|| required("logStreamName"))
    }

    fn most(&self, limit: usize) -> Result<usize, Error> {
        let Some(most) = self.limit else { return Ok(limit) };
        let most = usize::try_from(most).ok().filter(|most| (1..=limit).contains(most));
        most.ok_or_else(|| invalid(&format!("1 validation error detected: Value at 'limit' failed to satisfy constraint: Member must have value between 1 and {limit}")))
    }

    fn page(&self, name: &str, items: Vec<Value>, limit: usize) -> Answer {
        let (items, next) = page(items, self.next_token.as_deref(), self.most(limit)?)
            .map_err(|_| invalid("The specified nextToken is invalid."))?;
        let mut answer = json!({ name: items });
        if let Some(next) = next {
            answer["nextToken"] = json!(next);
        }
        Ok(answer)
    }
}

fn create_group(state: &mut State, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    if state.account.logs.create_group(input.group_name()?, call.now) {
        Ok(json!({}))
    } else {
        Err(Error::client("ResourceAlreadyExistsException", "The specified log group already exists"))
    }
}

fn create_stream(state: &mut State, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    let stream = input.stream_name()?;
    if stream.is_empty() || stream.len() > 512 || stream.contains([':', '*']) {
        return Err(invalid(
            "1 validation error detected: Value at 'logStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:*]*",
        ));
    }
    let group = state.account.logs.group_mut(input.group_name()?).ok_or_else(no_group)?;
    if group.create_stream(stream, call.now) {
        Ok(json!({}))
    } else {
        Err(Error::client("ResourceAlreadyExistsException", "The specified log stream already exists"))
    }
}

fn put(state: &mut State, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    let events = input.log_events.as_ref().ok_or_else(|| required("logEvents"))?;
    if !events.is_sorted_by_key(|event| event.timestamp) {
        return Err(invalid("Log events in a single PutLogEvents request must be in chronological order."));
    }
    let name = input.stream_name()?;
    let group = state.account.logs.group_mut(input.group_name()?).ok_or_else(no_group)?;
    let stream = group.streams.get_mut(name).ok_or_else(no_stream)?;
    for event in events {
        stream.push(event.timestamp, call.now, &event.message);
    }
    Ok(json!({}))
}

fn describe_groups(state: &State, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    let prefix = input.log_group_name_prefix.as_deref().unwrap_or_default();
    let (region, account) = (&state.identity.region, &state.identity.account);
    let found = state.account.logs.groups().filter(|(name, _)| name.starts_with(prefix));
    let views = found.map(|(name, group)| {
        let arn = format!("arn:aws:logs:{region}:{account}:log-group:{name}");
        json!({
            "logGroupName": name,
            "creationTime": group.created_at.as_millisecond(),
            "metricFilterCount": 0,
            "arn": format!("{arn}:*"),
            "logGroupArn": arn,
            "storedBytes": 0,
            "logGroupClass": "STANDARD",
        })
    });
    input.page("logGroups", views.collect(), 50)
}

fn describe_streams(state: &State, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    let prefix = input.log_stream_name_prefix.as_deref();
    let by_time = match input.order_by.as_deref() {
        None | Some("LogStreamName") => false,
        Some("LastEventTime") if prefix.is_some() => {
            return Err(invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
        }
        Some("LastEventTime") => true,
        Some(_) => {
            return Err(invalid(
                "1 validation error detected: Value at 'orderBy' failed to satisfy constraint: Member must satisfy enum value set: [LogStreamName, LastEventTime]",
            ));
        }
    };
    let group = input.group(state)?;
    let mut found: Vec<_> =
        group.streams.iter().filter(|(name, _)| name.starts_with(prefix.unwrap_or_default())).collect();
    if by_time {
        found.sort_by_key(|(_, stream)| stream.events.last().map(|event| event.at));
    }
    if input.descending.unwrap_or_default() {
        found.reverse();
    }
    let (region, account) = (&state.identity.region, &state.identity.account);
    let group_name = input.group_name()?;
    let views = found.into_iter().map(|(name, stream)| {
        let mut view = json!({
            "logStreamName": name,
            "creationTime": stream.created_at.as_millisecond(),
            "arn": format!("arn:aws:logs:{region}:{account}:log-group:{group_name}:log-stream:{name}"),
            "storedBytes": 0,
        });
        if let (Some(first), Some(last)) = (stream.events.first(), stream.events.last()) {
            view["firstEventTimestamp"] = json!(first.at);
            view["lastEventTimestamp"] = json!(last.at);
            view["lastIngestionTime"] = json!(last.ingested);
        }
        view
    });
    input.page("logStreams", views.collect(), 50)
}

fn no_group() -> Error {
    Error::client("ResourceNotFoundException", "The specified log group does not exist.")
}

fn no_stream() -> Error {
    Error::client("ResourceNotFoundException", "The specified log stream does not exist.")
}

fn invalid(message: &str) -> Error {
    Error::client("InvalidParameterException", message)
}

fn required(name: &str) -> Error {
    invalid(&format!(
        "1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"
    ))
}
