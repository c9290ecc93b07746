//! The stage: the cloud, the shadow of the work tree, the traffic, and the commands that are played.

mod fork;
mod waiting;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use tokio::time::{Instant, interval, timeout};

use super::act::Act;
use super::command::{Running, Surroundings};
use super::git::Shadow;
use super::links::Links;
use super::place::{Place, View};
use super::recipe::{self, Recipe};
use super::release::Release;
use super::terminal::Terminal;
use super::timeline::{Scene, Timeline};
use super::traffic::Traffic;

/// How often the shares of a deployment are looked at.
const LOOK_AT_SHARES: Duration = Duration::from_millis(250);

/// No command of a rehearsal takes longer than this; the first build is the longest.
const LIMIT: Duration = Duration::from_mins(20);

/// The link that users follow.
const FOLLOWED: &str = "rehearsal";

/// Everything that scenarios play with.
pub(crate) struct Stage {
    pub(crate) root: PathBuf,
    pub(crate) xtask: PathBuf,
    pub(crate) shadow: Shadow,
    pub(crate) view: View,
    pub(crate) surroundings: Surroundings,
    pub(crate) terminal: Terminal,
    pub(crate) timeline: Timeline,
    pub(crate) traffic: Option<Traffic>,
    /// Requests a second on production.
    pub(crate) rate: f64,
    /// Whether production's users make links.
    pub(crate) users_write: bool,
    /// The token of production's API, which the traffic needs.
    pub(crate) token: String,
    /// Production's database, with its password.
    pub(crate) database: String,
    pub(crate) began: Instant,
    /// What serves, as far as all went well.
    pub(crate) staging: Option<Release>,
    pub(crate) production: Option<Release>,
    /// A release that staging verified and that production has not had.
    pub(crate) verified: Option<Release>,
}

/// A step that did not come to what it should: told already, and the rest of its scenario is not played.
#[derive(Debug, thiserror::Error)]
#[error("a step failed")]
pub(crate) struct Failed;

/// A command that is under way.
pub(crate) struct Playing {
    act: Act,
    running: Running,
    began: Instant,
}

impl Stage {
    /// A scenario begins.
    pub(crate) fn open(&mut self, name: &str, about: &str) {
        self.view.cloud.faults(crate::faults::Faults::clear);
        self.terminal.scene(name, about);
        if let Some(traffic) = &self.traffic {
            traffic.phase(name);
        }
        let (name, about) = (name.to_owned(), about.to_owned());
        self.timeline.scenes.push(Scene { name, about, steps: Vec::new(), broke: None });
    }

    /// Plays a command of `cargo xtask` to its end.
    pub(crate) async fn run(&mut self, title: &str, arguments: &[&str], expected: i32) -> anyhow::Result<Act> {
        let playing = self.start(title, arguments, &[expected])?;
        self.end(playing).await
    }

    /// Starts a command of `cargo xtask`.
    pub(crate) fn start(&mut self, title: &str, arguments: &[&str], expected: &[i32]) -> anyhow::Result<Playing> {
        let line = format!("cargo xtask {}", arguments.join(" "));
        let act = self.begin(title, Some(line), expected);
        let arguments: Vec<_> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let running = Running::start(&self.xtask, &arguments, &self.root, &self.surroundings)?;
        Ok(Playing { act, running, began: Instant::now() })
    }

    /// A step without a command: a look at what has come of those before it.
    pub(crate) fn look(&self, title: &str) -> Act {
        self.begin(title, None, &[])
    }

    /// Waits for the end of a command.
    pub(crate) async fn end(&self, playing: Playing) -> anyhow::Result<Act> {
        let Playing { mut act, mut running, began } = playing;
        let (terminal, title) = (self.terminal, act.step.title.clone());
        let mut ticks = interval(LOOK_AT_SHARES);
        let exit = {
            let mut end = std::pin::pin!(timeout(LIMIT, running.end()));
            loop {
                tokio::select! {
                    ended = &mut end => break ended.with_context(|| format!("{title}: no end within {LIMIT:?}"))??,
                    _ = ticks.tick() => {
                        terminal.goes_on(&title, began.elapsed());
                        act.look_at_share(LOOK_AT_SHARES);
                    }
                }
            }
        };
        act.step.exit = Some(exit);
        act.step.took = began.elapsed();
        act.step.output = running.output();
        Ok(act)
    }

    /// Closes a step: tells it, and stops the scenario when it failed.
    pub(crate) fn done(&mut self, mut act: Act) -> anyhow::Result<()> {
        if self.traffic.is_some() {
            let failed = self.failed() - act.failed_before;
            if act.may_be_noticed {
                self.timeline.expected_failures += failed;
                act.check(format!("{failed} requests of users failed before it was taken back"), true, "");
            } else {
                act.check("no request to production failed", failed == 0, format!("{failed} failed"));
            }
        }
        let now = self.view.cloud.snapshot();
        let mut events = Vec::new();
        for service in &now.services {
            let place = Place::of_cluster(&service.cluster).map_or("elsewhere", Place::name);
            for event in service.events.iter().filter(|event| event.at > act.before.at) {
                events.push((event.at, format!("{}  {place}: {}", event.at.strftime("%H:%M:%S%.3f"), event.message)));
            }
        }
        events.sort();
        act.step.events = events.into_iter().map(|(_, line)| line).collect();
        if !act.step.passed() {
            // Somebody who saves a file meanwhile makes a dirty tree of it.
            let changed = self.shadow.changes().unwrap_or_default();
            if !changed.is_empty() {
                let files = changed.join(", ");
                act.check("the work tree is as it was at the beginning", false, format!("changed meanwhile: {files}"));
            }
        }
        self.terminal.ended(&act.step);
        let passed = act.step.passed();
        if let Some(scene) = self.timeline.scenes.last_mut() {
            scene.steps.push(act.step);
        }
        if passed { Ok(()) } else { Err(Failed.into()) }
    }

    /// Delivers to production by a recipe from now on, or as the repository says.
    pub(crate) fn deliver_by(&mut self, recipe: Option<Recipe>) -> anyhow::Result<()> {
        const VARIABLES: [&str; 2] = ["SLIPWAY_SETTINGS", "SLIPWAY_IMAGE_LAYOUT"];
        self.surroundings.with.retain(|(name, _)| !VARIABLES.iter().any(|variable| name == variable));
        let Some(recipe) = recipe else { return Ok(()) };
        let file = self.root.join("delivery.toml");
        let text = fs::read_to_string(&file).with_context(|| format!("failed to read {}", file.display()))?;
        let made = self.root.join(format!("target/rehearsal/delivery-{}.toml", recipe.strategy.word()));
        fs::write(&made, recipe::settings(&text, recipe)?)
            .with_context(|| format!("failed to write {}", made.display()))?;
        let values = [made.into_os_string(), self.layout().into_os_string()];
        self.surroundings.with.extend(VARIABLES.map(Into::into).into_iter().zip(values));
        Ok(())
    }

    /// The folder that `cargo xtask build` leaves the image in.
    pub(crate) fn layout(&self) -> PathBuf {
        self.root.join("target/image")
    }

    /// Production serves: from now on it has traffic.
    pub(crate) async fn begin_traffic(&mut self, scene: &str) -> anyhow::Result<()> {
        if self.traffic.is_none() && self.rate > 0.0 {
            let url = self.view.url(Place::Production)?;
            let traffic = if self.users_write {
                Links::of(self)?.make(FOLLOWED).await?;
                Traffic::of_links(url, &self.token, self.rate, self.began, FOLLOWED)?
            } else {
                Traffic::begin(url, &self.token, self.rate, self.began)?
            };
            traffic.phase(scene);
            self.traffic = Some(traffic);
        }
        Ok(())
    }

    fn begin(&self, title: &str, line: Option<String>, expected: &[i32]) -> Act {
        self.terminal.began(title);
        let mut act = Act::new(title, line, expected, self.view.clone(), self.began.elapsed());
        act.failed_before = self.failed();
        act
    }

    fn failed(&self) -> u64 {
        self.traffic.as_ref().map_or(0, Traffic::failed)
    }
}

impl Playing {
    /// Kills the command and all that it has started, without a word of warning.
    pub(crate) fn kill(&mut self) {
        self.running.signal(rustix::process::Signal::KILL);
        self.act.step.expected.clear();
    }
}
