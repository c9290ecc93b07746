//! What the comments of a migration say to whoever runs and checks it.
//!
//! - `-- no-transaction`, the first bytes of the file: sqlx runs it outside of a transaction.
//! - `-- contract: since NNNN`: it takes away what no release that needs schema NNNN uses.
//! - `-- allow RULE: reason`, above a statement: that rule is not held against it.

use super::{Found, every_rule, rules};
use crate::sql::Script;
use crate::{Kind, Rule};

const NO_TRANSACTION: &str = "-- no-transaction";

/// The marks of a file.
pub(super) struct Marks {
    /// Whether sqlx runs it without a transaction, or somebody thought that it would.
    pub(super) no_transaction: bool,
    /// Its contract mark.
    pub(super) contract: Option<Contract>,
    /// Marks that are none.
    pub(super) wrong: Vec<Found>,
    allowed: Vec<Allowed>,
}

/// A contract mark.
pub(super) struct Contract {
    /// The version in it; none when it is not well formed.
    pub(super) since: Option<String>,
    /// Where it stands.
    pub(super) at: usize,
}

struct Allowed {
    rule: String,
    at: usize,
    /// Where the statement begins that it stands above.
    statement: Option<usize>,
    is_used: bool,
}

impl Marks {
    pub(super) fn read(text: &str, script: &Script) -> Self {
        let no_transaction = text.starts_with(NO_TRANSACTION);
        let mut marks = Self { no_transaction, contract: None, wrong: Vec::new(), allowed: Vec::new() };
        for (at, comment) in &script.comments {
            marks.comment(*at, comment, script);
        }
        marks.no_transaction |= marks.wrong.iter().any(|found| found.rule == &rules::NO_TRANSACTION_NOT_FIRST);
        marks
    }

    fn comment(&mut self, at: usize, comment: &str, script: &Script) {
        let body = comment.trim_start_matches(['-', '/', '*', ' ', '\t']).trim_end_matches(['*', '/']).trim_end();
        let mut wrong = |rule, what: String| self.wrong.push(Found { at, rule, what });
        if body.starts_with("squawk-") {
            wrong(&rules::SQUAWK_COMMENT, format!("`{body}`"));
        } else if let Some(mark) = body.strip_prefix("contract") {
            let version = mark.trim_start_matches([':', ' ']).strip_prefix("since ").map(str::trim);
            // A word of it in a sentence is no mark.
            if !mark.starts_with(':') && !mark.trim_start().starts_with("since") {
                return;
            }
            let version =
                version.filter(|version| version.len() == 4 && version.bytes().all(|byte| byte.is_ascii_digit()));
            let version = version.filter(|_| comment.starts_with("-- contract: since "));
            if version.is_none() {
                wrong(&rules::CONTRACT_MARK, format!("`{comment}`"));
            }
            self.contract = Some(Contract { since: version.map(str::to_owned), at });
        } else if let Some(mark) = body.strip_prefix("allow ") {
            let (rule, reason) = mark.split_once(':').unwrap_or((mark, ""));
            let (rule, reason) = (rule.trim(), reason.trim());
            match every_rule().find(|known| known.name == rule) {
                None if rule.contains(' ') => {}
                None => wrong(&rules::UNKNOWN_RULE, format!("there is no rule `{rule}`")),
                Some(known) if known.kind == Kind::Form => {
                    wrong(&rules::UNKNOWN_RULE, format!("`{rule}` cannot be allowed"));
                }
                Some(_) if reason.split_whitespace().count() < 3 => {
                    wrong(&rules::ALLOW_WITHOUT_REASON, format!("`{body}`"));
                }
                Some(_) => {
                    let statement = script.statements.iter().map(|its| its.range.start).find(|start| *start > at);
                    self.allowed.push(Allowed { rule: rule.to_owned(), at, statement, is_used: false });
                }
            }
        } else if body.to_lowercase().starts_with("no-transaction") && !(self.no_transaction && at == 0) {
            wrong(&rules::NO_TRANSACTION_NOT_FIRST, format!("`{comment}`"));
        }
    }

    /// Whether the statement at a position is exempt from a rule.
    pub(super) fn allows(&mut self, script: &Script, at: usize, rule: &Rule) -> bool {
        let start = script.statement_at(at).map(|statement| statement.range.start);
        let mut is_allowed = false;
        for allowed in &mut self.allowed {
            if allowed.rule == rule.name && allowed.statement.is_some() && allowed.statement == start {
                allowed.is_used = true;
                is_allowed = true;
            }
        }
        is_allowed
    }

    /// What is allowed and does not happen.
    pub(super) fn unused(&self) -> impl Iterator<Item = Found> {
        let unused = self.allowed.iter().filter(|allowed| !allowed.is_used);
        unused.map(|allowed| Found {
            at: allowed.at,
            rule: &rules::UNUSED_ALLOW,
            what: format!("`{}` is allowed, and the statement below gives no cause for it", allowed.rule),
        })
    }
}
