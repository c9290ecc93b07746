//! The driver of `cargo xtask rehearse`: the real commands, one after another, on a cloud that is
//! made for them, with what each should come to and what must be true afterwards.

mod act;
mod ask;
mod command;
mod database;
mod git;
mod links;
mod page;
mod place;
mod recipe;
mod release;
mod scenario;
mod stage;
mod surroundings;
mod terminal;
mod timeline;
mod traffic;
mod world;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

use self::git::Shadow;
use self::place::View;
use self::scenario::Scenario;
use self::stage::{Failed, Stage};
use self::terminal::Terminal;
use self::timeline::{Spent, Timeline, took};
use self::world::World;
use crate::Scale;
use crate::cli::Surroundings;
use crate::network::Network;
use crate::serve::RuntimeKind;

/// Not all was as it should be.
const REFUSED: u8 = 10;
/// 128 + SIGINT, as shells have it.
const INTERRUPTED: u8 = 130;

/// Plays the real commands on a cloud that is made for them (what `cargo xtask rehearse` starts).
///
/// Takes the two databases from the environment: `REHEARSAL_STAGING_DATABASE_URL` and
/// `REHEARSAL_PRODUCTION_DATABASE_URL`.
#[derive(Debug, Args)]
pub(crate) struct Drive {
    /// The repository whose work tree is released.
    #[arg(long)]
    root: PathBuf,
    /// The program behind `cargo xtask`.
    #[arg(long)]
    xtask: PathBuf,
    /// Plays this scenario and what it needs, instead of all.
    #[arg(long, value_enum, value_name = "NAME")]
    scenario: Vec<Scenario>,
    /// Lists the scenarios.
    #[arg(long)]
    list: bool,
    /// Leaves the cloud up afterwards, until SIGINT.
    #[arg(long)]
    keep: bool,
    /// What runs tasks.
    #[arg(long, value_enum, default_value = "process")]
    runtime: RuntimeKind,
    /// By how much durations inside the cloud are shortened.
    #[arg(long, default_value = "10", value_parser = crate::cli::parse_scale)]
    scale: Scale,
    /// Requests a second on production.
    #[arg(long, default_value_t = 40.0)]
    rate: f64,
    /// What chances and names are made from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What was spent before, `WHAT=SECONDS`.
    #[arg(long, value_parser = parse_spent, hide = true)]
    spent: Vec<Spent>,
}

impl Drive {
    /// Plays, tells, and returns the exit code.
    pub(crate) async fn run(self, surroundings: Surroundings) -> anyhow::Result<ExitCode> {
        if self.list {
            for scenario in Scenario::all() {
                println!("{:16} {}", scenario.name(), scenario.about());
            }
            return Ok(ExitCode::SUCCESS);
        }
        // Listened for before there is anything to clear away.
        let mut interrupt = signal(SignalKind::interrupt()).context("failed to listen for signals")?;
        let mut terminate = signal(SignalKind::terminate()).context("failed to listen for signals")?;
        let began = Instant::now();
        let folder = self.root.join("target/rehearsal");
        fs::create_dir_all(&folder).with_context(|| format!("failed to make {}", folder.display()))?;

        let shadow = Shadow::of(&self.root, &folder.join("git"))?;
        let shadowed = began.elapsed();
        let world = World::make(&self, surroundings).await?;
        let mut stage = self.stage(&world, shadow, &folder, began)?;
        let spent =
            [("reading the work tree", shadowed), ("starting the cloud", began.elapsed().saturating_sub(shadowed))];
        stage.timeline.spent.extend(spent.map(|(on, time)| Spent { on: on.to_owned(), time }));
        let played = tokio::select! {
            played = play(&mut stage, &self.scenario) => Some(played),
            _ = interrupt.recv() => None,
            _ = terminate.recv() => None,
        };
        let Some(()) = played else {
            stage.terminal.say("\ninterrupted: clearing away");
            drop(stage);
            world.server.stop().await?;
            return Ok(ExitCode::from(INTERRUPTED));
        };
        if let Some(traffic) = stage.traffic.take() {
            (stage.timeline.traffic, stage.timeline.requests) = traffic.end().await;
        }
        stage.timeline.services = world.server.cloud.snapshot().services;
        let before: Duration = self.spent.iter().map(|spent| spent.time).sum();
        stage.timeline.took = began.elapsed();
        let page = folder.join("index.html");
        fs::write(&page, page::page(&stage.timeline)).with_context(|| format!("failed to write {}", page.display()))?;
        stage.terminal.say(&stage.terminal.summary(&stage.timeline));
        if !before.is_zero() {
            stage.terminal.say(&format!("{} with what came before it", took(before + stage.timeline.took)));
        }
        stage.terminal.say(&format!("the same as a page: {}", page.display()));
        let passed = stage.timeline.passed();
        if self.keep {
            world.announce(&stage.surroundings);
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        }
        drop(stage);
        world.server.stop().await?;
        Ok(if passed { ExitCode::SUCCESS } else { ExitCode::from(REFUSED) })
    }

    fn stage(&self, world: &World, shadow: Shadow, folder: &std::path::Path, began: Instant) -> anyhow::Result<Stage> {
        let summary = folder.join("summary.md");
        if summary.exists() {
            fs::remove_file(&summary).context("failed to remove an old summary")?;
        }
        let cloud = world.server.environment();
        let surroundings = surroundings::surroundings(
            &cloud,
            &world.urls,
            &world.test_urls,
            &world.tokens,
            shadow.environment(),
            &summary,
        );
        let timeline = Timeline { setting: self.setting(), spent: self.spent.clone(), ..Timeline::default() };
        let terminal = Terminal::of_this_process();
        terminal.say(&format!("rehearsal: {}", timeline.setting));
        Ok(Stage {
            root: self.root.clone(),
            xtask: self.xtask.clone(),
            shadow,
            view: View { cloud: world.server.cloud.clone(), urls: world.urls.clone() },
            surroundings,
            terminal,
            timeline,
            traffic: None,
            rate: self.rate(),
            users_write: self.scenario.iter().any(|scenario| scenario.changes_the_schema()),
            database: world.production_database.clone(),
            token: world.tokens.get(&place::Place::Production).cloned().context("production has no token")?,
            began,
            staging: None,
            production: None,
            verified: None,
        })
    }

    /// The way to the tasks takes a time where latencies are compared: most answers of the service take
    /// less than a millisecond, of which half more is nothing that anybody could measure.
    fn network(&self) -> Network {
        if self.scenario.iter().any(|scenario| scenario.compares_latencies()) {
            Network { base: Duration::from_millis(20), jitter: Duration::from_millis(2) }
        } else {
            Network::default()
        }
    }

    fn setting(&self) -> String {
        let tasks = match self.runtime {
            RuntimeKind::Process => "processes",
            RuntimeKind::Docker => "containers",
        };
        let once = self.scale.of(Duration::from_mins(1)).as_secs_f64();
        format!("tasks are {tasks}, a minute of the cloud passes in {once:.1} s, {} requests a second", self.rate())
    }

    /// Requests a second: as many as asked for, and as the scenarios ask for at the least.
    fn rate(&self) -> f64 {
        self.scenario.iter().map(|scenario| scenario.least_rate()).fold(self.rate, f64::max)
    }
}

async fn play(stage: &mut Stage, asked: &[Scenario]) {
    for scenario in Scenario::with_needs(asked) {
        stage.open(&scenario.name(), &scenario.about());
        let Err(error) = scenario.play(stage).await else { continue };
        if !error.is::<Failed>() {
            let why = format!("{error:#}");
            stage.terminal.say(&format!("  ✗ it broke off: {why}"));
            if let Some(scene) = stage.timeline.scenes.last_mut() {
                scene.broke = Some(why);
            }
        }
        if scenario.is_foundation() {
            stage.terminal.say("\nwhat comes after it needs it: not played");
            return;
        }
    }
}

fn parse_spent(text: &str) -> Result<Spent, String> {
    let (on, seconds) = text.split_once('=').ok_or("is not WHAT=SECONDS")?;
    let seconds = seconds.parse().map_err(|_| format!("{seconds:?} is no number of seconds"))?;
    let time = Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?;
    Ok(Spent { on: on.to_owned(), time })
}
