//! New migrations, proved on a real PostgreSQL before they merge.
//!
//! [`round_trip`] takes each through up, down and up again with rows in every table: what was there has
//! to be there still, and down has to leave what was there before it.

mod catalog;
pub mod cli;
mod database;
pub mod round_trip;
mod rows;
mod seed;
