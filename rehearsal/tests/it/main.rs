//! The program `rehearsal`, started as people and scripts start it.

mod faults;
mod guard;
mod serve;
mod strategies;
