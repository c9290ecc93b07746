//! Ladders and what becomes of them, in tables.

use super::*;

fn canary(steps: &[(u32, u64)]) -> Strategy {
    let rung = |&(share, minutes): &(u32, u64)| Rung { share, watch: Duration::from_mins(minutes) };
    Strategy::Canary { steps: steps.iter().map(rung).collect() }
}

fn linear(step: u32, minutes: u64) -> Strategy {
    Strategy::Linear { step, watch: Duration::from_mins(minutes) }
}

#[test]
fn a_ladder_runs_as_what_ecs_can_express() {
    for (strategy, expected) in [
        (Strategy::Rolling, None),
        (Strategy::BlueGreen, Some(Shift::AllAtOnce)),
        // One share, then all: ECS's own canary, however small the share is.
        (canary(&[(1, 15)]), Some(Shift::Canary(Percent(1)))),
        (canary(&[(999, 15)]), Some(Shift::Canary(Percent(999)))),
        (canary(&[(50, 15), (500, 15)]), Some(Shift::Linear(Percent(50)))),
        (canary(&[(100, 1), (250, 1), (500, 1)]), Some(Shift::Linear(Percent(50)))),
        (canary(&[(30, 1), (510, 1)]), Some(Shift::Linear(Percent(30)))),
        (canary(&[(125, 1), (250, 1)]), Some(Shift::Linear(Percent(125)))),
        (linear(30, 5), Some(Shift::Linear(Percent(30)))),
        (linear(1000, 5), Some(Shift::Linear(Percent(1000)))),
    ] {
        assert_eq!(strategy.shift(), expected, "{strategy:?}");
    }
}

#[test]
fn at_a_pause_the_engine_verifies_or_holds_or_goes_straight_on() {
    let hold = |minutes| AtPause::Hold(Duration::from_mins(minutes));
    let (default, unwatched) = (canary(&[(50, 15), (500, 20)]), canary(&[(100, 0), (500, 5)]));
    let (default, unwatched) = (&default, &unwatched);
    for (strategy, stage, weight, expected) in [
        (default, BEFORE_USERS, 0.0, AtPause::Verify),
        (default, BEFORE_SHIFT, 0.0, AtPause::GoOn),
        (default, BEFORE_SHIFT, 5.0, hold(15)),
        (default, BEFORE_SHIFT, 10.0, AtPause::GoOn),
        (default, BEFORE_SHIFT, 45.0, AtPause::GoOn),
        (default, BEFORE_SHIFT, 49.999_999, hold(20)),
        (default, BEFORE_SHIFT, 55.0, AtPause::GoOn),
        (default, BEFORE_SHIFT, 95.0, AtPause::GoOn),
        // ECS says that it comes here once, with all traffic; if it came after every shift, there would be
        // nothing to bake yet.
        (default, AFTER_SHIFT, 5.0, AtPause::GoOn),
        (default, AFTER_SHIFT, 95.0, AtPause::GoOn),
        (default, AFTER_SHIFT, 100.0, AtPause::Bake),
        (default, AFTER_SHIFT, 99.999_999, AtPause::Bake),
        (&Strategy::BlueGreen, AFTER_SHIFT, 100.0, AtPause::Bake),
        // A hook of somebody else's making, at another stage: nothing is judged there.
        (default, "POST_SCALE_UP", 0.0, AtPause::GoOn),
        (unwatched, BEFORE_SHIFT, 10.0, AtPause::GoOn),
        (unwatched, BEFORE_SHIFT, 50.0, hold(5)),
        (&Strategy::BlueGreen, BEFORE_USERS, 0.0, AtPause::Verify),
        (&Strategy::BlueGreen, BEFORE_SHIFT, 0.0, AtPause::GoOn),
        (&linear(300, 2), BEFORE_SHIFT, 0.0, AtPause::GoOn),
        (&linear(300, 2), BEFORE_SHIFT, 60.0, hold(2)),
        (&linear(300, 2), BEFORE_SHIFT, 90.0, hold(2)),
    ] {
        assert_eq!(strategy.at_pause(stage, Percent::of(weight)), expected, "{strategy:?} at {weight} {stage}");
    }
}

#[test]
fn what_ecs_cannot_express_has_a_closest_ladder_that_it_can() {
    for (shares, expected) in [
        (&[][..], None),
        (&[1][..], None),
        (&[50, 500], None),
        (&[30, 60], None),
        (&[10, 500], Some(vec![30, 510])),
        (&[50, 510], Some(vec![60, 510])),
        (&[20, 50, 500], Some(vec![30, 60, 510])),
        (&[1, 2, 3], Some(vec![50, 500])),
    ] {
        let closest = closest_ladder(shares);
        if let (Some(found), Some(_)) = (&closest, &expected) {
            assert_eq!(closest_ladder(found), None, "{shares:?}: {found:?} can be expressed itself");
        }
        assert_eq!(closest, expected, "{shares:?}");
    }
}

#[test]
fn a_ladder_is_said_in_the_order_that_users_meet_it() {
    for (strategy, expected) in [
        (canary(&[(50, 15), (500, 15)]), "5 % for 15 min, 50 % for 15 min, 100 %"),
        (canary(&[(5, 15)]), "0.5 % for 15 min, 100 %"),
        (Strategy::BlueGreen, "100 %"),
        (linear(100, 5), "10 %, 20 % and so on to 90 %, each for 5 min, 100 %"),
        (linear(500, 5), "50 % for 5 min, 100 %"),
    ] {
        assert_eq!(strategy.ladder(), expected);
    }
}

#[test]
fn linear_is_watched_at_every_step_below_the_whole() {
    let shares: Vec<u32> = linear(300, 1).holds().iter().map(|hold| hold.share).collect();
    assert_eq!(shares, [300, 600, 900]);
    assert_eq!(linear(1000, 1).holds(), []);
    assert_eq!(linear(30, 1).holds().len(), 33);
}
