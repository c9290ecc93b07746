//! A plan is carried out, step by step, in the order of [`Step`](crate::progress::Step).
//!
//! **Invariant**: every step can be interrupted and run again; the world says how far it got.
//!
//! **Invariant**: before ECS was asked for the new revision a failure is 10, 11, 20 or 130; from then on
//! it is 21 when the old release was seen to serve again, and 22 otherwise.

mod back;
mod known;
mod observe;
mod rollout;
mod sentry;
pub mod session;
mod settle;
mod step;
mod survivor;
mod update;

pub(crate) use back::{Goal, bring_back, is_there, tag_back, target, usable};
pub(crate) use observe::{World, wanted};
pub(crate) use rollout::{Rollout, preflight};
pub(crate) use sentry::{Seen, Sentry};
pub(crate) use settle::smoke;
pub(crate) use step::{Came, Kind};
