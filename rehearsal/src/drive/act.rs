//! A step while it is played: what it is to come to, and what must be true after it.

use std::time::Duration;

use super::place::{Place, View, is_migration, migrations};
use super::release::Release;
use super::timeline::{Check, Step};
use crate::snapshot::{Snapshot, TaskView};

/// A step whose command has ended and whose checks are being made.
#[derive(Debug)]
pub(crate) struct Act {
    pub(crate) step: Step,
    pub(crate) view: View,
    /// The cloud before the command.
    pub(crate) before: Snapshot,
    pub(crate) failed_before: u64,
    /// The shares of production's users that a deployment brought over, in percent, and for how long
    /// each was seen.
    pub(crate) shares: Vec<(f64, Duration)>,
    /// Whether requests of users may fail.
    pub(crate) may_be_noticed: bool,
}

impl Act {
    /// A step that begins now.
    pub(crate) fn new(title: &str, command: Option<String>, expected: &[i32], view: View, began: Duration) -> Self {
        let step = Step {
            title: title.to_owned(),
            command,
            expected: expected.to_vec(),
            exit: None,
            began,
            took: Duration::ZERO,
            checks: Vec::new(),
            output: Vec::new(),
            events: Vec::new(),
        };
        let before = view.cloud.snapshot();
        Self { step, view, before, failed_before: 0, shares: Vec::new(), may_be_noticed: false }
    }

    /// Notes whether something is true, and what was found instead.
    pub(crate) fn check(&mut self, what: impl Into<String>, holds: bool, found: impl Into<String>) {
        let found = if holds { String::new() } else { found.into() };
        self.step.checks.push(Check { what: what.into(), holds, found });
    }

    /// The command said this.
    pub(crate) fn says(&mut self, words: &str) {
        let holds = self.has_said(words);
        self.check(format!("it says {words:?}"), holds, "that it does not");
    }

    /// The command said one of these.
    pub(crate) fn says_either(&mut self, words: [&str; 2]) {
        let holds = words.iter().any(|words| self.has_said(words));
        self.check(format!("it says {:?} or {:?}", words[0], words[1]), holds, "that it does not");
    }

    fn has_said(&self, words: &str) -> bool {
        self.step.output.iter().any(|line| line.text.contains(words))
    }

    /// This release serves there: ECS says so, tasks run it and nothing else, and users get it.
    pub(crate) async fn serves(&mut self, place: Place, release: &Release) {
        let what = format!("{} serves {}", place.name(), release.short());
        let found = match self.view.service(place) {
            Err(error) => error.to_string(),
            Ok(service) => match service.deployments.first() {
                None => "no deployment".to_owned(),
                Some(primary) if primary.digest.as_deref() != Some(&release.digest) => {
                    format!("the image {}", primary.digest.as_deref().unwrap_or("of no digest"))
                }
                Some(primary) if primary.rollout_state != "COMPLETED" => format!("it {}", primary.rollout_state),
                Some(_) if service.running < service.desired => {
                    format!("{} of {} tasks", service.running, service.desired)
                }
                Some(_) => match self.view.commit(place).await {
                    Ok(commit) if commit == release.commit => String::new(),
                    Ok(commit) => format!("commit {commit}"),
                    Err(error) => format!("{error:#}"),
                },
            },
        };
        self.check(what, found.is_empty(), found);
    }

    /// Looks at the share of production's users that a deployment of this step has brought over by now.
    pub(crate) fn look_at_share(&mut self, since: Duration) {
        let Ok(service) = self.view.service(Place::Production) else { return };
        // The one before it may have brought over all of them.
        let before = self.before.services.iter().flat_map(|service| &service.service_deployments);
        let known: Vec<_> = before.map(|deployment| deployment.arn.as_str()).collect();
        let last = service.service_deployments.first().filter(|last| !known.contains(&last.arn.as_str()));
        let Some(shift) = last.and_then(|last| last.shift.as_ref()) else { return };
        let share = shift.production_weight;
        match self.shares.last_mut() {
            Some((last, time)) if (*last - share).abs() < f64::EPSILON => *time += since,
            _ => self.shares.push((share, Duration::ZERO)),
        }
    }

    /// This share of production's users, in percent, was with the new release for about so long.
    pub(crate) fn held_at(&mut self, share: f64, time: Duration) {
        let seen = self.shares.iter().filter(|(its, _)| (its - share).abs() < f64::EPSILON);
        let held: Duration = seen.map(|(_, time)| *time).sum();
        // It is looked at four times a second.
        let enough = held + Duration::from_millis(500) >= time;
        let found = format!("{:.1} s", held.as_secs_f64());
        self.check(format!("{share} % of users were with it for {} s", time.as_secs()), enough, found);
    }

    /// No greater share of production's users, in percent, ever was with the new release.
    pub(crate) fn reached_at_most(&mut self, most: f64) {
        let reached = self.shares.iter().map(|(share, _)| *share).fold(0.0, f64::max);
        self.check(format!("no more than {most} % of users reached it"), reached <= most, format!("{reached} %"));
    }

    /// Requests of users may fail here: they are counted, and no fault of the engine's.
    pub(crate) fn users_may_notice(&mut self) {
        self.may_be_noticed = true;
    }

    /// How the last service deployment there ended.
    pub(crate) fn ended_as(&mut self, place: Place, status: &str) {
        let found = self.view.service(place).map(|service| {
            let last = service.service_deployments.into_iter().next();
            last.map_or_else(|| "none".to_owned(), |deployment| deployment.status)
        });
        let found = found.unwrap_or_else(|error| error.to_string());
        self.check(format!("its service deployment on {} is {status}", place.name()), found == status, found);
    }

    /// Nobody asked ECS for anything new there.
    pub(crate) fn leaves_alone(&mut self, place: Place) {
        let deployments = |snapshot: &Snapshot| {
            let service = snapshot.services.iter().find(|service| service.cluster == place.cluster());
            service.map_or(0, |service| service.service_deployments.len())
        };
        let new = deployments(&self.view.cloud.snapshot()).saturating_sub(deployments(&self.before));
        self.check(format!("{} is left alone", place.name()), new == 0, format!("{new} new service deployments"));
    }

    /// This many migrations were begun there.
    pub(crate) fn migrated(&mut self, place: Place, count: usize) {
        let begun = migrations(&self.view.cloud.snapshot(), place).saturating_sub(migrations(&self.before, place));
        let what = match count {
            0 => format!("nothing migrated the database of {}", place.name()),
            1 => format!("one task migrated the database of {}", place.name()),
            _ => format!("{count} tasks migrated the database of {}", place.name()),
        };
        self.check(what, begun == count, format!("{begun}"));
    }

    /// The last migration, wherever it was.
    pub(crate) fn last_migration(&self) -> Option<TaskView> {
        self.view.cloud.snapshot().tasks.into_iter().rfind(is_migration)
    }

    /// A tag of the registry leads to the image of this release.
    pub(crate) fn is_tagged(&mut self, tag: &str, release: &Release) {
        let found = self.view.repository().map(|repository| repository.tags.get(tag).map(ToString::to_string));
        let found = found.ok().flatten();
        let what = format!("the tag {tag} is the image of {}", release.short());
        self.check(what, found.as_deref() == Some(&release.digest), found.unwrap_or_else(|| "no such tag".to_owned()));
    }

    /// There is evidence about the image of this release: at least so many statements.
    pub(crate) fn has_evidence(&mut self, release: &Release, least: usize) {
        let statements = self.view.repository().map_or(0, |repository| {
            let about = |stored: &&crate::registry::Stored| {
                stored.manifest.subject.as_ref().is_some_and(|subject| subject.digest.to_string() == release.digest)
            };
            repository.manifests.values().filter(about).count()
        });
        let what = format!("{} has {least} statements of evidence or more", release.short());
        self.check(what, statements >= least, statements.to_string());
    }

    /// Whether the lock of an environment is held.
    pub(crate) fn lock_is(&mut self, place: Place, held: bool) {
        let tag = format!("lock-{}", place.name());
        let is_held = self.view.repository().is_ok_and(|repository| repository.tags.contains_key(&tag));
        let word = |held| if held { "held" } else { "free" };
        self.check(format!("the lock of {} is {}", place.name(), word(held)), is_held == held, word(is_held));
    }
}
