//! A pause once all users are at the green fleet: blue stays for as long as it lasts.
//!
//! `POST_PRODUCTION_TRAFFIC_SHIFT` is a [stage of a single invocation][categories]: it comes once, after the
//! last step.
//!
//! [categories]: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html

use super::back::LINEAR;
use super::world::{World, shifting};
use crate::RuleKind;
use crate::model::ecs::Change;
use crate::model::ecs::blue_green::{HookAction, HookStatus, Pace, Stage};
use crate::model::ecs::service::DeploymentStatus;

const STAGE: Stage = Stage::PostProductionTrafficShift;
const PACES: [Pace; 3] = [Pace::AllAtOnce, Pace::Canary { share: 50, bake: 1 }, LINEAR];

/// A world whose deployment of `v2`, without a bake of ECS's own, pauses there; and that definition.
fn paused(pace: Pace) -> (World, String) {
    let mut world = World::paired(4, shifting(pace, 0, &[]));
    world.change(Change { rules: Some(shifting(pace, 0, &[STAGE])), ..Change::default() }).expect("a change");
    let next = world.release("v2");
    world.deploy(&next);
    assert!(world.run_until(10_000, |world| world.pause().is_some()), "{:?}", world.said());
    assert_eq!((world.stage(), world.shift().production), (Some(STAGE), 1000), "{pace:?}");
    (world, next)
}

#[test]
fn blue_stays_while_it_lasts_and_goes_at_once_after_it_when_there_is_no_other_bake() {
    for pace in PACES {
        let (mut world, next) = paused(pace);
        world.run(3000);
        assert_eq!((world.running().len(), world.serving(&next)), (8, 4), "{pace:?}");
        assert_eq!(world.shares(RuleKind::Production), (0, 1000), "{pace:?}");
        let id = world.pause().expect("the same");
        world.answer(&id, HookAction::Continue).expect("it goes on");
        assert!(world.run_until(120, |world| world.stage() == Some(Stage::CleanUp)), "{pace:?}");
        assert!(world.run_until(600, |world| world.is(DeploymentStatus::Successful)), "{pace:?}");
        assert_eq!((world.running().len(), world.serving(&next), world.fewest), (4, 4, 4), "{pace:?}");
    }
}

#[test]
fn users_are_back_at_blue_at_once_when_it_is_answered_with_the_way_back_and_when_nobody_answers() {
    for pace in PACES {
        for answer in [Some(HookAction::Rollback), None] {
            let case = format!("{pace:?} {answer:?}");
            let (mut world, next) = paused(pace);
            match answer {
                Some(action) => {
                    let id = world.pause().expect("a pause");
                    world.answer(&id, action).expect("it goes back");
                }
                // The pauses of this world last an hour.
                None => assert!(world.run_until(3600, |world| world.pause().is_none()), "{case}"),
            }
            world.run(1);
            assert_eq!(world.shares(RuleKind::Production), (1000, 0), "{case}");
            assert!(world.run_until(600, |world| world.is(DeploymentStatus::RollbackSuccessful)), "{case}");
            assert_eq!((world.serving(&next), world.served(), world.fewest), (0, 4, 4), "{case}");
            let timed_out = world.shift().hooks.iter().any(|hook| hook.status == HookStatus::TimedOut);
            assert_eq!(timed_out, answer.is_none(), "{case}");
        }
    }
}
