//! Roles, and the sessions of those who assumed them.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// The roles of an account.
#[derive(Debug, Default)]
pub(crate) struct Roles {
    pub(crate) roles: BTreeMap<String, Role>,
    /// Who calls, by the access key that was given for a session.
    pub(crate) sessions: BTreeMap<String, Caller>,
}

/// A role.
#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub(crate) id: String,
    pub(crate) path: String,
    pub(crate) trust: String,
    pub(crate) created_at: Timestamp,
}

/// Who makes a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) id: String,
    pub(crate) arn: String,
}
