//! A cloud in memory with both environments, a git repository with a remote, and whole runs of the
//! program between them.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::Parser as _;
use delivery::arguments::Arguments;
use delivery::aws::{Clients, Transport};
use delivery::edge::{Clock, Edge, Random, Stop, Stopper};
use delivery::git::{Pushed, State, WorkTree};
use delivery::program::{self, Outlets, Voice};
use delivery::progress::Progress;
use delivery::report::Style;
use delivery::secret::Redactor;
use delivery::settings::Settings;
use delivery::verbs::{Phase, Session};
use rehearsal::faults::{ApiFault, ApiRule, TaskRule};
use rehearsal::network::Network;
use rehearsal::scenery::Scenery;
use rehearsal::simulation::{OneOff, Simulation, SimulationOptions};
use rehearsal::world::{Launch, TaskFault};
use rehearsal::{Cloud, CloudOptions, Scale};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::app::App;
use crate::direct;
use crate::layout::write_layout;

pub(crate) const HOST: &str = "127.0.0.1:5000";
pub(crate) const REPOSITORY: &str = "myapp";
pub(crate) const SERVICE: &str = "myapp-api";
/// The token of the flows.
pub(crate) const TOKEN: &str = "flows-token-8842";
pub(crate) const STAGING: &str = "myapp-staging-cluster";
pub(crate) const PRODUCTION: &str = "myapp-cluster";

pub(crate) const SETTINGS: &str = r#"
[service]
name = "myapp-api"
container = "app"
region = "ap-northeast-1"
repository = "myapp"
[environments.staging]
cluster = "myapp-staging-cluster"
base_url = "https://staging.example"
[environments.production]
cluster = "myapp-cluster"
base_url = "https://www.example"
alarms = ["errors"]
"#;

/// Everything that a run needs.
pub(crate) struct Stage {
    pub(crate) cloud: Cloud,
    _simulation: Simulation,
    pub(crate) app: App,
    pub(crate) clients: Clients,
    pub(crate) clock: Clock,
    pub(crate) variables: Vec<(String, String)>,
    /// The settings of its sessions.
    pub(crate) settings: String,
    folder: TempDir,
    drawn: Arc<AtomicU64>,
}

/// A release of the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Built {
    pub(crate) commit: String,
    pub(crate) digest: String,
}

/// What a run came to.
#[derive(Clone, Debug)]
pub(crate) struct Ran {
    pub(crate) code: u8,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// What one-off tasks do.
pub(crate) type Migration = Arc<dyn Fn(&Launch) -> OneOff + Send + Sync>;

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(1, &Scenery::default(), Arc::new(|_| OneOff::default())).await
    }

    pub(crate) async fn with(seed: u64, scenery: &Scenery, one_off: Migration) -> Self {
        let stage = Self::bare(seed, scenery, one_off).await;
        stage.make_repository();
        stage
    }

    /// The same without a git repository, which takes longer to make than all the rest.
    pub(crate) async fn bare(seed: u64, scenery: &Scenery, one_off: Migration) -> Self {
        let start = "2026-11-24T10:00:00Z".parse().expect("a time");
        let cloud = Cloud::new(CloudOptions {
            region: scenery.region.clone(),
            account: scenery.account.clone(),
            scale: Scale::REAL,
            seed,
            registry_host: HOST.to_owned(),
            start,
        });
        let clock = Clock::simulated(start);
        let network = Network { base: Duration::from_millis(20), jitter: Duration::from_millis(2) };
        let simulation =
            Simulation::attach_with(&cloud, SimulationOptions { seed, one_off, network, ..Default::default() });
        rehearsal::serve::furnish(&cloud, scenery).await.expect("a scene");
        let app = App::new(&cloud, &simulation);
        let transport = Transport::through(app.clone());
        let clients = Clients::over(transport, &format!("http://{HOST}"), &scenery.region).expect("clients");
        let folder = TempDir::new().expect("a folder");
        let stage = Self {
            cloud,
            _simulation: simulation,
            app,
            clients,
            clock,
            variables: Vec::new(),
            settings: SETTINGS.to_owned(),
            folder,
            drawn: Arc::default(),
        };
        stage.ask("GraniteServiceVersion20100801.PutMetricAlarm", &alarm()).await;
        // The services settle on what they begin with.
        tokio::time::sleep(Duration::from_mins(5)).await;
        for cluster in [STAGING, PRODUCTION] {
            let service = stage.service(cluster);
            assert_eq!(service.service_deployments[0].status, "SUCCESSFUL", "{service:?}");
        }
        stage
    }

    pub(crate) fn tree(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    pub(crate) fn summary(&self) -> PathBuf {
        self.folder.path().join("summary.md")
    }

    fn make_repository(&self) {
        let (tree, remote) = (self.tree(), self.folder.path().join("remote"));
        fs::create_dir_all(&tree).expect("a folder");
        self.git(&["init", "--quiet", "--initial-branch", "main"]);
        fs::write(tree.join(".gitignore"), "target\n").expect("a file");
        fs::write(tree.join("delivery.toml"), SETTINGS).expect("settings");
        self.git(&["add", "."]);
        let mut bare = Command::new("git");
        for (name, _) in self.git_variables() {
            bare.env_remove(name);
        }
        let made = bare.args(["init", "--quiet", "--bare"]).arg(&remote).status().expect("git");
        assert!(made.success());
        self.git(&["remote", "add", "origin", remote.to_str().expect("text")]);
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.current_dir(self.tree()).envs(self.git_variables());
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
        let output = command.args(identity).args(arguments).output().expect("git");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn git_variables(&self) -> [(String, String); 3] {
        let path = |name: &str| self.tree().join(name).to_str().expect("text").to_owned();
        [
            ("GIT_DIR".to_owned(), path(".git")),
            ("GIT_WORK_TREE".to_owned(), path("")),
            ("GIT_INDEX_FILE".to_owned(), path(".git/index")),
        ]
    }

    /// Has production's settings end like this.
    pub(crate) fn set_production(&self, lines: &str) {
        let settings = SETTINGS.replace("alarms = [\"errors\"]\n", &format!("alarms = [\"errors\"]\n{lines}\n"));
        fs::write(self.tree().join("delivery.toml"), settings).expect("settings");
        self.git(&["add", "delivery.toml"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", "settings"]);
    }

    /// Has staging's settings end like this.
    pub(crate) fn set_staging(&self, lines: &str) {
        let url = "base_url = \"https://staging.example\"\n";
        fs::write(self.tree().join("delivery.toml"), SETTINGS.replace(url, &format!("{url}{lines}\n")))
            .expect("settings");
        self.git(&["add", "delivery.toml"]);
        self.git(&["commit", "--quiet", "-m", "settings"]);
    }

    /// A commit that is pushed, and its image.
    pub(crate) fn build(&self, name: &str) -> Built {
        let commit = self.commit(name);
        self.git(&["push", "--quiet", "origin", "main"]);
        let digest = write_layout(&self.tree().join("target/image"), &commit, name.as_bytes());
        Built { commit, digest: digest.as_str().to_owned() }
    }

    /// A commit.
    pub(crate) fn commit(&self, name: &str) -> String {
        fs::write(self.tree().join("version"), name).expect("a file");
        self.git(&["add", "version"]);
        self.git(&["commit", "--quiet", "-m", name]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Runs the program to its end.
    pub(crate) async fn run(&self, line: &str) -> Ran {
        let (_stopper, stop) = Stop::pair();
        self.start(line, stop).await
    }

    /// Runs the program until it ends; a signal comes when a condition has come true.
    pub(crate) async fn run_until(&self, line: &str, come: impl Fn(&Self) -> bool) -> Ran {
        let (stopper, stop) = Stop::pair();
        let watch = self.signal(&stopper, come);
        let (ran, ()) = tokio::join!(self.start(line, stop), watch);
        ran
    }

    async fn signal(&self, stopper: &Stopper, come: impl Fn(&Self) -> bool) {
        for _ in 0..36_000 {
            if come(self) {
                stopper.stop();
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("it never came");
    }

    /// Runs the program with this way to stop it.
    pub(crate) async fn start(&self, line: &str, stop: Stop) -> Ran {
        let settings = self.tree().join("delivery.toml");
        let words = ["delivery", "--settings", settings.to_str().expect("text")];
        let arguments = Arguments::try_parse_from(words.into_iter().chain(line.split_whitespace()));
        let arguments = arguments.unwrap_or_else(|error| panic!("{line}: {error}"));
        let drawn = Arc::clone(&self.drawn);
        let tokens = ["STAGING", "PRODUCTION"].map(|name| (format!("SLIPWAY_{name}_API_TOKEN"), TOKEN.to_owned()));
        let summary = ("GITHUB_STEP_SUMMARY".to_owned(), self.summary().to_str().expect("text").to_owned());
        let variables = self.git_variables().into_iter().chain(tokens).chain([summary]).chain(self.variables.clone());
        let edge = Edge {
            clock: self.clock,
            variables: variables.collect(),
            random: Random::new(move || drawn.fetch_add(1, Ordering::Relaxed).into()),
            stop,
        };
        let (out, err) = (Page::default(), Page::default());
        let outlets =
            Outlets { out: out.clone(), err: err.clone(), style: Style::PLAIN, wide: || None, voice: Voice::default() };
        let clients = self.clients.clone();
        let code = program::run(arguments, edge, &Phase::default(), outlets, async |_: &str| Ok(clients)).await;
        Ran { code, out: out.text(), err: err.text() }
    }

    /// What a run of a session would be given, with this commit checked out and its image built.
    pub(crate) fn session(&self, built: &Built, stop: Stop, progress: Progress) -> Session {
        let drawn = Arc::clone(&self.drawn);
        let tokens = ["STAGING", "PRODUCTION"].map(|name| (format!("SLIPWAY_{name}_API_TOKEN"), TOKEN.to_owned()));
        let edge = Edge {
            clock: self.clock,
            variables: tokens.into_iter().collect(),
            random: Random::new(move || drawn.fetch_add(1, Ordering::Relaxed).into()),
            stop,
        };
        let settings = Settings::parse(&self.settings, &edge.variables).expect("settings");
        let head = built.commit.parse().expect("a commit");
        let tree = WorkTree::Known(State { head, changes: Vec::new(), pushed: Pushed::Yes });
        let layout = self.folder.path().join(&built.commit);
        Session::new(settings, layout, tree, self.clients.clone(), edge, progress, Redactor::default())
    }

    /// The image of a commit that no repository has.
    pub(crate) fn built(&self, commit: &str) -> Built {
        let digest = write_layout(&self.folder.path().join(commit), commit, commit.as_bytes());
        Built { commit: commit.to_owned(), digest: digest.as_str().to_owned() }
    }

    /// The next calls of an operation end like this.
    pub(crate) fn fault(&self, operation: &str, fault: ApiFault, after: u64, times: u64) {
        let rule = ApiRule { after, ..ApiRule::times(operation, fault, times) };
        self.cloud.faults(|faults| faults.add_call(rule));
    }

    /// What happens to the tasks of the next deployment.
    pub(crate) fn next_tasks(&self, fault: TaskFault) {
        self.cloud.faults(|faults| faults.add_task(TaskRule::NextDeployment(SERVICE.to_owned()), fault, None));
    }

    /// Asks a service of the cloud directly.
    pub(crate) async fn ask(&self, target: &str, body: &Value) -> Value {
        let text = direct::ask(&self.cloud, target, body).await;
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// The alarm of production rings, or no longer.
    pub(crate) async fn ring(&self, state: &str) {
        let body = json!({ "AlarmName": "errors", "StateValue": state, "StateReason": "a test" });
        self.ask("GraniteServiceVersion20100801.SetAlarmState", &body).await;
    }
}

impl Ran {
    #[track_caller]
    pub(crate) fn ended(&self, code: u8) -> &Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }

    #[track_caller]
    pub(crate) fn says(&self, words: &str) -> &Self {
        assert!(self.out.contains(words) || self.err.contains(words), "{words}:\n{}\n{}", self.out, self.err);
        self
    }
}

fn alarm() -> Value {
    json!({ "AlarmName": "errors", "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1,
        "MetricName": "m", "Namespace": "n", "Period": 60, "Statistic": "Sum", "Threshold": 1.0 })
}

#[derive(Clone, Default)]
pub(crate) struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("a page").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Page {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("a page").clone()).expect("text")
    }
}
