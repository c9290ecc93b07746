//! One deployer at a time for each environment: a remote lock with an owner and an end.
//!
//! The lock is a tag that cannot be moved, `lock-ENVIRONMENT`, on a tiny manifest that says who has it:
//! putting a manifest under a tag that is taken fails, so taking the lock is atomic and needs nothing
//! that is not there anyway. It is given back, and taken from the dead, by deleting the manifest by
//! its digest, which touches nobody else's.
//!
//! **Invariant**: two holders at once need a lock that was broken by hand, or a clock that is minutes
//! wrong.

mod guard;
mod holder;
mod take;

use std::time::Duration;

use jiff::Timestamp;

use crate::environment::Environment;
use crate::release::Commit;

pub use guard::Guard;
pub use holder::Holder;
pub use take::{Held, holder_of, take};

/// How far apart the clocks of two deployers may be: so much later than its end a lock is dead.
const SKEW: Duration = Duration::from_mins(1);

/// What is asked of the lock.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Of which environment.
    pub environment: Environment,
    /// Who asks, for people: an ARN, and where it runs.
    pub owner: String,
    /// What is to be deployed; none for a rollback that finds out later.
    pub commit: Option<Commit>,
    /// How long it may be held without being renewed.
    pub expiry: Duration,
    /// Whether it is taken from whoever holds it.
    pub break_it: bool,
}

/// The tag that is the lock.
fn tag(environment: Environment) -> String {
    format!("lock-{environment}")
}

/// A further tag on the lock's manifest, by which its end is moved: it is deleted with the lock.
fn renewal(environment: Environment, until: Timestamp) -> String {
    format!("lock-{environment}-until-{}", until.as_second())
}
