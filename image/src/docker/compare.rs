//! The comparison of the Dockerfile's image with the plan that `image assemble` follows: the same
//! files and the same configuration, all but the binary's bytes, dates and history.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::saved::Saved;
use crate::contract;
use crate::file::{Description, File};
use crate::plan::Plan;

/// What Docker writes beside the configuration: names of its own build containers, and a flag that
/// means nothing but on Windows.
const IGNORED: [&str; 4] = ["ArgsEscaped", "Domainname", "Hostname", "Image"];

/// Every difference, as a line each. With `may_add_files` only the planned files are compared.
pub fn compare(plan: &Plan, saved: &Saved, may_add_files: bool) -> anyhow::Result<Vec<String>> {
    let mut differences = Vec::new();
    compare_files(&plan.files, &saved.files, may_add_files, &mut differences);
    let expected = serde_json::to_value(&plan.runtime)?;
    compare_runtime(&expected, &saved.configuration["config"], &mut differences);
    for (key, expected) in [("architecture", plan.architecture.as_str()), ("os", "linux")] {
        let found = &saved.configuration[key];
        if found != expected {
            differences.push(format!("{key}: expected {expected:?}, found {found}"));
        }
    }
    Ok(differences)
}

fn compare_files(expected: &[File], found: &[File], may_add: bool, differences: &mut Vec<String>) {
    let by_path = |files: &[File]| -> BTreeMap<String, Description> {
        files.iter().map(|file| (file.path.clone(), describe(file))).collect()
    };
    let (expected, found) = (by_path(expected), by_path(found));
    for (path, expected) in &expected {
        match found.get(path) {
            None => differences.push(format!("/{path}: missing")),
            Some(found) if found != expected => {
                differences.push(format!("/{path}: expected {}, found {}", line(expected), line(found)));
            }
            Some(_) => {}
        }
    }
    if !may_add {
        for path in found.keys().filter(|path| !expected.contains_key(*path)) {
            differences.push(format!("/{path}: only in the Dockerfile's image"));
        }
    }
}

/// The description, without the content of the binary: two builds of it may differ.
fn describe(file: &File) -> Description {
    let mut description = file.describe();
    if file.path == contract::BINARY_PATH {
        description.bytes = None;
        description.digest = None;
    }
    description
}

fn line(file: &Description) -> String {
    let digest = file.digest.as_ref().map(|digest| format!(" {digest}")).unwrap_or_default();
    format!("{} {} {}{digest}", file.kind, file.mode, file.owner)
}

/// Compares the `config` objects field by field; fields that say nothing count as absent.
fn compare_runtime(expected: &Value, found: &Value, differences: &mut Vec<String>) {
    let empty = Map::new();
    let (expected, found) = (expected.as_object().unwrap_or(&empty), found.as_object().unwrap_or(&empty));
    let keys: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
    for key in keys {
        if IGNORED.contains(&key.as_str()) {
            continue;
        }
        let (expected, found) = (said(key, expected.get(key)), said(key, found.get(key)));
        compare_values(&format!("config {key}"), expected, found, differences);
    }
}

/// Compares two values, objects key by key, so that each label that differs is a line of its own.
fn compare_values(name: &str, expected: Option<&Value>, found: Option<&Value>, differences: &mut Vec<String>) {
    if let (Some(Value::Object(expected)), Some(Value::Object(found))) = (expected, found) {
        let keys: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
        for key in keys {
            compare_values(&format!("{name} {key}"), expected.get(key), found.get(key), differences);
        }
    } else if expected != found {
        let show = |value: Option<&Value>| value.map_or("nothing".to_owned(), Value::to_string);
        differences.push(format!("{name}: expected {}, found {}", show(expected), show(found)));
    }
}

/// The value of a field, if it says anything. Starting in `/` is what an image without a word about
/// it does.
fn said<'a>(key: &str, value: Option<&'a Value>) -> Option<&'a Value> {
    value.filter(|value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !(text.is_empty() || key == "WorkingDir" && text == "/"),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    })
}
