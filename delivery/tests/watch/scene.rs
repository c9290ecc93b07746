//! The engine's side: settings, clients, and what it says.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use delivery::aws::{Clients, Transport};
use delivery::edge::{Clock, Variables};
use delivery::environment::Environment;
use delivery::progress::{Event, Listener, Moment, Progress};
use delivery::release::Commit;
use delivery::secret::{Redactor, Secret};
use delivery::settings::{EnvironmentSettings, Settings};
use delivery::verdict::Verdict;
use delivery::watch::{Reach, Subject, TargetGroups, Watch};
use jiff::Timestamp;

use crate::releases::{Service, TOKEN};

const SETTINGS: &str = r#"
[service]
name = "myapp-api"
container = "app"
region = "ap-northeast-1"
repository = "myapp"
[environments.staging]
cluster = "c"
base_url = "https://www.example"
[environments.staging.watch]
probe_rate = 5
[environments.production]
cluster = "d"
base_url = "https://www.example"
"#;

const ELB: &str = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012";

pub(crate) const WINDOW: Duration = Duration::from_mins(5);

/// Everything for watches of one deployment.
pub(crate) struct Scene {
    pub(crate) service: Service,
    pub(crate) settings: EnvironmentSettings,
    pub(crate) candidate: Commit,
    pub(crate) serving: Option<Commit>,
    pub(crate) token: Option<Secret>,
    pub(crate) target_groups: Option<TargetGroups>,
    clients: Clients,
    redactor: Redactor,
    clock: Clock,
    heard: Heard,
    pub(crate) progress: Progress,
}

/// What was said.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<Event>>>);

impl Listener for Heard {
    fn take(&self, moment: Moment) {
        self.0.lock().expect("nobody panicked with it").push(moment.event);
    }
}

impl Scene {
    /// A good candidate and a good serving release. There are no target groups unless a test gives some.
    pub(crate) fn new() -> Self {
        let start: Timestamp = "2026-11-24T10:00:00Z".parse().expect("a time");
        let clock = Clock::simulated(start);
        let service = Service::new(clock);
        let transport = Transport::through(service.clone());
        let settings = Settings::parse(SETTINGS, &Variables::default()).expect("settings");
        let mut settings = settings.environment(Environment::Staging).clone();
        settings.rollout.test_url = Some("https://test.example:8443".parse().expect("a URL"));
        let heard = Heard::default();
        Self {
            service,
            settings,
            candidate: commit('a'),
            serving: Some(commit('b')),
            token: Some(Secret::new(TOKEN)),
            target_groups: None,
            clients: Clients::over(transport, "https://aws.example", "ap-northeast-1").expect("clients"),
            redactor: Redactor::knowing([TOKEN]),
            clock,
            progress: Progress::new(Arc::new(heard.clone()), clock),
            heard,
        }
    }

    /// The same with the load balancer's figures of so many requests a minute by users.
    pub(crate) fn with_users(self, a_minute: f64) -> Self {
        self.service.world().users = a_minute;
        let target_groups = Some(TargetGroups {
            candidate: format!("{ELB}:targetgroup/green/1"),
            serving: Some(format!("{ELB}:targetgroup/blue/2")),
            load_balancer: format!("{ELB}:listener-rule/app/web/50dc6c/f2f7/9683"),
        });
        let mut scene = Self { target_groups, ..self };
        // Enough for a quarter of an hour, and five times as fast to play.
        scene.settings.watch.probe_rate = 1;
        scene
    }

    pub(crate) fn watch(&self) -> Watch<'_> {
        let subject = Subject {
            clients: &self.clients,
            environment: &self.settings,
            candidate: &self.candidate,
            serving: self.serving.clone(),
            target_groups: self.target_groups.clone(),
            token: self.token.clone(),
            redactor: &self.redactor,
            clock: self.clock,
        };
        Watch::new(subject, &self.settings.watch)
    }

    /// One hold with this share of traffic at the candidate, in percent.
    pub(crate) async fn hold(&self, weight: f64) -> Verdict {
        self.hold_for(weight, WINDOW).await
    }

    /// One hold of the default ladder, which is long enough for CloudWatch.
    pub(crate) async fn hold_long(&self, weight: f64) -> Verdict {
        self.hold_for(weight, Duration::from_mins(15)).await
    }

    async fn hold_for(&self, weight: f64, window: Duration) -> Verdict {
        self.service.world().weight = weight / 100.0;
        self.watch().hold(Reach::Hold { weight }, window, &self.progress).await
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.heard.0.lock().expect("nobody panicked with it").clone()
    }

    /// The lines that were said and warned.
    pub(crate) fn lines(&self) -> Vec<String> {
        let line = |event| match event {
            Event::Said { what, .. } | Event::Warned { what, .. } => Some(what),
            _ => None,
        };
        self.events().into_iter().filter_map(line).collect()
    }
}

pub(crate) fn commit(letter: char) -> Commit {
    letter.to_string().repeat(40).parse().expect("a commit")
}

/// All that was found, for when an assertion fails and for what is said.
pub(crate) fn words(verdict: &Verdict) -> String {
    let lines = verdict.findings.iter().map(|finding| {
        let told = if finding.decides { "" } else { " (told only)" };
        format!("{}{told} {}: {}\n", finding.trigger, finding.judgement, finding.words)
    });
    format!("{}\n{}", verdict.judgement, lines.collect::<String>())
}
