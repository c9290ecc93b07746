//! Whatever is asked for and whatever breaks, in any order: in the end all is well again.

mod strategies;

use std::time::Duration;

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::world::{World, rules};
use crate::faults::TaskRule;
use crate::model::ecs::Change;
use crate::world::{Report, TaskFault};

#[test]
fn every_history_ends_well_and_no_rollout_takes_anything_from_the_users() {
    for seed in 0..60 {
        let mut random = StdRng::seed_from_u64(seed);
        let mut world = World::up(4, rules());
        for step in 0..8 {
            act(&mut world, &mut random, seed, step);
            let seconds = random.random_range(0..60);
            world.run(seconds);
        }
        world.state.faults.clear();
        let is_well =
            |world: &World| world.service().steady && world.service().primary().is_some_and(|one| one.was_complete);
        if !world.run_until(2000, is_well) {
            // What came to nothing without anything to go back to needs somebody who deploys anew.
            world.change(Change { force: true, ..Change::default() }).expect("a change");
        }
        assert!(world.run_until(2000, is_well), "{seed}: {:?} {:?}", world.statuses(), world.said());
        world.run(120);
        assert_eq!((world.in_rotation(), world.running().len()), (4, 4), "{seed}");
        assert_eq!(world.state.targets.all()[0].targets.len(), 4, "{seed}");
        assert!(world.service().history.iter().all(|deployment| deployment.status.is_over()), "{seed}");
        assert!(world.most <= 8, "{seed}: {}", world.most);
        assert!(world.fewest >= 4, "{seed}: {}", world.fewest);
    }
}

/// Something that must not be noticed by users: nothing here breaks a task that serves.
fn act(world: &mut World, random: &mut StdRng, seed: u64, step: u64) {
    let faults = [
        TaskFault::NeverReady,
        TaskFault::Crash { after: Duration::ZERO, code: 1 },
        TaskFault::CannotStart { reason: "CannotPullContainerError: no".to_owned() },
    ];
    match random.random_range(0..6) {
        0 | 1 => {
            let next = world.release(&format!("{seed} {step}"));
            world.deploy(&next);
        }
        2 => {
            let fault = faults[random.random_range(0..faults.len())].clone();
            let rule = TaskRule::NextDeployment("web".to_owned());
            world.state.faults.add_task(rule, fault, None);
            let next = world.release(&format!("{seed} {step}"));
            world.deploy(&next);
        }
        3 => world.change(Change { force: true, ..Change::default() }).expect("a change"),
        4 => {
            let last = world.service().history.last().expect("a deployment").arn.clone();
            // It may be over, or have nothing left to do.
            let _ = world.state.stop_service_deployment(&last, true, world.now);
        }
        _ => {
            let starting = world.tasks().find(|task| task.is_wanted() && task.started_at.is_none());
            if let Some(task) = starting.map(|task| task.arn.clone()) {
                world.report(&task, Report::Exited { code: 1 });
            }
        }
    }
}
