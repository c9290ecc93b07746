//! Lists in pages, and failures beside what was found.

use serde_json::{Value, json};

use super::super::json::{Answer, Call};
use super::super::page::page;
use super::{invalid, number, text};

/// A page of a list, of at most this many unless fewer are asked for.
pub(super) fn answer(call: &Call<'_>, name: &str, items: Vec<Value>, usual: usize) -> Answer {
    let most = match number(call.input, "maxResults")? {
        None => usual,
        Some(most @ 1..=100) => most as usize,
        Some(_) => return Err(invalid("maxResults must be between 1 and 100.")),
    };
    let token = text(call, "nextToken")?;
    let (items, next) = page(items, token, most).map_err(|_| invalid("Invalid token."))?;
    let mut answer = json!({ name: items });
    if let Some(next) = next {
        answer["nextToken"] = json!(next);
    }
    Ok(answer)
}

/// What was not found.
pub(super) fn missing(arn: impl Into<String>) -> Value {
    json!({ "arn": arn.into(), "reason": "MISSING" })
}
