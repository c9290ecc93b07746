//! Clicks are counted in memory and written by a worker, off the path of the request.

mod tally;
mod worker;

pub use self::tally::{Batch, Tally};
pub use self::worker::{Counter, Lost, Worker};
