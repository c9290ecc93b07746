//! Where users are sent while two fleets run: to the new one, back again, and to whoever serves when
//! another deployment begins.
//!
//! **Invariant**: on the way back users are sent to blue before a green task is asked to end, and never
//! to a blue of which nobody serves.

use jiff::Timestamp;

use super::blue_green::Stage;
use super::due::ATTENTION;
use super::service::DeploymentStatus;
use crate::model::State;
use crate::model::listeners::WHOLE;

impl State {
    /// Sends all users back to blue, when there is somebody for them, and then has green go. Once blue
    /// was on its way out it has to be whole again first.
    pub(super) fn go_back(&mut self, place: usize, now: Timestamp) {
        let attention = self.scale.seconds(ATTENTION);
        let Some((_, shift)) = self.shifting(place, DeploymentStatus::RollbackInProgress) else { return };
        if shift.is_back {
            if shift.due.is_some_and(|due| due <= now)
                && let Some(shift) = self.current_shift(place)
            {
                (shift.stage, shift.due) = (Some(Stage::CleanUp), None);
            }
            return;
        }
        let Some(blue) = shift.blue else { return };
        let may = match shift.stage {
            _ if shift.production == 0 => true,
            Some(Stage::CleanUp) => self.is_whole(place, blue),
            _ => self.serving(place, blue) > 0,
        };
        let (production, test) = (shift.production, shift.test);
        if may {
            self.send_traffic(place, Some(0), test.map(|_| 0));
        }
        let Some(shift) = self.current_shift(place) else { return };
        shift.due = None;
        if may {
            shift.is_back = true;
            let (stage, due) = match (production, test.unwrap_or_default()) {
                (0, 0) => (Stage::CleanUp, None),
                (0, _) => (Stage::TestTrafficShift, Some(now + attention)),
                _ => (Stage::ProductionTrafficShift, Some(now + attention)),
            };
            (shift.stage, shift.due) = (Some(stage), due);
        }
    }

    /// Ends what a deployment did to the traffic before another one begins: all of it goes to the
    /// revision that serves then, which is returned.
    pub(super) fn take_over(&mut self, place: usize) -> Option<u64> {
        let service = &self.ecs.services[place];
        let Some((last, shift)) = service.unfinished_shift() else { return service.good };
        let blue = shift.blue.filter(|blue| shift.production == 0 || self.serving(place, *blue) > 0);
        let is_leaving = shift.has_reached(Stage::CleanUp) && !shift.is_back;
        let green = (shift.production > 0 && (is_leaving || blue.is_none())).then_some(last.target);
        let share = if green.is_some() { WHOLE } else { 0 };
        let test = shift.test.map(|_| share);
        if green.is_some() || blue.is_some() {
            self.send_traffic(place, Some(share), test);
        }
        let shift = self.ecs.services[place].history.last_mut().and_then(|last| last.shift.as_mut())?;
        shift.is_back = green.is_none();
        shift.due = None;
        let base = green.or(shift.blue);
        self.ecs.services[place].good = base;
        base
    }

    /// Gives the new revision these shares of users and of the test traffic, and the others the rest.
    pub(super) fn send_traffic(&mut self, place: usize, production: Option<u32>, test: Option<u32>) {
        let service = &self.ecs.services[place];
        let Some(current) = service.history.last() else { return };
        let (Some(shift), Some(revision)) = (&current.shift, service.revision(current.target)) else { return };
        let (Some(balancer), Some(green)) = (revision.workload.balancers.first(), revision.groups.first()) else {
            return;
        };
        let Some(advanced) = &balancer.advanced else { return };
        let blue = shift.blue.and_then(|blue| service.revision(blue)).and_then(|blue| blue.groups.first());
        let other = if *green == balancer.target_group { &advanced.alternate } else { &balancer.target_group };
        let blue = blue.filter(|blue| *blue != green).unwrap_or(other);
        let shares = |share: u32| [(green.as_str(), share), (blue.as_str(), WHOLE - share)];
        if let Some(share) = production {
            self.listeners.forward(&advanced.production_rule, &shares(share));
        }
        if let (Some(share), Some(rule)) = (test, &advanced.test_rule) {
            self.listeners.forward(rule, &shares(share));
        }
        let Some(shift) = self.current_shift(place) else { return };
        shift.production = production.unwrap_or(shift.production);
        shift.test = shift.test.map(|before| test.unwrap_or(before));
    }

    /// Whether a revision has all its tasks, and all of them serve.
    pub(super) fn is_whole(&self, place: usize, number: u64) -> bool {
        let wanted = self.ecs.tasks.iter().filter(|task| task.is_of(place, number) && task.is_wanted());
        let (live, serve) = wanted.fold((0, 0), |(live, serve), task| (live + 1, serve + u32::from(task.serves())));
        live == serve && live == self.ecs.services[place].desired
    }

    /// How many tasks of a revision serve.
    fn serving(&self, place: usize, number: u64) -> usize {
        let tasks = self.ecs.tasks.iter().filter(|task| task.is_of(place, number));
        tasks.filter(|task| task.is_wanted() && task.serves()).count()
    }
}
