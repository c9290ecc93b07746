//! What must be true whatever happened.

use delivery::exit;
use delivery::report::Ended;
use rehearsal::snapshot::ServiceView;
use serde_json::Value;

use crate::stage::{Built, REPOSITORY, Stage};
use crate::traffic::share;
use crate::way::Place;

/// The environment at a moment.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    pub(crate) service: ServiceView,
    migrations: usize,
    passed: usize,
    locked: bool,
    /// The share of users that has the release in question.
    users: Option<f64>,
}

/// What a run was about, and under which circumstances.
#[expect(clippy::struct_excessive_bools, reason = "each is a circumstance of its own")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case<'a> {
    /// Where.
    pub(crate) place: Place,
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
    /// Whether it was to be left on its way.
    pub(crate) left: bool,
}

impl Look {
    pub(crate) fn at(stage: &Stage, place: Place, release: Option<&Built>) -> Self {
        let words = format!("{} passed", place.name());
        let passed = |built: &Built| stage.verdicts(built).iter().filter(|verdict| **verdict == words).count();
        let users = |built: &Built| share(&stage.cloud.snapshot(), place.cluster(), &built.digest);
        Self {
            service: stage.service(place.cluster()),
            migrations: stage.migrations(place.cluster()).len(),
            passed: release.map_or(0, passed),
            locked: stage.is_locked(place.name()),
            users: release.map(users),
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
        self.digest() == Some(digest) && self.is_settled() && self.users.is_none_or(is_all)
    }

    /// Whether it serves and has passed.
    pub(crate) fn is_verified(&self, release: &Built) -> bool {
        self.serves(&release.digest) && self.passed > 0
    }

    /// Whether it is on its way.
    fn is_coming(&self, digest: &str) -> bool {
        let newest = self.service.service_deployments.first();
        newest.is_some_and(|newest| newest.digest.as_deref() == Some(digest) && newest.status == "IN_PROGRESS")
    }
}

fn is_all(share: f64) -> bool {
    (share - 1.0).abs() < 1e-9
}

/// Migrations never overlap.
#[track_caller]
pub(crate) fn never_two_migrations(stage: &Stage, place: Place) {
    let tasks = stage.migrations(place.cluster());
    for (index, one) in tasks.iter().enumerate() {
        for other in &tasks[..index] {
            let apart = other.stopped_at.is_some_and(|end| end <= one.created_at)
                || one.stopped_at.is_some_and(|end| end <= other.created_at);
            assert!(apart, "two migrations at once: {other:?} and {one:?}");
        }
    }
}

/// Long after the last engine, nobody is left between two releases: all users have the same one, and no pause
/// is waited at.
#[track_caller]
pub(crate) fn nobody_is_left_between(stage: &Stage, place: Place) {
    let snapshot = stage.cloud.snapshot();
    let service = stage.service(place.cluster());
    let here = snapshot.tasks.iter().filter(|task| task.cluster == place.cluster());
    let mut digests: Vec<_> = here.filter_map(|task| task.digest.clone()).collect();
    digests.sort();
    digests.dedup();
    let shares: Vec<_> = digests.iter().map(|digest| share(&snapshot, place.cluster(), digest)).collect();
    assert!(
        shares.iter().any(|share| is_all(*share)),
        "users are between releases: {digests:?} {shares:?} {service:?}"
    );
    let Some(shift) = service.service_deployments.first().and_then(|newest| newest.shift.clone()) else { return };
    assert!(shift.hooks.iter().all(|hook| hook.status != "AWAITING_ACTION"), "it waits for nobody: {service:?}");
    let weight = shift.production_weight;
    assert!([0.0, 100.0].iter().any(|whole| (weight - whole).abs() < 1e-9), "it is half shifted: {service:?}");
}

/// The newest verdict that says that a release has passed here was given by what a watch has found.
#[track_caller]
fn passed_by_evidence(stage: &Stage, place: Place, release: &Built) {
    let repository = stage.cloud.registry().repository(REPOSITORY).expect("a repository");
    let statements = repository.manifests.values().flat_map(|stored| {
        let about = stored.manifest.subject.as_ref();
        let layers = about.filter(|about| about.digest.to_string() == release.digest).map(|_| &stored.manifest.layers);
        let blobs = layers.into_iter().flatten().filter_map(|layer| repository.blobs.get(&layer.digest));
        blobs.filter_map(|blob| serde_json::from_slice::<Value>(&blob.bytes().ok()?).ok())
    });
    let said = statements.map(|statement| statement["predicate"].clone());
    let mut passed: Vec<_> =
        said.filter(|verdict| verdict["environment"] == place.name() && verdict["judgement"] == "passed").collect();
    passed.sort_by_key(|verdict| verdict["ended"].to_string());
    let newest = passed.last().expect("it can be read");
    let checks = newest["checks"].as_array().expect("checks");
    let names = checks.iter().filter_map(|check| check["name"].as_str());
    assert!(names.into_iter().any(|name| name.contains("error rate")), "nobody has watched it: {newest}");
    let decides = |check: &&Value| !check["name"].as_str().is_some_and(|name| name.contains("told only"));
    let mut deciding = checks.iter().filter(decides);
    assert!(deciding.all(|check| check["judgement"] == "passed"), "not all of it passed: {newest}");
}

/// A run told the truth about what it left. Called at the moment of its end.
#[track_caller]
pub(crate) fn truth(stage: &Stage, case: Case<'_>, ended: &Ended) {
    let Case { place, release, before, alone, calm, again, shifts, left } = case;
    let now = Look::at(stage, place, release);
    never_two_migrations(stage, place);
    let told = || format!("{} {:?}\nbefore {before:?}\nnow {now:?}", ended.code, ended.lines);
    assert!(![exit::UNEXPECTED, exit::USAGE].contains(&ended.code), "{}", told());
    if alone {
        let begun = now.migrations.saturating_sub(before.migrations);
        assert!(begun <= if again { 2 } else { 1 }, "{begun} migrations: {}", told());
    }
    if let Some(release) = release {
        if now.passed > before.passed {
            assert!([exit::DONE, exit::COULD_NOT_TELL].contains(&ended.code) || again || !alone, "{}", told());
            if shifts && alone && !again && !left {
                passed_by_evidence(stage, place, release);
            }
        }
        if ended.code == exit::DONE && left && now.is_coming(&release.digest) {
            assert!(now.passed == before.passed || !alone, "it passed on its way: {}", told());
        } else if ended.code == exit::DONE {
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
            let users = now.users.filter(|_| shifts && !was_there).unwrap_or_default();
            assert!(users < 1e-9, "users still have it: {}", told());
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

/// A watch with `--roll-back` told the truth about what it left.
#[track_caller]
pub(crate) fn watched(stage: &Stage, place: Place, release: &Built, before: &Look, ended: &Ended) {
    let now = Look::at(stage, place, Some(release));
    let told = || format!("{} {:?}\nbefore {before:?}\nnow {now:?}", ended.code, ended.lines);
    assert!(![exit::UNEXPECTED, exit::USAGE].contains(&ended.code), "{}", told());
    if now.passed > before.passed {
        assert_eq!(ended.code, exit::DONE, "it passed: {}", told());
        assert!(now.serves(&release.digest), "it does not serve: {}", told());
        passed_by_evidence(stage, place, release);
    }
    if ended.code == exit::ROLLED_BACK && before.digest() == Some(&release.digest) {
        assert!(now.users.is_some_and(|users| users < 1e-9), "users still have it: {}", told());
    }
}
