//! The verbs, whole, from the command line to the exit code, over a cloud in memory on a paused clock.

mod again;
mod app;
mod back;
mod deploy;
mod gates;
mod look;
mod program;
mod secrets;
mod stage;
mod stop;
