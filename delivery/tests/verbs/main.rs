//! The verbs, whole, from the command line to the exit code, over a cloud in memory on a paused clock.

mod again;
#[expect(dead_code, reason = "the histories use the rest")]
mod app;
mod back;
mod deploy;
#[path = "../shared/direct.rs"]
mod direct;
mod gates;
mod judged;
mod killed;
#[path = "../shared/layout.rs"]
mod layout;
mod look;
mod monitor;
mod page;
mod program;
mod progressive;
mod schema;
mod secrets;
mod seen;
#[expect(dead_code, reason = "the histories use the rest")]
mod stage;
mod stop;
