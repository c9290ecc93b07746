//! The program `rehearsal`, started as people and scripts start it.

mod guard;
mod serve;
