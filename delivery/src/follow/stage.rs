//! The stages of a deployment that shifts traffic: what is done at each pause, and in the bake.
//!
//! The bake is a pause too, so that an engine that dies in it is a rollback. Only what was begun to be left
//! to ECS bakes in ECS's own way, and whoever takes that up watches it there.
//!
//! **Invariant**: a pause is answered `CONTINUE` only after a pass, or where the ladder asks for none.

use std::pin::pin;
use std::time::Duration;

use tokio::time::Instant;

use super::Forward;
use super::attend::Ears;
use super::judging::Judging;
use super::look::Lookout;
use crate::aws::ecs::{Answer, Pause};
use crate::decide::Decision;
use crate::evidence::Judgement;
use crate::progress::{Event, Stage};
use crate::strategy::{AFTER_SHIFT, AtPause, BAKE, BEFORE_SHIFT, BEFORE_USERS, Percent, time};
use crate::verdict::Verdict;
use crate::watch::Reach;

/// After so long an answer that had no effect is given again.
const ANSWER_AGAIN: Duration = Duration::from_secs(10);
/// So long before ECS waits no longer a watch at a pause is over, so that it can still be answered.
const TO_ANSWER: Duration = Duration::from_secs(30);

/// What there is to do.
#[derive(Clone, Debug, PartialEq)]
enum Turn {
    /// It is left here.
    Leave { stage: String },
    /// ECS is told to go on.
    GoOn(Pause),
    /// The release is judged, and ECS is told.
    Judge { pause: Option<Pause>, at: At },
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum At {
    BeforeUsers,
    Hold { share: Percent, lasts: Duration },
    Bake,
}

impl Lookout<'_> {
    /// Goes forward, until it is in, was left, failed or is somebody else's.
    pub(super) async fn forward(&mut self, mut judging: Option<&mut Judging<'_>>, ears: &mut Ears<'_>) -> Forward {
        loop {
            let due = |lookout: &Self| lookout.due(judging.as_deref());
            match self.attend(ears, |lookout| due(lookout).is_some()).await {
                Some(Decision::Done) => return Forward::In,
                Some(Decision::Yield { reason }) => return Forward::Yield { reason },
                Some(Decision::Fail { reason, trigger }) => {
                    let reason = trigger.map_or_else(|| reason.clone(), |trigger| format!("{trigger}: {reason}"));
                    return Forward::Fail { reason };
                }
                Some(Decision::GoOn) | None => {}
            }
            match (due(self), &mut judging) {
                (Some(Turn::Leave { stage }), _) => return Forward::Left { stage },
                (Some(Turn::GoOn(pause)), _) => self.go_on(&pause).await,
                (Some(Turn::Judge { pause, at }), Some(judging)) => {
                    self.halt();
                    let ended = Box::pin(self.judge(judging, pause.as_ref(), at, ears)).await;
                    self.resume();
                    if let Some(ended) = ended {
                        return ended;
                    }
                }
                _ => {}
            }
        }
    }

    /// What there is to do now.
    fn due(&self, judging: Option<&Judging<'_>>) -> Option<Turn> {
        let deployment = self.deployment.as_ref()?;
        let stage = deployment.stage.as_deref().unwrap_or_default();
        let share = Percent::of(deployment.weights.production);
        let pause = deployment.pause.clone();
        if let Some(until) = judging.and_then(|judging| judging.until.as_deref())
            && until == stage
            && (pause.is_some() || (stage == BAKE && !self.baked_at_pause))
        {
            return Some(Turn::Leave { stage: stage.to_owned() });
        }
        if let Some(pause) = pause {
            let just = |(id, at): &(String, Instant)| *id == pause.id && at.elapsed() < ANSWER_AGAIN;
            if self.answered.as_ref().is_some_and(just) {
                return None;
            }
            let known = self.answered.as_ref().is_some_and(|(id, _)| *id == pause.id);
            let at = match judging.map(|judging| judging.strategy().at_pause(stage, share)) {
                // What was answered has been judged: only the answer did not arrive.
                _ if known => return Some(Turn::GoOn(pause)),
                None | Some(AtPause::GoOn) => return Some(Turn::GoOn(pause)),
                Some(AtPause::Verify) => At::BeforeUsers,
                Some(AtPause::Hold(lasts)) => At::Hold { share, lasts },
                Some(AtPause::Bake) if judging.is_none_or(|judging| judging.bake().is_zero()) => {
                    return Some(Turn::GoOn(pause));
                }
                Some(AtPause::Bake) => At::Bake,
            };
            return Some(Turn::Judge { pause: Some(pause), at });
        }
        let bakes = judging
            .is_some_and(|judging| judging.strategy().shift().is_some() && !judging.bake().is_zero() && !judging.baked);
        (stage == BAKE && bakes).then_some(Turn::Judge { pause: None, at: At::Bake })
    }

    /// Tells ECS to go on. What was asked for and not answered is looked at before it is asked for again.
    async fn go_on(&mut self, pause: &Pause) {
        let Some(deployment) = &self.deployment else { return };
        let clients = self.by.clients;
        let answered = clients.continue_service_deployment(&deployment.arn, &pause.id, Answer::Continue).await;
        self.answered = Some((pause.id.clone(), Instant::now()));
        if let Err(error) = answered {
            let text = format!("{error:#}");
            if self.refused.as_ref() != Some(&text) {
                self.warn(self.step, &text);
            }
            self.refused = Some(text);
        }
    }

    /// Judges the release while ECS waits or bakes, looking at ECS meanwhile; where it ended, if it did.
    async fn judge(
        &mut self,
        judging: &mut Judging<'_>,
        pause: Option<&Pause>,
        at: At,
        ears: &mut Ears<'_>,
    ) -> Option<Forward> {
        let progress = self.by.progress;
        let lasts = self.lasts(judging, pause, at);
        self.baked_at_pause |= at == At::Bake && pause.is_some();
        if self.baked_at_pause && judging.until.is_some() {
            let words = "it was begun to bake at a pause, which nobody would answer: it is watched there, and not left";
            self.warn(self.step, words);
        }
        let found = {
            let watch = judging.watch(self.deployment.as_ref()).await;
            // Whoever takes up a deployment in its bake has measured nothing to compare it with.
            let bake = if watch.remembered() > 0 { Reach::Bake } else { Reach::Alone };
            let mut watching = pin!(async {
                match at {
                    At::BeforeUsers => watch.verify_before_users(progress).await,
                    At::Hold { share, .. } => watch.hold(Reach::Hold { weight: share.value() }, lasts, progress).await,
                    At::Bake => watch.hold(bake, lasts, progress).await,
                }
            });
            let over = |lookout: &Self| {
                let now = lookout.deployment.as_ref().and_then(|deployment| deployment.pause.as_ref());
                pause.is_some_and(|pause| now.is_none_or(|now| now.id != pause.id))
            };
            let ecs = tokio::select! {
                biased;
                decision = self.attend(ears, over) => Err(decision),
                verdict = &mut watching => Ok(verdict),
            };
            match ecs {
                // It is in sooner than the watch of its bake is over: what that finds still decides.
                Err(Some(Decision::Done)) if at == At::Bake => tokio::select! {
                    biased;
                    () = ears.hear() => {
                        return Some(Forward::Fail { reason: ears.why().unwrap_or_default() });
                    }
                    verdict = watching => Ok(verdict),
                },
                other => other,
            }
        };
        let verdict = match found {
            Ok(verdict) => verdict,
            Err(Some(Decision::Yield { reason })) => return Some(Forward::Yield { reason }),
            Err(Some(Decision::Fail { reason, trigger })) => {
                let reason = trigger.map_or_else(|| reason.clone(), |trigger| format!("{trigger}: {reason}"));
                return Some(Forward::Fail { reason });
            }
            Err(Some(Decision::Done | Decision::GoOn) | None) => {
                judging.unfit = Some(Judgement::Errored);
                let reason = "somebody else told ECS to go on before the release was judged".to_owned();
                return Some(Forward::Fail { reason });
            }
        };
        if !judging.note(&verdict) {
            return Some(Forward::Fail { reason: why(&verdict) });
        }
        judging.baked |= at == At::Bake;
        let waits = |pause: &&Pause| {
            let now = self.deployment.as_ref().and_then(|deployment| deployment.pause.as_ref());
            now.is_some_and(|now| now.id == pause.id)
        };
        if let Some(pause) = pause.filter(waits) {
            self.go_on(pause).await;
        }
        None
    }

    /// How long a watch lasts: not beyond what ECS waits for its answer.
    fn lasts(&self, judging: &Judging<'_>, pause: Option<&Pause>, at: At) -> Duration {
        let wished = match at {
            At::BeforeUsers => return Duration::ZERO,
            At::Hold { lasts, .. } => lasts,
            At::Bake if pause.is_none() => judging.bake_of_ecs(),
            At::Bake => judging.bake(),
        };
        let expires = pause.and_then(|pause| pause.expires_at);
        let left = expires.map(|at| at.duration_since(self.by.edge.clock.now()));
        let left = left.map(|left| Duration::try_from(left).unwrap_or_default().saturating_sub(TO_ANSWER));
        match left {
            Some(left) if left < wished => {
                let words = format!("ECS waits no longer than {}: it is watched for that long", time(left));
                self.warn(self.step, &words);
                left
            }
            _ => wished,
        }
    }

    /// Tells the stage and the traffic, when they are others than before.
    pub(super) fn tell_stage(&mut self) {
        let Some(deployment) = &self.deployment else { return };
        let Some(stage) = deployment.stage.clone() else { return };
        let (share, waits) = (Percent::of(deployment.weights.production), deployment.pause.is_some());
        let now = (stage, share, waits);
        if self.stage.as_ref() == Some(&now) {
            return;
        }
        let (name, ..) = &now;
        let strategy = &self.by.environment.strategy;
        let bake = self.by.environment.rollout.bake;
        let why = match (name.as_str(), strategy.at_pause(name, share)) {
            (BEFORE_USERS, _) if waits => "whether the new release is well, before users reach it".to_owned(),
            (BEFORE_SHIFT, AtPause::Hold(lasts)) if waits => format!("{share} for {}", time(lasts)),
            (AFTER_SHIFT, AtPause::Bake) if waits && !bake.is_zero() => {
                format!("the bake: the old release is kept for {}", time(bake))
            }
            (_, _) if waits => "nothing is due here: on to the next shift".to_owned(),
            (BAKE, _) if self.baked_at_pause => "nothing: it has baked already, at a pause".to_owned(),
            (BAKE, _) => format!("the old release is kept for {}", time(bake)),
            ("SCALE_UP", _) => "the tasks of the new release".to_owned(),
            ("TEST_TRAFFIC_SHIFT", _) => "test traffic, on its way to the new release".to_owned(),
            ("PRODUCTION_TRAFFIC_SHIFT", _) => "users' traffic, on its way".to_owned(),
            ("CLEAN_UP", _) => "the old tasks, which are stopped".to_owned(),
            _ => "the next stage".to_owned(),
        };
        let decides = if waits { "the engine" } else { "ECS" };
        let stage = Stage { name: name.clone(), weight: share.value(), decides: decides.to_owned(), why };
        self.by.progress.tell(Event::Stage(stage));
        self.stage = Some(now);
    }
}

/// Why a release may not stay, for people, what decided first.
fn why(verdict: &Verdict) -> String {
    let how = match verdict.judgement {
        Judgement::Errored => ": this is no verdict about the release, it could not be judged",
        Judgement::Inconclusive => ": there was not enough to judge it by",
        Judgement::Failed | Judgement::Passed => "",
    };
    format!("{} ({}, {}{how})", verdict.why(), verdict.watch, verdict.judgement)
}
