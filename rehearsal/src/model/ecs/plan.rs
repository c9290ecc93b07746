//! What a service does next, from numbers alone: which deployments start tasks and which stop some.
//!
//! Tasks of older deployments go as those of the primary become healthy, one for one, so that the
//! healthy ones together are never fewer than before; when there may be no more tasks, as many go
//! first as the minimum allows.

/// The tasks of a deployment, those that are to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Group {
    /// How many there should be.
    pub(super) desired: u32,
    /// How many there are, whatever their state.
    pub(super) live: u32,
    /// How many of these serve.
    pub(super) healthy: u32,
    /// Whether tasks that are lost are replaced.
    pub(super) replaces: bool,
    /// Whether tasks may be started now.
    pub(super) may_start: bool,
}

impl Group {
    /// How many of them do not serve.
    pub(super) fn idle(self) -> u32 {
        self.live - self.healthy
    }
}

/// What the service promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    /// How many tasks there should be.
    pub(super) desired: u32,
    /// How many have to be healthy.
    pub(super) least: u32,
    /// How many there may be.
    pub(super) most: u32,
}

/// What a deployment does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Step {
    /// How many tasks there should be from now on.
    pub(super) desired: u32,
    /// How many are started.
    pub(super) start: u32,
    /// How many that do not serve are stopped.
    pub(super) stop_idle: u32,
    /// How many that serve are stopped.
    pub(super) stop_healthy: u32,
}

/// Decides, for the primary and the older deployments, the youngest first.
pub(super) fn next(bounds: Bounds, groups: &[Group]) -> Vec<Step> {
    let mut steps = vec![Step::default(); groups.len()];
    let Some((primary, older)) = groups.split_first() else { return steps };
    let mut healthy: u32 = groups.iter().map(|group| group.healthy).sum();
    let mut live: u32 = groups.iter().map(|group| group.live).sum();

    // How many older tasks are still needed: what the primary lacks, and less when room is needed.
    let mut needed = bounds.desired.saturating_sub(primary.healthy);
    let wants = if primary.may_start { bounds.desired.saturating_sub(primary.live) } else { 0 };
    let room = bounds.most.saturating_sub(live);
    let cramped = wants.saturating_sub(room);
    if cramped > 0 {
        let old: u32 = older.iter().map(|group| group.live).sum();
        let idle: u32 = older.iter().map(|group| group.idle()).sum();
        let spare = idle + healthy.saturating_sub(bounds.least);
        needed = needed.min(old - cramped.min(spare).min(old));
    }

    // The oldest deployments keep their tasks longest: they have proven themselves.
    for (index, group) in groups.iter().enumerate().skip(1).rev() {
        // Of a deployment that came to nothing only what serves is worth keeping.
        let had = if group.replaces { group.desired } else { group.desired.min(group.healthy) };
        let keeps = had.min(needed);
        needed -= keeps;
        steps[index].desired = keeps;
    }
    steps[0].desired = bounds.desired;

    // The youngest of the older deployments loses first.
    for (step, group) in steps.iter_mut().zip(groups) {
        let excess = group.live.saturating_sub(step.desired);
        step.stop_idle = excess.min(group.idle());
        let spare = healthy.saturating_sub(bounds.least);
        step.stop_healthy = (excess - step.stop_idle).min(spare);
        healthy -= step.stop_healthy;
        live -= step.stop_idle + step.stop_healthy;
    }
    for (step, group) in steps.iter_mut().zip(groups).rev() {
        let stopped = step.stop_idle + step.stop_healthy;
        let lacks = step.desired.saturating_sub(group.live - stopped);
        if group.may_start && group.replaces {
            step.start = lacks.min(bounds.most.saturating_sub(live));
            live += step.start;
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `live/healthy` of each group, the primary first. There should be as many as there are, unless
    /// another number comes after a colon; an older one that came to nothing has a `!`.
    fn groups(text: &str) -> Vec<Group> {
        let number = |text: &str| text.parse().expect("a number");
        let group = |word: &str| {
            let bare = word.trim_end_matches('!');
            let (counts, desired) = bare.split_once(':').unwrap_or((bare, bare.split('/').next().unwrap_or_default()));
            let (live, healthy) = counts.split_once('/').expect("two numbers");
            let (live, healthy, desired) = (number(live), number(healthy), number(desired));
            Group { desired, live, healthy, replaces: bare == word, may_start: true }
        };
        text.split(' ').map(group).collect()
    }

    /// What each group does: `+started`, `-idle that are stopped`, `=healthy that are stopped`.
    fn told(steps: &[Step]) -> String {
        let one = |step: &Step| format!("+{}-{}={}", step.start, step.stop_idle, step.stop_healthy);
        steps.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn tasks_go_as_others_come() {
        // Least, most of four; the groups; what they do.
        let cases = [
            (4, 8, "0/0", "+4-0=0"),
            (4, 8, "0/0 4/4", "+4-0=0 +0-0=0"),
            (4, 8, "4/0 4/4", "+0-0=0 +0-0=0"),
            (4, 8, "4/1 4/4", "+0-0=0 +0-0=1"),
            (4, 8, "4/1 4/3", "+0-0=0 +0-1=0"),
            (4, 8, "4/4 4/4", "+0-0=0 +0-0=4"),
            (4, 6, "0/0 4/4", "+2-0=0 +0-0=0"),
            (4, 6, "2/2 4/4", "+2-0=0 +0-0=2"),
            (2, 4, "0/0 4/4", "+2-0=0 +0-0=2"),
            (2, 4, "2/0 2/2", "+0-0=0 +0-0=0"),
            (0, 4, "0/0 4/4", "+4-0=0 +0-0=4"),
            // One that serves is lost on the way: it is replaced by its own kind.
            (4, 8, "4/0 3/3:4", "+0-0=0 +1-0=0"),
            // What came to nothing loses first, and is not replaced.
            (4, 8, "0/0 4/2! 2/2", "+4-0=0 +0-2=0 +0-0=0"),
            (4, 8, "4/2 4/2! 4/4", "+0-0=0 +0-2=2 +0-0=2"),
            (4, 8, "4/4 2/0! 0/0", "+0-0=0 +0-2=0 +0-0=0"),
            // Fewer are wanted than there are.
            (4, 8, "6/6", "+0-0=2"),
            (4, 8, "6/4", "+0-2=0"),
        ];
        for (least, most, text, expected) in cases {
            let steps = next(Bounds { desired: 4, least, most }, &groups(text));
            assert_eq!(told(&steps), expected, "{least} to {most}: {text}");
        }
        assert_eq!(next(Bounds { desired: 4, least: 4, most: 8 }, &[]), []);
    }
}
