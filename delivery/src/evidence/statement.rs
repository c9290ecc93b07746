//! The statement around a verdict, written and read back strictly.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

use super::Verdict;
use crate::release::Digest;

/// The type of every statement.
const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// The type of what ours say: the fields of [`Verdict`]. Another meaning gets another number.
pub const PREDICATE_TYPE: &str = "urn:slipway:verdict:v1";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: Verdict,
}

#[derive(Serialize, Deserialize)]
struct Subject {
    name: String,
    digest: BTreeMap<String, String>,
}

/// The statement that says this about the verdict's digest.
pub(super) fn write(repository: &str, verdict: &Verdict) -> anyhow::Result<Vec<u8>> {
    let digest = BTreeMap::from([("sha256".to_owned(), verdict.release.digest.hex().to_owned())]);
    let statement = Statement {
        kind: STATEMENT_TYPE.to_owned(),
        subject: vec![Subject { name: repository.to_owned(), digest }],
        predicate_type: PREDICATE_TYPE.to_owned(),
        predicate: verdict.clone(),
    };
    Ok(serde_json::to_vec(&statement)?)
}

/// The verdict in a statement, if it is one about this digest and about nothing else.
pub(super) fn read(bytes: &[u8], digest: &Digest) -> anyhow::Result<Verdict> {
    let statement: Statement = serde_json::from_slice(bytes).context("it is no statement of a verdict")?;
    ensure!(statement.kind == STATEMENT_TYPE, "its type is {:?}", statement.kind);
    ensure!(statement.predicate_type == PREDICATE_TYPE, "its predicate is {:?}", statement.predicate_type);
    let [subject] = statement.subject.as_slice() else {
        anyhow::bail!("it is about {} subjects", statement.subject.len());
    };
    let about = subject.digest.get("sha256").map(String::as_str);
    ensure!(about == Some(digest.hex()), "it is about another digest");
    let verdict = statement.predicate;
    ensure!(verdict.release.digest == *digest, "its verdict is about another digest");
    ensure!(verdict.began <= verdict.ended, "it ended before it began");
    Ok(verdict)
}
