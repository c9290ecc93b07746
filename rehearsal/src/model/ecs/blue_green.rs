//! Blue/green, canary and linear: the stages of a deployment that brings users over to tasks that run
//! beside the old ones, and how many users each shift brings.

use std::time::Duration;

use jiff::Timestamp;

use crate::model::listeners::WHOLE;

/// What a service asks for that is not deployed by a rolling update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BlueGreen {
    pub(crate) pace: Pace,
    /// How long both revisions run once all users are at the new one, in minutes of AWS's.
    pub(crate) bake: u64,
    pub(crate) hooks: Vec<PauseHook>,
}

/// In which steps users come over. Shares are tenths of a percent, bakes minutes of AWS's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// `BLUE_GREEN`: all at once.
    AllAtOnce,
    /// CANARY: some, and then all others.
    Canary { share: u32, bake: u64 },
    /// LINEAR: so many at each step.
    Linear { step: u32, bake: u64 },
}

impl Pace {
    /// The share that the new revision has after the next step.
    pub(crate) fn next(self, share: u32) -> u32 {
        match self {
            Self::Canary { share: first, .. } if share < first => first,
            Self::AllAtOnce | Self::Canary { .. } => WHOLE,
            Self::Linear { step, .. } => share.saturating_add(step).min(WHOLE),
        }
    }

    /// How long a step that is not the last is looked at.
    pub(crate) fn bake(self) -> u64 {
        match self {
            Self::AllAtOnce => 0,
            Self::Canary { bake, .. } | Self::Linear { bake, .. } => bake,
        }
    }
}

/// Where a deployment halts until somebody says how it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PauseHook {
    pub(crate) stages: Vec<Stage>,
    /// In minutes of AWS's.
    pub(crate) timeout: u64,
    pub(crate) on_timeout: HookAction,
}

/// How a deployment that halts goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HookAction {
    Continue,
    Rollback,
}

impl HookAction {
    /// ECS's word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Continue => "CONTINUE",
            Self::Rollback => "ROLLBACK",
        }
    }

    /// The action of a word.
    pub(crate) fn of(word: &str) -> Option<Self> {
        [Self::Continue, Self::Rollback].into_iter().find(|action| action.word() == word)
    }
}

/// How far a deployment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    ReconcileService,
    PreScaleUp,
    ScaleUp,
    PostScaleUp,
    TestTrafficShift,
    PostTestTrafficShift,
    PreProductionTrafficShift,
    ProductionTrafficShift,
    PostProductionTrafficShift,
    BakeTime,
    CleanUp,
}

impl Stage {
    /// All of them, in their order.
    pub(crate) const ALL: [Self; 11] = [
        Self::ReconcileService,
        Self::PreScaleUp,
        Self::ScaleUp,
        Self::PostScaleUp,
        Self::TestTrafficShift,
        Self::PostTestTrafficShift,
        Self::PreProductionTrafficShift,
        Self::ProductionTrafficShift,
        Self::PostProductionTrafficShift,
        Self::BakeTime,
        Self::CleanUp,
    ];

    /// ECS's word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::ReconcileService => "RECONCILE_SERVICE",
            Self::PreScaleUp => "PRE_SCALE_UP",
            Self::ScaleUp => "SCALE_UP",
            Self::PostScaleUp => "POST_SCALE_UP",
            Self::TestTrafficShift => "TEST_TRAFFIC_SHIFT",
            Self::PostTestTrafficShift => "POST_TEST_TRAFFIC_SHIFT",
            Self::PreProductionTrafficShift => "PRE_PRODUCTION_TRAFFIC_SHIFT",
            Self::ProductionTrafficShift => "PRODUCTION_TRAFFIC_SHIFT",
            Self::PostProductionTrafficShift => "POST_PRODUCTION_TRAFFIC_SHIFT",
            Self::BakeTime => "BAKE_TIME",
            Self::CleanUp => "CLEAN_UP",
        }
    }

    /// The stage of a word.
    pub(crate) fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.word() == word)
    }

    /// Whether a hook of AWS Lambda may be called in it.
    pub(crate) fn has_hooks(self) -> bool {
        !matches!(self, Self::ScaleUp | Self::BakeTime | Self::CleanUp)
    }

    /// Whether a deployment may be paused in it: not while traffic shifts, which also happens on the
    /// way back.
    pub(crate) fn may_pause(self) -> bool {
        self.has_hooks() && !matches!(self, Self::TestTrafficShift | Self::ProductionTrafficShift)
    }

    /// The stage after it, when the new revision has this share of the users.
    pub(crate) fn next(self, share: u32) -> Option<Self> {
        match self {
            Self::ProductionTrafficShift if share < WHOLE => Some(Self::PreProductionTrafficShift),
            other => Self::ALL.into_iter().find(|stage| *stage > other),
        }
    }
}

/// How far a service deployment has brought its users over.
#[derive(Clone, Debug)]
pub(crate) struct Shift {
    /// The revision that served when it began, and serves again when it is taken back.
    pub(crate) blue: Option<u64>,
    /// None before it begins.
    pub(crate) stage: Option<Stage>,
    /// When the stage began.
    pub(crate) entered_at: Timestamp,
    /// When the stage is over by itself.
    pub(crate) due: Option<Timestamp>,
    /// The new revision's share of the users, in tenths of a percent.
    pub(crate) production: u32,
    /// Its share of the test traffic; none without a test listener.
    pub(crate) test: Option<u32>,
    /// Those of the stage that pauses now or paused last.
    pub(crate) hooks: Vec<Hook>,
    /// Whether all traffic has been taken back from the new revision.
    pub(crate) is_back: bool,
}

impl Shift {
    pub(super) fn new(blue: Option<u64>, has_test: bool, now: Timestamp) -> Self {
        let test = has_test.then_some(0);
        let hooks = Vec::new();
        Self { blue, stage: None, entered_at: now, due: None, production: 0, test, hooks, is_back: false }
    }

    /// Whether it has come at least this far.
    pub(crate) fn has_reached(&self, stage: Stage) -> bool {
        self.stage.is_some_and(|reached| reached >= stage)
    }

    /// Whether nobody has to say how it goes on.
    pub(super) fn goes_on(&self) -> bool {
        self.hooks.iter().all(|hook| hook.status != HookStatus::AwaitingAction)
    }

    /// Ends the pauses that nobody has answered.
    pub(super) fn give_up_hooks(&mut self) {
        for hook in self.hooks.iter_mut().filter(|hook| hook.status == HookStatus::AwaitingAction) {
            hook.status = HookStatus::Failed;
        }
    }

    /// When something is due next.
    pub(super) fn deadlines(&self) -> impl Iterator<Item = Timestamp> {
        let hooks = self.hooks.iter().filter(|hook| hook.status == HookStatus::AwaitingAction);
        hooks.map(|hook| hook.expires_at).chain(self.due)
    }
}

/// A pause.
#[derive(Clone, Debug)]
pub(crate) struct Hook {
    pub(crate) id: String,
    pub(crate) stage: Stage,
    pub(crate) status: HookStatus,
    pub(crate) expires_at: Timestamp,
    pub(crate) on_timeout: HookAction,
}

impl Hook {
    pub(super) fn new(id: String, stage: Stage, now: Timestamp, lasts: Duration, on_timeout: HookAction) -> Self {
        Self { id, stage, status: HookStatus::AwaitingAction, expires_at: now + lasts, on_timeout }
    }
}

/// What became of a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HookStatus {
    AwaitingAction,
    Succeeded,
    Failed,
    TimedOut,
}

impl HookStatus {
    /// ECS's word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::AwaitingAction => "AWAITING_ACTION",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
        }
    }
}

#[cfg(test)]
mod tests;
