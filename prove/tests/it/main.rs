//! The parts of the proof, on a real PostgreSQL.

mod breaking;
mod command;
mod load;
mod queries;
mod rolling;
mod round_trip;
mod scene;
