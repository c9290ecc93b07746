//! What a watch is to do.

use std::time::Duration;

use crate::watch::Reach;
use crate::watch::answer::Behind;

/// When the probes before users do not tell, there are so many in all: as many as an unsteady service
/// takes, and enough for a pass with four errors at 1 %. A release that is just at the limit passes one of
/// both looks in no more than 8 of 100 cases, where one look alone would have let 5 through.
pub(crate) const SECOND_LOOK: u64 = 1000;

/// What a watch is to do.
#[derive(Clone, Debug)]
pub(in crate::watch) struct Plan {
    pub(in crate::watch) name: String,
    /// What is watched: the reach, or the serving release alone.
    pub(in crate::watch) reach: Option<Reach>,
    pub(in crate::watch) lasts: Duration,
    /// It ends when so many probes of each have been answered; else with the time.
    pub(in crate::watch) pairs: Option<u64>,
}

impl Plan {
    pub(in crate::watch) fn before_users(name: &str, pairs: u32, rate: u32) -> Self {
        Self {
            name: name.to_owned(),
            reach: Some(Reach::Hold { weight: 0.0 }),
            lasts: Duration::from_secs_f64(f64::from(pairs) / f64::from(rate.max(1))),
            pairs: Some(pairs.into()),
        }
    }

    pub(in crate::watch) fn hold(reach: Reach, lasts: Duration) -> Self {
        Self { name: reach.name(), reach: Some(reach), lasts, pairs: None }
    }

    pub(in crate::watch) fn baseline(lasts: Duration) -> Self {
        Self { name: "baseline".to_owned(), reach: None, lasts, pairs: None }
    }

    pub(in crate::watch) fn weight(&self) -> f64 {
        self.reach.map_or(0.0, Reach::weight)
    }

    /// Who gets what goes to the address of users.
    pub(in crate::watch) fn behind(&self) -> Behind {
        match self.weight() {
            weight if weight <= 0.0 => Behind::Serving,
            weight if weight >= 100.0 => Behind::Candidate,
            _ => Behind::Both,
        }
    }
}
