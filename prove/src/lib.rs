//! New migrations, proved on a real PostgreSQL before they merge.
//!
//! [`round_trip`] takes each through up, down and up again with rows in every table: what was there has
//! to be there still, and down has to leave what was there before it. [`queries`] holds what the previous
//! release asks of the database against the new schema, [`rolling`] has both releases serve on it, and
//! [`load`] runs each new migration on big tables while others read and write.

mod catalog;
pub mod cli;
mod database;
pub mod load;
pub mod queries;
pub mod release;
pub mod rolling;
pub mod round_trip;
mod rows;
mod seed;
mod settings;
pub mod verdict;
