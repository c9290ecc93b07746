//! What must be true whatever happened.

use delivery::exit;
use delivery::report::Ended;
use rehearsal::snapshot::ServiceView;

use crate::stage::{Built, STAGING, Stage};

/// The environment at a moment.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    pub(crate) service: ServiceView,
    migrations: usize,
    passed: usize,
    locked: bool,
}

/// What a run was about, and under which circumstances.
#[expect(clippy::struct_excessive_bools, reason = "each is a circumstance of its own")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case<'a> {
    /// What it deployed; none for a rollback.
    pub(crate) release: Option<&'a Built>,
    /// Before it, or before the first of those that were run for the same purpose.
    pub(crate) before: &'a Look,
    /// Whether nobody else was at work.
    pub(crate) alone: bool,
    /// Whether every call was answered as it should be.
    pub(crate) calm: bool,
    /// Whether an earlier run for the same purpose was cut off.
    pub(crate) again: bool,
    /// Whether users are shifted between two fleets, and a release judged meanwhile.
    pub(crate) shifts: bool,
}

impl Look {
    pub(crate) fn at(stage: &Stage, release: Option<&Built>) -> Self {
        let passed =
            |built: &Built| stage.verdicts(built).iter().filter(|verdict| verdict.ends_with(" passed")).count();
        Self {
            service: stage.service(STAGING),
            migrations: stage.migrations(STAGING).len(),
            passed: release.map_or(0, passed),
            locked: stage.is_locked("staging"),
        }
    }

    /// The digest that the service was asked for last.
    pub(crate) fn digest(&self) -> Option<&str> {
        self.service.deployments.first()?.digest.as_deref()
    }

    /// Whether it is in, with all of its tasks, and nothing else runs.
    fn is_settled(&self) -> bool {
        let Some(primary) = self.service.deployments.first() else { return false };
        primary.rollout_state == "COMPLETED" && primary.running >= self.service.desired
    }

    /// The same, or said to be back while the last tasks of the other release still go.
    fn serves(&self, digest: &str) -> bool {
        self.digest() == Some(digest) && self.is_settled()
    }
}

/// Migrations never overlap.
#[track_caller]
pub(crate) fn never_two_migrations(stage: &Stage) {
    let tasks = stage.migrations(STAGING);
    for (index, one) in tasks.iter().enumerate() {
        for other in &tasks[..index] {
            let apart = other.stopped_at.is_some_and(|end| end <= one.created_at)
                || one.stopped_at.is_some_and(|end| end <= other.created_at);
            assert!(apart, "two migrations at once: {other:?} and {one:?}");
        }
    }
}

/// A run told the truth about what it left. Called at the moment of its end.
#[track_caller]
pub(crate) fn truth(stage: &Stage, case: Case<'_>, ended: &Ended) {
    let Case { release, before, alone, calm, again, shifts } = case;
    let now = Look::at(stage, release);
    never_two_migrations(stage);
    let told = || format!("{} {:?}\nbefore {before:?}\nnow {now:?}", ended.code, ended.lines);
    assert!(![exit::UNEXPECTED, exit::USAGE].contains(&ended.code), "{}", told());
    if alone {
        let begun = now.migrations.saturating_sub(before.migrations);
        assert!(begun <= if again { 2 } else { 1 }, "{begun} migrations: {}", told());
    }
    if let Some(release) = release {
        if now.passed > before.passed {
            assert!([exit::DONE, exit::COULD_NOT_TELL].contains(&ended.code) || again || !alone, "{}", told());
        }
        if ended.code == exit::DONE {
            assert!(now.serves(&release.digest), "it does not serve: {}", told());
            assert!(now.passed > 0, "there is no verdict: {}", told());
        }
    }
    if !alone {
        return;
    }
    let untouched = now.service.service_deployments.len() == before.service.service_deployments.len();
    match ended.code {
        exit::REFUSED | exit::FAILED | exit::INTERRUPTED => assert!(untouched || again, "it was touched: {}", told()),
        exit::COULD_NOT_TELL => {
            let proven = release.is_some_and(|release| now.serves(&release.digest));
            // What could not be judged on its way in was taken back, and what was there before serves.
            let back = shifts && now.digest() == before.digest() && now.service.running >= now.service.desired;
            assert!(untouched || proven || again || back, "it was touched: {}", told());
        }
        exit::ROLLED_BACK => {
            let release = release.map(|release| release.digest.as_str());
            assert!(now.digest() != release, "it was not rolled back: {}", told());
            let was_there = before.digest() == release;
            assert!(was_there || now.digest() == before.digest(), "another release serves: {}", told());
            assert!(now.service.running >= now.service.desired, "not all tasks run: {}", told());
        }
        // A release always has a way back when ECS answers; a rollback whose tasks fail has none.
        exit::ROLLBACK_FAILED => assert!(!calm || release.is_none(), "everything answered: {}", told()),
        _ => {}
    }
    // One that somebody died with is still there for whoever was refused because of it.
    if calm && !before.locked {
        assert!(!now.locked, "the lock is held: {}", told());
    }
}
