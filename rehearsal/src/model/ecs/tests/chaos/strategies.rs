//! The same over all strategies: users are always where somebody serves them.

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::super::world::{World, rules, shifting};
use super::act;
use crate::RuleKind;
use crate::model::ecs::Change;
use crate::model::ecs::blue_green::{BlueGreen, HookAction, Pace, Stage};
use crate::model::ecs::service::Rules;

#[test]
fn users_are_always_sent_to_tasks_that_serve_and_blue_stays_whole_until_it_is_not_needed() {
    for seed in 0..120 {
        let mut random = StdRng::seed_from_u64(seed);
        let mut world = World::paired(4, rules());
        for step in 0..12 {
            if random.random_bool(0.5) {
                let rules = some_rules(&mut random);
                world.change(Change { rules: Some(rules), ..Change::default() }).expect("a change");
            }
            match world.pause() {
                Some(id) if random.random_bool(0.7) => {
                    let action = if random.random_bool(0.8) { HookAction::Continue } else { HookAction::Rollback };
                    // It may have timed out, or gone another way.
                    let _ = world.answer(&id, action);
                }
                _ => act(&mut world, &mut random, seed, step),
            }
            world.settle();
            let seconds = random.random_range(0..90);
            world.run(seconds);
        }
        world.state.faults.clear();
        let is_well =
            |world: &World| world.service().steady && world.service().primary().is_some_and(|one| one.was_complete);
        if !world.run_until(20_000, is_well) {
            world.change(Change { force: true, ..Change::default() }).expect("a change");
        }
        assert!(world.run_until(20_000, is_well), "{seed}: {:?} {:?}", world.statuses(), world.said());
        world.run(120);
        assert_eq!((world.served(), world.in_rotation(), world.running().len()), (4, 4, 4), "{seed}");
        let (main, alternate) = world.shares(RuleKind::Production);
        assert_eq!((main.max(alternate), main + alternate), (1000, 1000), "{seed}");
        assert!(world.service().history.iter().all(|deployment| deployment.status.is_over()), "{seed}");
        assert!(world.fewest >= 4, "{seed}: {}", world.fewest);
        assert!(world.fewest_blue >= 4, "{seed}: {}", world.fewest_blue);
        assert!(world.most <= 16, "{seed}: {}", world.most);
    }
}

fn some_rules(random: &mut StdRng) -> Rules {
    let paces = [
        Pace::AllAtOnce,
        Pace::Canary { share: random.random_range(1..=1000), bake: 1 },
        Pace::Linear { step: random.random_range(30..=1000), bake: random.random_range(0..2) },
    ];
    if random.random_bool(0.25) {
        return rules();
    }
    let pauses =
        Stage::ALL.into_iter().filter(|stage| stage.may_pause() && random.random_bool(0.3)).collect::<Vec<_>>();
    let mut rules = shifting(paces[random.random_range(0..paces.len())], random.random_range(0..3), &pauses);
    if let Some(BlueGreen { hooks, .. }) = &mut rules.blue_green {
        for hook in hooks {
            hook.timeout = random.random_range(1..5);
            hook.on_timeout = if random.random_bool(0.6) { HookAction::Continue } else { HookAction::Rollback };
        }
    }
    rules
}
