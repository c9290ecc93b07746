//! A strategy: each bad release is caught at the earliest stage that can see it, and a good one gets
//! through.

use std::time::Duration;

use super::super::act::Act;
use super::super::place::{Place, SERVICE, View};
use super::super::recipe::{ALARM, RUNG, Recipe, Strategy};
use super::super::release::Release;
use super::super::stage::Stage;
use super::steps::{serving, verified_again, verified_release};
use crate::faults::{Faults, TaskRule};
use crate::world::{TaskFault, When};

/// A release that is no good, and how that comes out.
struct Bad {
    title: &'static str,
    fault: Option<TaskFault>,
    /// What the engine says when it takes it back.
    says: &'static str,
    seen: Seen,
    /// Whether requests of users fail once they reach it.
    fails_users: bool,
}

/// Where it can be seen first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Seen {
    /// By its tasks, whatever the strategy.
    InTasks,
    /// By asking it before any user does, where the strategy has a place for that.
    WhenAsked,
    /// Only by users' requests.
    ByUsers,
    /// Only when all of the users are with it.
    ByAllUsers,
}

/// An exit code that nothing else here has.
const CODE: i32 = 37;

/// Releases that are no good, each in its own way.
fn bad() -> Vec<Bad> {
    let errors = |rate| TaskFault::Errors { rate };
    let only = |when, fault| TaskFault::Only { when, fault: Box::new(fault) };
    let since_users = |millis, rate| only(When::InProduction(Duration::from_millis(millis)), errors(rate));
    let of = |title, fault, says, seen, fails_users| Bad { title, fault, says, seen, fails_users };
    let crash = TaskFault::Crash { after: Duration::from_millis(300), code: CODE };
    let worse = TaskFault::All(vec![since_users(500, 0.02), since_users(1500, 0.1), since_users(2500, 0.4)]);
    vec![
        of("whose tasks crash", Some(crash), "crashed", Seen::InTasks, false),
        of("that never becomes ready", Some(TaskFault::NeverReady), "health check", Seen::InTasks, false),
        of("that is half as slow again", Some(TaskFault::Slower { factor: 1.5 }), "latency", Seen::WhenAsked, false),
        of("with 5 % errors", Some(errors(0.05)), "error rate", Seen::WhenAsked, true),
        of(
            "with one broken flow",
            Some(only(When::Path("/l/".to_owned()), errors(1.0))),
            "flow",
            Seen::WhenAsked,
            false,
        ),
        of("that gets worse with time", Some(worse), "error rate", Seen::ByUsers, true),
        of(
            "that fails once all users are with it",
            Some(only(When::Share(1.0), errors(0.3))),
            "error rate",
            Seen::ByAllUsers,
            true,
        ),
        of("at which an alarm rings", None, "alarm", Seen::ByUsers, false),
    ]
}

pub(super) async fn play(stage: &mut Stage, strategy: Strategy) -> anyhow::Result<()> {
    let _ = verified_release(stage, "a release whose luck changes").await?;
    let release = serving(stage, Place::Staging)?;
    stage.view.set_alarm(ALARM, "OK").await?;
    stage.deliver_by(Some(Recipe::of(strategy)))?;
    let played = all(stage, strategy, &release).await;
    stage.deliver_by(None)?;
    stage.view.cloud.faults(Faults::clear);
    played
}

async fn all(stage: &mut Stage, strategy: Strategy, release: &Release) -> anyhow::Result<()> {
    for (number, bad) in bad().into_iter().enumerate() {
        if number > 0 {
            verified_again(stage, release).await?;
        }
        taken_back(stage, strategy, release, bad).await?;
    }
    verified_again(stage, release).await?;
    gets_through(stage, strategy, release).await
}

async fn gets_through(stage: &mut Stage, strategy: Strategy, release: &Release) -> anyhow::Result<()> {
    stage.view.cloud.faults(Faults::clear);
    let title = format!("{}: a good release gets through", strategy.word());
    let mut act = stage.run(&title, &["promote", "--image-tag", &release.commit], 0).await?;
    act.serves(Place::Production, release).await;
    act.ended_as(Place::Production, "SUCCESSFUL");
    act.has_evidence(release, 2);
    act.lock_is(Place::Production, false);
    for share in strategy.holds() {
        act.held_at(*share, RUNG);
    }
    stage.done(act)?;
    stage.production = Some(release.clone());
    Ok(())
}

async fn taken_back(stage: &mut Stage, strategy: Strategy, release: &Release, bad: Bad) -> anyhow::Result<()> {
    let before = serving(stage, Place::Production)?;
    let title = format!("{}: a release {}", strategy.word(), bad.title);
    stage.view.cloud.faults(Faults::clear);
    let promote = ["promote", "--image-tag", &release.commit];
    let mut playing = stage.start(&title, &promote, &[21])?;
    match bad.fault {
        Some(fault) => {
            let rule = TaskRule::NextDeployment(SERVICE.to_owned());
            stage.view.cloud.faults(|faults| faults.add_task(rule, fault, None));
        }
        None => {
            let digest = release.digest.clone();
            let users = move |view: &View| view.share_of(Place::Production, &digest) > 0.0;
            stage.until(&mut playing, "users reach it", Duration::from_mins(2), users).await?;
            stage.view.set_alarm(ALARM, "ALARM").await?;
        }
    }
    let mut act = stage.end(playing).await?;
    stage.view.cloud.faults(Faults::clear);
    stage.view.set_alarm(ALARM, "OK").await?;
    let rolling = strategy == Strategy::Rolling;
    if rolling && bad.fails_users {
        // All users are with it at once, so that its errors meet the questions after a rollout first.
        act.says_either([bad.says, "the smoke test failed"]);
    } else {
        act.says(bad.says);
    }
    act.serves(Place::Production, &before).await;
    let by_another = rolling && bad.seen != Seen::InTasks;
    if !by_another {
        act.ended_as(Place::Production, "ROLLBACK_SUCCESSFUL");
    }
    act.is_tagged("production-latest", &before);
    act.lock_is(Place::Production, false);
    reached(&mut act, strategy, bad.seen);
    let users_may_notice = bad.fails_users && (rolling || bad.seen > Seen::WhenAsked);
    if users_may_notice {
        act.users_may_notice();
    }
    stage.done(act)
}

/// No more users reached it than had to for it to be seen.
fn reached(act: &mut Act, strategy: Strategy, seen: Seen) {
    let most = match (strategy, seen) {
        // A rolling update has no way to keep users from it.
        (Strategy::Rolling, _) => return,
        (_, Seen::InTasks | Seen::WhenAsked) => 0.0,
        (Strategy::BlueGreen, _) | (_, Seen::ByAllUsers) => 100.0,
        (Strategy::Canary, Seen::ByUsers) => 50.0,
        (Strategy::Linear, Seen::ByUsers) => 75.0,
    };
    act.reached_at_most(most);
}
