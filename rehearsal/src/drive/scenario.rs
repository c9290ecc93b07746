//! The stories, in the order in which they are played, and what each needs to have happened before.

mod build;
mod crash;
mod deploy_staging;
mod dirty_tree;
mod expand;
mod killed_deployer;
mod killed_while_shifting;
mod migration;
mod missing_image;
mod monitored;
mod never_ready;
mod promote;
mod rename;
mod rollback;
mod second_deployer;
mod steps;
mod strategy;
mod stuck_migrations;
mod ten_in_a_row;

use clap::ValueEnum;

use super::recipe::Strategy;
use super::stage::Stage;

/// A story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Scenario {
    /// The image of the work tree, as it is
    Build,
    /// The first release goes to staging, where an empty database waits for it
    DeployStaging,
    /// The digest that staging verified goes to production
    Promote,
    /// An image that is not there is refused before anything is touched
    MissingImage,
    /// What is not committed, or not pushed, is not deployed
    DirtyTree,
    /// Two deployers at the same time: one deploys, the other is told who does
    SecondDeployer,
    /// A release whose tasks crash in production, though they did not in staging
    Crash,
    /// A release that never becomes ready in staging, and that production then refuses
    NeverReady,
    /// A release whose migration fails
    Migration,
    /// A deployer that is killed half way, and run again
    KilledDeployer,
    /// A release that is taken back
    Rollback,
    /// Rolling updates that are watched: good ones, and bad ones of eight kinds (when asked for)
    Rolling,
    /// Blue-green deployments, good and bad (when asked for)
    BlueGreen,
    /// Canaries, good and bad (when asked for)
    Canary,
    /// Linear deployments, good and bad (when asked for)
    Linear,
    /// A release that is watched after it came in: a good one, and one that goes bad (when asked for)
    Monitored,
    /// Engines that are killed while they bring a canary in (when asked for)
    KilledWhileShifting,
    /// Ten deployments and ten rollbacks in a row, at 200 requests a second (when asked for)
    TenInARow,
    /// A migration that adds comes with its release, which is taken back (when asked for)
    Expand,
    /// Migrations that wait for a lock, fail, and are killed, and two deployers (when asked for)
    StuckMigrations,
    /// A column gets another name in three releases, with a way back after each of the first two (when asked for)
    Rename,
}

impl Scenario {
    /// All of them, in order.
    pub(crate) fn all() -> Vec<Self> {
        Self::value_variants().to_vec()
    }

    /// Its name on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// What it is about.
    pub(crate) fn about(self) -> String {
        let value = self.to_possible_value();
        value.and_then(|value| value.get_help().map(ToString::to_string)).unwrap_or_default()
    }

    /// What is played before it when it is asked for alone.
    fn needs(self) -> &'static [Self] {
        match self {
            Self::Build => &[],
            Self::DeployStaging => &[Self::Build],
            Self::Promote => &[Self::Build, Self::DeployStaging],
            _ => &[Self::Build, Self::DeployStaging, Self::Promote],
        }
    }

    /// Whether nothing else makes sense when it has failed.
    pub(crate) fn is_foundation(self) -> bool {
        self <= Self::Promote
    }

    /// Whether it is played when nothing was asked for by name: those that only repeat are not.
    fn is_usual(self) -> bool {
        self < Self::Rolling
    }

    /// Whether the engine compares the latencies of two releases.
    pub(crate) fn compares_latencies(self) -> bool {
        (Self::Rolling..Self::TenInARow).contains(&self)
    }

    /// Whether its releases have migrations of their own: they are played last, since no database goes back.
    pub(crate) fn changes_the_schema(self) -> bool {
        self >= Self::Expand
    }

    /// The least number of requests a second that production has while it is played.
    pub(crate) fn least_rate(self) -> f64 {
        if self == Self::TenInARow { 200.0 } else { 0.0 }
    }

    /// The scenarios that were asked for, with what they need, in order; all usual ones when none was.
    pub(crate) fn with_needs(asked: &[Self]) -> Vec<Self> {
        if asked.is_empty() {
            return Self::all().into_iter().filter(|scenario| scenario.is_usual()).collect();
        }
        let wanted = |scenario: &Self| asked.iter().any(|asked| asked == scenario || asked.needs().contains(scenario));
        Self::all().into_iter().filter(wanted).collect()
    }

    /// Plays it.
    pub(crate) async fn play(self, stage: &mut Stage) -> anyhow::Result<()> {
        match self {
            Self::Build => build::play(stage).await,
            Self::DeployStaging => deploy_staging::play(stage).await,
            Self::Promote => promote::play(stage).await,
            Self::MissingImage => missing_image::play(stage).await,
            Self::DirtyTree => dirty_tree::play(stage).await,
            Self::SecondDeployer => second_deployer::play(stage).await,
            Self::Crash => crash::play(stage).await,
            Self::NeverReady => never_ready::play(stage).await,
            Self::Migration => migration::play(stage).await,
            Self::KilledDeployer => killed_deployer::play(stage).await,
            Self::Rollback => rollback::play(stage).await,
            Self::Rolling => strategy::play(stage, Strategy::Rolling).await,
            Self::BlueGreen => strategy::play(stage, Strategy::BlueGreen).await,
            Self::Canary => strategy::play(stage, Strategy::Canary).await,
            Self::Linear => strategy::play(stage, Strategy::Linear).await,
            Self::Monitored => monitored::play(stage).await,
            Self::KilledWhileShifting => killed_while_shifting::play(stage).await,
            Self::TenInARow => ten_in_a_row::play(stage).await,
            Self::Expand => expand::play(stage).await,
            Self::StuckMigrations => stuck_migrations::play(stage).await,
            Self::Rename => rename::play(stage).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_alone_is_played_after_what_it_needs() {
        use Scenario::{Build, Crash, DeployStaging, Promote, Rollback};
        let cases: [(&[Scenario], &[Scenario]); 4] = [
            (&[Build], &[Build]),
            (&[Promote], &[Build, DeployStaging, Promote]),
            (&[Crash], &[Build, DeployStaging, Promote, Crash]),
            (&[Rollback, Crash], &[Build, DeployStaging, Promote, Crash, Rollback]),
        ];
        for (asked, played) in cases {
            assert_eq!(Scenario::with_needs(asked), played, "{asked:?}");
        }
        let usual = Scenario::with_needs(&[]);
        assert_eq!(usual.last(), Some(&Rollback));
        assert!(!usual.contains(&Scenario::TenInARow));
    }

    #[test]
    fn every_scenario_says_what_it_is_about() {
        for scenario in Scenario::all() {
            assert!(!scenario.about().is_empty(), "{}", scenario.name());
        }
    }
}
