//! blue-green, canary and linear: a good release goes through by the steps of its ladder, and a bad one is
//! taken back at the earliest stage that can see it.

use std::sync::Arc;
use std::time::Duration;

use rehearsal::faults::ApiFault;
use rehearsal::scenery::Scenery;
use rehearsal::simulation::OneOff;
use rehearsal::world::{TaskFault, When};

use crate::deploy::{promoted, staged};
use crate::stage::{Built, PRODUCTION, Ran, Stage};

/// What every strategy that shifts traffic needs, with the figures left to probes.
pub(crate) const TEST_URL: &str = "test_url = \"https://test.www.example\"";
pub(crate) const STRATEGIES: [&str; 3] = [
    "strategy = \"blue-green\"\nbake = \"2m\"",
    "strategy = \"canary\"\nbake = \"2m\"\nsteps = [{ percent = 5, watch = \"2m\" }, { percent = 50, watch = \"2m\" }]",
    "strategy = \"linear\"\nstep_percent = 50\nstep_watch = \"2m\"",
];

/// A stage with a release in production, whose next one comes in like this.
pub(crate) async fn stage(strategy: &str) -> (Stage, Built) {
    let stage = Stage::new().await;
    let before = promoted(&stage, "one").await;
    stage.set_production(&format!("{strategy}\n{TEST_URL}"));
    (stage, before)
}

impl Stage {
    /// The share of production's users that the newest deployment has, and whether it waits for an answer.
    pub(crate) fn share(&self) -> Option<(f64, bool)> {
        let deployment = self.service(PRODUCTION).service_deployments.into_iter().next()?;
        let shift = deployment.shift.filter(|_| deployment.status == "IN_PROGRESS")?;
        let waits = shift.hooks.iter().any(|hook| hook.status == "AWAITING_ACTION");
        Some((shift.production_weight, waits))
    }

    pub(crate) async fn until_share(&self, share: f64) {
        self.until(|found, _| found >= share).await;
    }

    pub(crate) async fn until_paused_at(&self, share: f64) {
        self.until(|found, waits| waits && found >= share).await;
        // In the middle of what is watched there.
        tokio::time::sleep(Duration::from_secs(20)).await;
    }

    async fn until(&self, so: impl Fn(f64, bool) -> bool) {
        for _ in 0..72_000 {
            if self.share().is_some_and(|(share, waits)| so(share, waits)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("it never came");
    }
}

pub(crate) async fn promote(stage: &Stage, built: &Built) -> Ran {
    stage.run(&format!("promote --image-tag {}", built.commit)).await
}

#[tokio::test(start_paused = true)]
async fn a_good_release_goes_through_by_every_strategy() {
    for strategy in STRATEGIES {
        let (stage, _) = stage(strategy).await;
        let built = staged(&stage, "two").await;
        promote(&stage, &built).await.ended(0).says("production serves");
        stage.serves(PRODUCTION, &built);
        assert_eq!(stage.verdicts(&built), ["staging passed", "production passed"], "{strategy}");
        assert!(!stage.is_locked("production"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_release_that_is_bad_before_users_reach_it_never_gets_any() {
    let only = |path: &str, fault| TaskFault::Only { when: When::Path(path.to_owned()), fault: Box::new(fault) };
    let faults = [
        (only("/health", TaskFault::Errors { rate: 0.05 }), "error rate"),
        (only("/l/", TaskFault::Errors { rate: 1.0 }), "flow"),
        (TaskFault::Slower { factor: 1.5 }, "latency"),
    ];
    for ((fault, trigger), strategy) in faults.into_iter().zip(STRATEGIES) {
        let (stage, before) = stage(strategy).await;
        let built = staged(&stage, "two").await;
        stage.next_tasks(fault);
        let ran = promote(&stage, &built).await;
        ran.ended(21).says(&format!("rolled back: {trigger}"));
        stage.serves(PRODUCTION, &before);
        assert_eq!(stage.app.users_of(&built.commit), 0, "{strategy}");
        assert_eq!(stage.tag("production-latest").as_deref(), Some(before.digest.as_str()));
        assert_eq!(stage.verdicts(&built), ["staging passed", "production failed"], "{strategy}");
    }
}

#[tokio::test(start_paused = true)]
async fn tasks_that_crash_are_taken_back_before_users_reach_them() {
    for strategy in STRATEGIES {
        let (stage, before) = stage(strategy).await;
        let built = staged(&stage, "two").await;
        stage.next_tasks(TaskFault::Crash { after: Duration::from_millis(300), code: 37 });
        promote(&stage, &built).await.ended(21).says("rolled back: tasks: 2 tasks crashed");
        stage.serves(PRODUCTION, &before);
        assert_eq!(stage.app.users_of(&built.commit), 0, "{strategy}");
    }
}

#[tokio::test(start_paused = true)]
async fn tasks_that_never_become_ready_are_taken_back_at_the_third() {
    let (stage, before) = stage(STRATEGIES[0]).await;
    let built = staged(&stage, "two").await;
    stage.next_tasks(TaskFault::NeverReady);
    promote(&stage, &built).await.ended(21).says("tasks were not healthy; task").says("health checks");
    stage.serves(PRODUCTION, &before);
    assert_eq!(stage.app.users_of(&built.commit), 0);
}

#[tokio::test(start_paused = true)]
async fn what_shows_with_users_alone_is_caught_at_the_first_step() {
    let (stage, before) = stage(STRATEGIES[1]).await;
    let built = staged(&stage, "two").await;
    let fault = Box::new(TaskFault::Errors { rate: 0.5 });
    stage.next_tasks(TaskFault::Only { when: When::Share(0.05), fault });
    let ran = promote(&stage, &built).await;
    ran.ended(21).says("PRE_PRODUCTION_TRAFFIC_SHIFT, 5 % of the traffic").says("(5 %, failed)");
    assert!(!ran.err.contains("10 % of the traffic"), "{}", ran.err);
    stage.serves(PRODUCTION, &before);
}

#[tokio::test(start_paused = true)]
async fn what_grows_worse_is_caught_in_the_bake_and_the_old_release_is_still_there() {
    let (stage, before) = stage(STRATEGIES[0]).await;
    let built = staged(&stage, "two").await;
    let fault = Box::new(TaskFault::Errors { rate: 0.5 });
    stage.next_tasks(TaskFault::Only { when: When::Share(1.0), fault });
    let ran = promote(&stage, &built).await;
    ran.ended(21).says("POST_PRODUCTION_TRAFFIC_SHIFT, 100 % of the traffic").says("(bake, failed)");
    assert_eq!((stage.count("UpdateService"), stage.count("StopServiceDeployment")), (4, 0), "{}", ran.err);
    stage.serves(PRODUCTION, &before);
}

#[tokio::test(start_paused = true)]
async fn an_alarm_takes_it_back_at_a_step() {
    let (stage, before) = stage(STRATEGIES[1]).await;
    let built = staged(&stage, "two").await;
    let ring = async {
        stage.until_share(50.0).await;
        stage.ring("ALARM").await;
    };
    let (ran, ()) = tokio::join!(promote(&stage, &built), ring);
    ran.ended(21).says("rolled back: alarm: the alarm errors rings");
    stage.serves(PRODUCTION, &before);
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_lost_and_calls_that_are_throttled_change_nothing() {
    for (operation, fault) in [
        ("ContinueServiceDeployment", ApiFault::LostAnswer),
        ("ContinueServiceDeployment", ApiFault::Throttle),
        ("ContinueServiceDeployment", ApiFault::ServerError),
        ("DescribeServiceDeployments", ApiFault::Throttle),
    ] {
        let (stage, _) = stage(STRATEGIES[1]).await;
        let built = staged(&stage, "two").await;
        stage.fault(operation, fault, 1, 6);
        promote(&stage, &built).await.ended(0);
        stage.serves(PRODUCTION, &built);
    }
}

#[tokio::test(start_paused = true)]
async fn it_can_be_left_in_the_bake_not_verified_and_is_taken_up_again() {
    let (stage, _) = stage(STRATEGIES[0]).await;
    let built = staged(&stage, "two").await;
    let left = stage.run(&format!("promote --image-tag {} --no-wait", built.commit)).await;
    left.ended(0).says("NOT verified yet").says("left at BAKE_TIME");
    assert_eq!(stage.verdicts(&built), ["staging passed"]);
    assert!(!stage.is_locked("production"));
    promote(&stage, &built).await.ended(0).says("production serves");
    assert_eq!(stage.verdicts(&built), ["staging passed", "production passed"]);
    stage.serves(PRODUCTION, &built);
}

#[tokio::test(start_paused = true)]
async fn rollback_flips_users_back_at_a_step_and_in_the_bake() {
    for (strategy, share) in [(STRATEGIES[1], 5.0), (STRATEGIES[0], 100.0)] {
        let (stage, before) = stage(strategy).await;
        let built = staged(&stage, "two").await;
        let until = if share < 100.0 { "before-shift" } else { "bake" };
        let left = stage.run(&format!("promote --image-tag {} --no-wait --until {until}", built.commit)).await;
        left.ended(0).says("NOT verified yet");
        stage.run("rollback --environment production").await.ended(0);
        stage.serves(PRODUCTION, &before);
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_whose_load_balancer_is_not_set_up_for_it_is_refused_with_what_is_missing() {
    let mut scenery = Scenery::default();
    for service in &mut scenery.services {
        service.blue_green = false;
    }
    let stage = Stage::with(1, &scenery, Arc::new(|_| OneOff::default())).await;
    let before = promoted(&stage, "one").await;
    stage.set_production(&format!("{}\n{TEST_URL}", STRATEGIES[1]));
    let built = staged(&stage, "two").await;
    for line in [format!("plan promote --image-tag {}", built.commit), format!("promote --image-tag {}", built.commit)]
    {
        stage
            .run(&line)
            .await
            .ended(10)
            .says("a test listener rule (testListenerRule)")
            .says("alternateTargetGroupArn");
    }
    stage.serves(PRODUCTION, &before);
}

#[tokio::test(start_paused = true)]
async fn the_plan_says_the_ladder_and_how_long_it_takes_at_least() {
    let (stage, _) = stage(STRATEGIES[1]).await;
    let built = staged(&stage, "two").await;
    let ran = stage.run(&format!("plan promote --image-tag {}", built.commit)).await;
    ran.ended(0).says("canary: 5 % for 2 min, 50 % for 2 min, 100 %").says("LINEAR in steps of 5 %");
    ran.says("watched for at least 7 min in all");
}
