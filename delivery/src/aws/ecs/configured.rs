//! How a service brings revisions in, as ECS is told it with an update.
//!
//! What the service has and this is not about stays as it is: its alarms, its percentages, hooks of its
//! owner's. The pauses are ours.

use std::time::Duration;

use aws_sdk_ecs::types as sdk;

use super::Service;
use crate::settings::{Rollout, Strategy};
use crate::strategy::{AFTER_SHIFT, BEFORE_SHIFT, BEFORE_USERS, Shift};

/// A configuration that goes with an update.
#[derive(Clone, Debug, PartialEq)]
pub struct Configured(pub(super) sdk::DeploymentConfiguration);

/// Who says when a release has baked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bakes {
    /// The engine, at a pause: without its answer ECS takes the release back.
    AtPause,
    /// ECS, after its own bake time: nobody has to be there, and its alarms alone are at watch.
    ByItself,
}

impl Service {
    /// The configuration by which a release comes in; none when the service has it already and ECS need
    /// not be told.
    #[must_use]
    pub fn configured(&self, strategy: &Strategy, rollout: &Rollout, bakes: Bakes) -> Option<Configured> {
        let Some(shift) = strategy.shift() else { return self.configured_rolling() };
        let before = pause(&[BEFORE_USERS, BEFORE_SHIFT], rollout.pause_timeout);
        let (bake, after) = match bakes {
            Bakes::AtPause if rollout.bake.is_zero() => (Duration::ZERO, None),
            Bakes::AtPause => (Duration::ZERO, Some(pause(&[AFTER_SHIFT], rollout.bake_timeout))),
            Bakes::ByItself => (rollout.bake, None),
        };
        Some(self.shifting(shift, bake, [before].into_iter().chain(after)))
    }

    /// The configuration by which what served before comes back: at once, without a pause and a bake.
    #[must_use]
    pub fn configured_back(&self, strategy: &Strategy) -> Option<Configured> {
        match strategy.shift() {
            None => self.configured_rolling(),
            Some(_) => Some(self.shifting(Shift::AllAtOnce, Duration::ZERO, [])),
        }
    }

    fn configured_rolling(&self) -> Option<Configured> {
        if self.strategy == "ROLLING" {
            return None;
        }
        let mut configuration = self.without_ours();
        configuration.strategy = Some(sdk::DeploymentStrategy::Rolling);
        // It was switched off for the strategy that is left.
        if let Some(breaker) = &mut configuration.deployment_circuit_breaker {
            (breaker.enable, breaker.rollback) = (true, true);
        }
        Some(Configured(configuration))
    }

    fn shifting(
        &self,
        shift: Shift,
        bake: Duration,
        hooks: impl IntoIterator<Item = sdk::DeploymentLifecycleHook>,
    ) -> Configured {
        let mut configuration = self.without_ours();
        // The circuit breaker is for rolling updates only.
        if let Some(breaker) = &mut configuration.deployment_circuit_breaker {
            (breaker.enable, breaker.rollback) = (false, false);
        }
        configuration.bake_time_in_minutes = Some(minutes(bake));
        configuration.lifecycle_hooks.get_or_insert_default().extend(hooks);
        configuration.strategy = Some(match shift {
            Shift::AllAtOnce => sdk::DeploymentStrategy::BlueGreen,
            Shift::Canary(share) => {
                let canary = sdk::CanaryConfiguration::builder().canary_percent(share.value());
                configuration.canary_configuration = Some(canary.canary_bake_time_in_minutes(0).build());
                sdk::DeploymentStrategy::Canary
            }
            Shift::Linear(step) => {
                let linear = sdk::LinearConfiguration::builder().step_percent(step.value());
                configuration.linear_configuration = Some(linear.step_bake_time_in_minutes(0).build());
                sdk::DeploymentStrategy::Linear
            }
        });
        Configured(configuration)
    }

    /// What the service has, without what a strategy decides.
    fn without_ours(&self) -> sdk::DeploymentConfiguration {
        let none = || sdk::DeploymentConfiguration::builder().build();
        let mut configuration = self.configuration.clone().unwrap_or_else(none);
        configuration.bake_time_in_minutes = None;
        configuration.canary_configuration = None;
        configuration.linear_configuration = None;
        let pauses = sdk::DeploymentLifecycleHookTargetType::Pause;
        // An empty list takes away what there was; none would keep it.
        let hooks = configuration.lifecycle_hooks.get_or_insert_default();
        hooks.retain(|hook| hook.target_type() != Some(&pauses));
        configuration
    }
}

/// A pause at these stages, which ECS takes back after so long without an answer.
fn pause(stages: &[&str], timeout: Duration) -> sdk::DeploymentLifecycleHook {
    sdk::DeploymentLifecycleHook::builder()
        .target_type(sdk::DeploymentLifecycleHookTargetType::Pause)
        .set_lifecycle_stages(Some(stages.iter().map(|stage| (*stage).into()).collect()))
        .timeout_configuration(
            sdk::DeploymentLifecycleHookTimeoutConfiguration::builder()
                .timeout_in_minutes(minutes(timeout))
                .action(sdk::DeploymentLifecycleHookAction::Rollback)
                .build(),
        )
        .build()
}

/// Whole minutes, rounded up.
fn minutes(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs().div_ceil(60)).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Rung;

    fn service(configuration: sdk::DeploymentConfiguration) -> Service {
        let strategy = configuration.strategy().map_or("ROLLING", |strategy| strategy.as_str()).to_owned();
        Service { strategy, configuration: Some(configuration), ..Service::default() }
    }

    fn rollout() -> Rollout {
        let (bake, pause_timeout) = (Duration::from_hours(1), Duration::from_secs(90));
        Rollout { bake, pause_timeout, bake_timeout: bake + pause_timeout, test_url: None }
    }

    fn ladder(shares: &[u32]) -> Strategy {
        let rung = |share: &u32| Rung { share: *share, watch: Duration::from_mins(1) };
        Strategy::Canary { steps: shares.iter().map(rung).collect() }
    }

    #[test]
    fn a_service_that_rolls_is_told_nothing_when_releases_roll() {
        let rolls = service(sdk::DeploymentConfiguration::builder().maximum_percent(200).build());
        assert_eq!(rolls.configured(&Strategy::Rolling, &rollout(), Bakes::AtPause), None);
        assert_eq!(rolls.configured_back(&Strategy::Rolling), None);
        let was = rolls.configured(&Strategy::BlueGreen, &rollout(), Bakes::AtPause).expect("it shifts").0;
        let back = service(was).configured(&Strategy::Rolling, &rollout(), Bakes::AtPause).expect("it is told").0;
        assert_eq!(back.strategy(), Some(&sdk::DeploymentStrategy::Rolling));
        assert_eq!((back.lifecycle_hooks(), back.bake_time_in_minutes()), (&[][..], None));
    }

    #[test]
    fn each_shift_is_told_in_ecss_terms_with_our_pauses() {
        for (strategy, word, canary, linear) in [
            (Strategy::BlueGreen, "BLUE_GREEN", None, None),
            (ladder(&[5]), "CANARY", Some(0.5), None),
            (ladder(&[50, 500]), "LINEAR", None, Some(5.0)),
        ] {
            let plain = service(sdk::DeploymentConfiguration::builder().build());
            let told = plain.configured(&strategy, &rollout(), Bakes::AtPause).expect("it shifts").0;
            assert_eq!(told.strategy().map(aws_sdk_ecs::types::DeploymentStrategy::as_str), Some(word));
            assert_eq!(
                told.canary_configuration().and_then(aws_sdk_ecs::types::CanaryConfiguration::canary_percent),
                canary
            );
            assert_eq!(
                told.linear_configuration().and_then(aws_sdk_ecs::types::LinearConfiguration::step_percent),
                linear
            );
            let before = (vec![BEFORE_USERS, BEFORE_SHIFT], 2);
            assert_eq!(pauses(&told), [before, (vec![AFTER_SHIFT], 62)], "rounded up");
        }
    }

    /// The stages of every hook and its timeout in minutes; each rolls back.
    fn pauses(told: &sdk::DeploymentConfiguration) -> Vec<(Vec<&str>, i32)> {
        let of = |hook| {
            let stages = sdk::DeploymentLifecycleHook::lifecycle_stages(hook).iter();
            let timeout = hook.timeout_configuration().expect("it has one");
            assert_eq!(timeout.action(), Some(&sdk::DeploymentLifecycleHookAction::Rollback));
            let words = stages.map(sdk::DeploymentLifecycleHookStage::as_str).collect();
            (words, timeout.timeout_in_minutes().expect("it has one"))
        };
        told.lifecycle_hooks().iter().map(of).collect()
    }

    #[test]
    fn ecs_bakes_by_itself_only_where_nobody_would_answer() {
        let plain = service(sdk::DeploymentConfiguration::builder().build());
        let none = Rollout { bake: Duration::ZERO, ..rollout() };
        for (bakes, rollout, bake, hooks) in [
            (Bakes::AtPause, &rollout(), 0, 2),
            (Bakes::ByItself, &rollout(), 60, 1),
            (Bakes::AtPause, &none, 0, 1),
            (Bakes::ByItself, &none, 0, 1),
        ] {
            let told = plain.configured(&Strategy::BlueGreen, rollout, bakes).expect("it shifts").0;
            assert_eq!((told.bake_time_in_minutes(), pauses(&told).len()), (Some(bake), hooks), "{bakes:?}");
            // What one run has told is not kept for the next.
            let again = service(told).configured(&Strategy::BlueGreen, rollout, Bakes::ByItself).expect("it shifts");
            assert_eq!(pauses(&again.0).len(), 1, "{bakes:?}");
        }
    }

    #[test]
    fn what_the_owner_has_set_is_kept_and_an_old_pause_is_not() {
        let breaker = sdk::DeploymentCircuitBreaker::builder().enable(true).rollback(true).build();
        let theirs = sdk::DeploymentLifecycleHook::builder()
            .target_type(sdk::DeploymentLifecycleHookTargetType::AwsLambda)
            .hook_target_arn("arn:aws:lambda:r:1:function:f")
            .build();
        let alarms = sdk::DeploymentAlarms::builder().alarm_names("errors").enable(true).rollback(true).build();
        let has = sdk::DeploymentConfiguration::builder()
            .maximum_percent(150)
            .deployment_circuit_breaker(breaker)
            .lifecycle_hooks(theirs.clone())
            .set_alarms(alarms.ok())
            .build();
        let told = service(has.clone()).configured(&Strategy::BlueGreen, &rollout(), Bakes::AtPause);
        let told = told.expect("it shifts").0;
        let again = service(told).configured(&ladder(&[50]), &rollout(), Bakes::AtPause).expect("it shifts").0;
        assert_eq!((again.maximum_percent(), again.alarms()), (Some(150), has.alarms()));
        assert_eq!(
            again.deployment_circuit_breaker().map(aws_sdk_ecs::types::DeploymentCircuitBreaker::enable),
            Some(false)
        );
        assert_eq!((again.lifecycle_hooks().len(), &again.lifecycle_hooks()[0]), (3, &theirs));
        let back = service(again).configured_back(&ladder(&[50])).expect("it shifts").0;
        assert_eq!(back.strategy(), Some(&sdk::DeploymentStrategy::BlueGreen));
        assert_eq!((back.lifecycle_hooks(), back.bake_time_in_minutes()), (&[theirs][..], Some(0)));
        let rolling = service(back).configured(&Strategy::Rolling, &rollout(), Bakes::AtPause).expect("it changes").0;
        assert_eq!(rolling.deployment_circuit_breaker(), has.deployment_circuit_breaker());
    }
}
