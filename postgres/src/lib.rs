//! A PostgreSQL for tests and rehearsals from whatever this machine has.
//!
//! Three sources are tried in the order of [`Source::ALL`]: the server that `DATABASE_URL` names,
//! a container, and the server binaries of this machine as a throw-away cluster. The choice is
//! printed, and so is the reason why a source was passed over.
//!
//! **Invariant**: whatever a provider makes lies in its [`Estate`], a directory whose lock only a
//! living owner holds. The owner clears it in the end; its guard does when the owner is killed;
//! the next provider does when the guard was killed too.
//!
//! **Invariant**: a password is in the environment of the command and nowhere else: not in an
//! argument list, a message or a file that outlives the start.

mod account;
mod binaries;
pub mod cli;
mod cluster;
mod connect;
mod container;
mod doctor;
mod estate;
mod exec;
mod fresh;
mod given;
mod provide;
mod purge;
mod refusal;
mod server_process;
mod signals;
mod source;
mod version;

pub use doctor::{Diagnosis, Finding, diagnose};
pub use estate::Estate;
pub use provide::{Provided, provide};
pub use refusal::Refusal;
pub use source::Source;
