//! The order of stages and steps.

use super::*;

#[test]
fn users_come_over_in_the_steps_that_were_asked_for() {
    let linear = |step| Pace::Linear { step, bake: 0 };
    let cases = [
        (Pace::AllAtOnce, vec![1000]),
        (Pace::Canary { share: 50, bake: 5 }, vec![50, 1000]),
        (Pace::Canary { share: 1, bake: 5 }, vec![1, 1000]),
        (Pace::Canary { share: 1000, bake: 5 }, vec![1000]),
        (linear(250), vec![250, 500, 750, 1000]),
        (linear(300), vec![300, 600, 900, 1000]),
        (linear(1000), vec![1000]),
        (linear(50), (1..=20).map(|step| step * 50).collect()),
    ];
    for (pace, expected) in cases {
        let steps = std::iter::successors(Some(pace.next(0)), |share| (*share < WHOLE).then(|| pace.next(*share)));
        assert_eq!(steps.collect::<Vec<_>>(), expected, "{pace:?}");
    }
}

#[test]
fn stages_follow_one_another_and_shifts_repeat() {
    for (stage, next) in Stage::ALL.into_iter().zip(Stage::ALL.into_iter().skip(1)) {
        assert_eq!(stage.next(WHOLE), Some(next));
        assert_eq!(Stage::of(stage.word()), Some(stage));
    }
    assert_eq!(Stage::ProductionTrafficShift.next(500), Some(Stage::PreProductionTrafficShift));
    assert_eq!(Stage::CleanUp.next(WHOLE), None);
    let pauses: Vec<_> = Stage::ALL.into_iter().filter(|stage| stage.may_pause()).map(Stage::word).collect();
    let expected = [
        "RECONCILE_SERVICE",
        "PRE_SCALE_UP",
        "POST_SCALE_UP",
        "POST_TEST_TRAFFIC_SHIFT",
        "PRE_PRODUCTION_TRAFFIC_SHIFT",
        "POST_PRODUCTION_TRAFFIC_SHIFT",
    ];
    assert_eq!(pauses, expected);
}
