//! How soon users are safe from a release that is bad: by the engine, and by ECS alone with its circuit
//! breaker and alarms. Both deploy the same release to the same service, with the same seed and the same
//! users, on a cloud in memory and on a paused clock, so that the figures are the same on every machine.
//!
//! `docs/performance.md` says how it is run and what it gave.

mod alarms;
#[path = "../../tests/verbs/app.rs"]
#[expect(dead_code, reason = "tests use the rest")]
mod app;
mod arm;
mod back;
mod bad;
#[path = "../../tests/shared/direct.rs"]
mod direct;
mod exposure;
#[path = "../../tests/shared/layout.rs"]
mod layout;
mod outcome;
mod scene;
#[path = "../../tests/verbs/seen.rs"]
#[expect(dead_code, reason = "tests use the rest")]
mod seen;
#[path = "../../tests/verbs/stage.rs"]
#[expect(dead_code, reason = "tests use the rest")]
mod stage;
#[path = "../../tests/shared/traffic.rs"]
mod traffic;
mod users;

use std::time::Instant;

use self::alarms::Setup;
use self::arm::{Arm, Strategy};

fn main() {
    let began = Instant::now();
    // A word of a release's title: of that one alone.
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let columns =
        ["A release", "Strategy", "The engine", "ECS, alarms at the first error", "ECS, alarms at 1 %", "Ratios"];
    println!("| {} |", columns.join(" | "));
    println!("|{}", " --- |".repeat(columns.len()));
    for bad in bad::all().into_iter().filter(|bad| wanted.as_ref().is_none_or(|word| bad.title.contains(word))) {
        for strategy in Strategy::ALL {
            let arms = [Arm::Engine, Arm::Ecs(Setup::AtOnce), Arm::Ecs(Setup::AtAShare { percent: 1 })];
            let [engine, quick, usual] = arms.map(|arm| {
                let began = Instant::now();
                let outcome = alone(arm::play(strategy, &bad, arm));
                eprintln!(
                    "{:.1} s: {} {} {arm:?}: {}",
                    began.elapsed().as_secs_f64(),
                    bad.title,
                    strategy.word(),
                    outcome.how
                );
                outcome
            });
            let ratios = [&quick, &usual].map(|other| engine.compared_with(other)).join("; ");
            println!("| {} | {} | {engine} | {quick} | {usual} | {ratios} |", bad.title, strategy.word());
        }
    }
    println!();
    for line in alone(back::in_the_bake()) {
        println!("{line}");
    }
    println!("\n{:.0} s", began.elapsed().as_secs_f64());
}

/// Plays it on a clock of its own, which stands still while anything is done.
fn alone<T>(play: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(play)
}
