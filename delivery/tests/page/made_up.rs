//! Deployments that never happened, as a report keeps them.

use std::time::Duration;

use delivery::edge::Variables;
use delivery::environment::Environment;
use delivery::evidence::{Check, Judgement, Verdict};
use delivery::exit::Ending;
use delivery::page::{self, Record};
use delivery::progress::{About, Arm, Event, Measured, Moment, Outcome, Stage, Step, Tasks};
use delivery::release::Release;
use delivery::report::{Ended, Report, Style};
use delivery::secret::Redactor;
use delivery::settings::{EnvironmentSettings, Rung, Settings, Strategy};
use delivery::verdict::{Finding, Source, Trigger};
use jiff::Timestamp;
use serde_json::Value;

/// A secret that comes up in what tasks write.
pub(crate) const SECRET: &str = "hunter2-and-more";
/// Markup that comes up wherever others choose the words.
pub(crate) const MARKUP: &str = "<script src=\"https://evil.example/x.js\">'&\u{1b}[31m\u{202e}</pre>";

/// A deployment that is being made up.
pub(crate) struct Tale {
    verb: &'static str,
    now: Timestamp,
    moments: Vec<Moment>,
}

impl Tale {
    pub(crate) fn new(verb: &'static str) -> Self {
        Self { verb, now: "2026-11-24T10:00:00Z".parse().expect("a time"), moments: Vec::new() }
    }

    fn wait(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn tell(&mut self, event: Event) {
        self.moments.push(Moment { at: self.now, event });
    }

    fn step(&mut self, step: Step, what: &str, seconds: u64, outcome: Outcome, came: &str) {
        self.tell(Event::Began { step, what: what.to_owned(), limit: None });
        self.wait(seconds);
        self.end(step, seconds, outcome, came);
    }

    fn end(&mut self, step: Step, seconds: u64, outcome: Outcome, came: &str) {
        self.tell(Event::Ended { step, outcome, what: came.to_owned(), took: Duration::from_secs(seconds) });
    }

    fn stage(&mut self, name: &str, weight: f64, decides: &str, why: &str, seconds: u64) {
        let (name, decides, why) = (name.to_owned(), decides.to_owned(), why.to_owned());
        self.tell(Event::Stage(Stage { name, weight, decides, why }));
        self.wait(seconds);
    }

    fn tasks(&mut self, status: &str, running: i32, old: i32) {
        let status = status.to_owned();
        let tasks = Tasks { status, desired: 4, running, pending: 4 - running, failed: 0, old };
        let (spent, limit) = (Duration::from_secs(1), Duration::from_mins(20));
        self.tell(Event::Tasks { step: Step::Follow, tasks, spent, limit });
    }

    /// A watch whose candidate fails one request in so many and is so much slower.
    fn watch(&mut self, watch: &str, weight: f64, seconds: u64, fails: Option<u64>, slower: f64) {
        for spent in (5..=seconds).step_by(10) {
            self.wait(10);
            for (source, rate) in [(Source::Probes, 4), (Source::Users, 9)] {
                if source == Source::Users && (weight == 0.0 || spent < 60) {
                    continue;
                }
                let requests = spent * rate;
                let wave = 1.0 + 0.05 * ((spent as f64) / 40.0).sin();
                let arm = |errors: u64, slower: f64| Arm {
                    requests,
                    errors,
                    error_rate: Some(interval(errors, requests)),
                    p50: Some(0.021 * slower * wave),
                    p95: Some(0.064 * slower / wave),
                };
                let measured = Measured {
                    watch: watch.to_owned(),
                    weight,
                    source,
                    candidate: arm(fails.map_or(0, |fails| requests / fails), slower),
                    serving: Some(arm(requests / 900, 1.0)),
                    spent: Duration::from_secs(spent),
                    lasts: Duration::from_secs(seconds),
                };
                self.tell(Event::Measured(Box::new(measured)));
            }
        }
    }

    fn judged(&mut self, watch: &str, findings: Vec<Finding>) {
        let judgement = findings[0].judgement;
        self.tell(Event::Judged { watch: watch.to_owned(), judgement, findings });
    }

    fn beginning(&mut self) {
        self.step(Step::Preflight, "the image of 1f0c5d2a9b3e", 1, Outcome::Done, "4f4f4f4f4f4f");
        self.step(Step::Lock, "the lock of production", 1, Outcome::Done, "until 11:30");
        let about = About { release: Some(release()), serving: "77aa2b10c4de (9d9d9d9d9d9d)".to_owned() };
        self.tell(Event::About(Box::new(about)));
        for line in [
            "production gets 1f0c5d2a9b3e (4f4f4f4f4f4f), and serves 77aa2b10c4de (9d9d9d9d9d9d) now",
            "  push      nothing: the registry has the image",
            "  register  a revision like task-definition/myapp-api:41, but for",
            "            image: myapp@sha256:9d9d9d9d9d9d is myapp@sha256:4f4f4f4f4f4f",
            "  update    myapp-api in myapp-cluster, canary: 5 % for 15 min, 50 % for 15 min, 100 %",
            "  follow    at most 60 min, and back within 20 min if it fails",
        ] {
            self.tell(Event::Said { step: Step::Plan, what: line.to_owned() });
        }
        self.step(Step::Register, "a task definition of myapp-api", 1, Outcome::Done, "myapp-api:42");
        self.step(Step::Migrate, "`migrate up`", 9, Outcome::Done, "the schema is what the release needs");
        self.tell(Event::Began { step: Step::Follow, what: "the rollout".to_owned(), limit: None });
        self.stage("RECONCILE_SERVICE", 0.0, "ECS", "it looks at the service", 2);
        self.stage("PRE_SCALE_UP", 0.0, "ECS", "it goes on", 1);
        self.tasks("IN_PROGRESS", 0, 4);
        self.stage("SCALE_UP", 0.0, "ECS", "4 new tasks start", 40);
        self.tasks("IN_PROGRESS", 4, 4);
        self.stage("POST_SCALE_UP", 0.0, "ECS", "it goes on", 1);
        self.stage("TEST_TRAFFIC_SHIFT", 0.0, "ECS", "it goes on", 4);
        self.stage("POST_TEST_TRAFFIC_SHIFT", 0.0, "the engine", "the release is verified before any user", 1);
        self.watch("before users", 0.0, 80, None, 1.02);
        self.judged("before users", vec![rate_passed(300), latency(Judgement::Passed, 1.02)]);
        self.stage("PRE_PRODUCTION_TRAFFIC_SHIFT", 0.0, "the engine", "it goes straight on to 5 %", 1);
        self.stage("PRODUCTION_TRAFFIC_SHIFT", 5.0, "ECS", "5 % of the traffic goes over", 2);
        self.stage("POST_PRODUCTION_TRAFFIC_SHIFT", 5.0, "ECS", "it goes on", 1);
        self.stage("PRE_PRODUCTION_TRAFFIC_SHIFT", 5.0, "the engine", "held for 15 min", 1);
    }

    fn over(mut self, lines: &[&str], code: Option<Ending>) -> Made {
        self.wait(1);
        let ended = match code {
            None => Ended::well(self.verb, lines.iter().map(|&line| line.to_owned()).collect(), Value::Null),
            Some(ending) => Ended::badly(self.verb, &ending.into()),
        };
        Made { ended, over: self.now, moments: self.moments }
    }
}

/// A deployment that was made up.
pub(crate) struct Made {
    pub(crate) ended: Ended,
    pub(crate) over: Timestamp,
    pub(crate) moments: Vec<Moment>,
}

impl Made {
    pub(crate) fn page(&self) -> String {
        let began = "2026-11-24T10:00:00Z".parse().expect("a time");
        let Self { ended, over, moments } = self;
        let (environment, over) = (Environment::Production, *over);
        let report = Report::new(Style::PLAIN, std::io::sink(), Redactor::knowing([SECRET]));
        let record = Record { environment, settings: &settings(), ended, began, over, moments };
        page::of(&record, &|text| report.safe(text))
    }
}

/// A canary that got through.
pub(crate) fn success() -> Made {
    let mut tale = Tale::new("promote");
    tale.beginning();
    tale.watch("5 %", 5.0, 900, Some(1300), 1.03);
    tale.judged("5 %", vec![rate_passed(3600), latency(Judgement::Passed, 1.03), flows()]);
    for share in 2..=10 {
        let share = f64::from(share) * 5.0;
        tale.stage("PRODUCTION_TRAFFIC_SHIFT", share, "ECS", "more of the traffic goes over", 1);
        tale.stage("POST_PRODUCTION_TRAFFIC_SHIFT", share, "ECS", "it goes on", 1);
        tale.stage("PRE_PRODUCTION_TRAFFIC_SHIFT", share, "the engine", "it goes straight on", 1);
    }
    tale.watch("50 %", 50.0, 900, Some(1300), 0.99);
    tale.judged("50 %", vec![rate_passed(3600), latency(Judgement::Passed, 0.99), flows()]);
    for share in 11..=20 {
        let share = f64::from(share) * 5.0;
        tale.stage("PRODUCTION_TRAFFIC_SHIFT", share, "ECS", "more of the traffic goes over", 1);
        tale.stage("POST_PRODUCTION_TRAFFIC_SHIFT", share, "ECS", "it goes on", 1);
    }
    tale.stage("CLEAN_UP", 100.0, "ECS", "the old tasks are stopped", 6);
    tale.tasks("SUCCESSFUL", 4, 0);
    tale.end(Step::Follow, 1990, Outcome::Done, "it came in");
    tale.step(Step::Prove, "that 4f4f4f4f4f4f serves", 2, Outcome::Done, "4 checks");
    tale.step(Step::Smoke, "https://myapp.example/", 3, Outcome::Done, "6 questions were answered well");
    tale.recorded(Judgement::Passed, "");
    tale.step(Step::Evidence, "that it passed", 1, Outcome::Done, "recorded");
    tale.step(Step::Unlock, "the lock", 1, Outcome::Done, "given back");
    tale.over(&["production serves 1f0c5d2a9b3e (4f4f4f4f4f4f), proven and asked: myapp-api/Zk4XnQ2mV8rT"], None)
}

/// A canary that failed requests at 5 %.
pub(crate) fn rolled_back() -> Made {
    let mut tale = Tale::new("promote");
    tale.beginning();
    tale.watch("5 %", 5.0, 130, Some(18), 1.31);
    let why = format!("28 of 520 requests failed: 5.4 % (3.6 to 7.7 %), the limit is 1 % {MARKUP}");
    tale.judged("5 %", vec![rate(Judgement::Failed, &why, 0.054), latency(Judgement::Failed, 1.31), flows()]);
    tale.stage("PRE_PRODUCTION_TRAFFIC_SHIFT", 5.0, "the engine", "it goes back: error rate", 2);
    tale.stage("BAKE_TIME", 0.0, "ECS", "what served has all traffic again", 4);
    let task = "0123456789abcdef".to_owned();
    for line in ["starting", &format!("password={SECRET} {MARKUP}")] {
        tale.tell(Event::Log { task: task.clone(), line: line.to_owned() });
    }
    let what = format!("task 01234567 stopped:\nEssential container exited with 1 {MARKUP}");
    tale.tell(Event::Warned { step: Step::Follow, what });
    tale.tasks("ROLLBACK_SUCCESSFUL", 0, 4);
    tale.end(Step::Follow, 220, Outcome::Failed, &why);
    tale.recorded(Judgement::Failed, &why);
    tale.step(Step::Evidence, "that it failed", 1, Outcome::Done, "recorded");
    tale.step(Step::Unlock, "the lock", 1, Outcome::Done, "given back");
    tale.over(&[], Some(Ending::RolledBack(why)))
}

/// One that somebody stopped at 5 %.
pub(crate) fn aborted() -> Made {
    let mut tale = Tale::new("promote");
    tale.beginning();
    tale.watch("5 %", 5.0, 300, None, 1.0);
    tale.stage("PRE_PRODUCTION_TRAFFIC_SHIFT", 5.0, "the engine", "a signal asked to stop: it goes back", 3);
    tale.end(Step::Follow, 390, Outcome::Failed, "a signal asked to stop, and the old release serves again");
    tale.step(Step::Unlock, "the lock", 1, Outcome::Done, "given back");
    tale.over(&[], Some(Ending::RolledBack("a signal asked to stop".to_owned())))
}

/// One whose way back did not end well either.
pub(crate) fn not_back() -> Made {
    let mut tale = Tale::new("promote");
    tale.beginning();
    let why = "the flow create-link failed twice: POST /v1/links answered 500";
    let flow = Finding { words: why.to_owned(), judgement: Judgement::Failed, ..flows() };
    tale.judged("5 %", vec![flow]);
    tale.tell(Event::Began { step: Step::RollBack, what: "to myapp-api:41".to_owned(), limit: None });
    tale.wait(1200);
    let why = format!("{why}; and the way back: it was not done within 20 min");
    tale.over(&[], Some(Ending::RollbackFailed(why)))
}

/// One that a gate refused.
pub(crate) fn refused() -> Made {
    let mut tale = Tale::new("promote");
    let why = "staging has not verified 1f0c5d2a9b3e".to_owned();
    tale.step(Step::Preflight, "the image of 1f0c5d2a9b3e", 1, Outcome::Done, "4f4f4f4f4f4f");
    tale.step(Step::Plan, "what serves in production", 1, Outcome::Refused, &why);
    tale.over(&[], Some(Ending::Refused(vec![why, "the alarm errors is in ALARM".to_owned()])))
}

/// One that was left before anything was known.
pub(crate) fn empty() -> Made {
    Tale::new("promote").over(&[], Some(Ending::Interrupted))
}

impl Tale {
    fn recorded(&mut self, judgement: Judgement, reason: &str) {
        let verdict = Verdict {
            environment: Environment::Production,
            judgement,
            release: release(),
            reason: reason.to_owned(),
            service_deployment: Some(format!("arn:aws:ecs:ap-northeast-1:123456789012:service-deployment/{}", "a/b/c")),
            checks: vec![
                Check::new("tasks run the image", judgement, format!("4 of 4 {reason}"))
                    .with_numbers(4.0, 4.0, "tasks"),
                Check::new("5 %: error rate", judgement, "1 of 3600 requests failed").with_numbers(0.0003, 0.01, ""),
            ],
            by: "arn:aws:sts::123456789012:assumed-role/myapp-deploy-production/run-7".to_owned(),
            began: self.now,
            ended: self.now,
            schema: None,
            survivor: None,
        };
        self.tell(Event::Recorded(Box::new(verdict)));
    }
}

fn settings() -> EnvironmentSettings {
    let text = include_str!("../../../delivery.toml");
    let settings = Settings::parse(text, &Variables::from_iter([("A", "a")])).expect("settings");
    let mut settings = settings.environment(Environment::Production).clone();
    let watch = Duration::from_mins(15);
    settings.strategy = Strategy::Canary { steps: vec![Rung { share: 50, watch }, Rung { share: 500, watch }] };
    settings
}

fn release() -> Release {
    let (commit, digest) = ("1f0c5d2a9b3e".to_owned() + &"8".repeat(28), format!("sha256:{}", "4f".repeat(32)));
    Release { commit: commit.parse().expect("a commit"), digest: digest.parse().expect("a digest") }
}

fn rate(judgement: Judgement, words: &str, measured: f64) -> Finding {
    let (words, measured, limit) = (words.to_owned(), Some(measured), Some(0.01));
    Finding { trigger: Trigger::ErrorRate, judgement, words, measured, limit, unit: "", decides: true }
}

fn rate_passed(requests: u64) -> Finding {
    let words = format!("0 of {requests} requests failed: at most 1.00 % with 95 % confidence, the limit is 1 %");
    rate(Judgement::Passed, &words, 0.0)
}

fn latency(judgement: Judgement, ratio: f64) -> Finding {
    let words = format!("p95 is {ratio} times that of the release that serves (90 % interval), the limit is 1.2");
    let (measured, limit) = (Some(ratio), Some(1.2));
    Finding { trigger: Trigger::Latency, judgement, words, measured, limit, unit: "times", decides: true }
}

fn flows() -> Finding {
    let words = "all 4 flows passed each time".to_owned();
    Finding {
        trigger: Trigger::Flow,
        judgement: Judgement::Passed,
        words,
        measured: None,
        limit: None,
        unit: "",
        decides: true,
    }
}

/// Roughly what an interval of an error rate is like; the real ones are judged elsewhere.
fn interval(errors: u64, requests: u64) -> (f64, f64) {
    let (errors, requests) = (errors as f64, requests as f64);
    let width = 2.0 * (errors + 1.0).sqrt();
    ((((errors - width) / requests).max(0.0)), ((errors + 1.0 + width) / requests).min(1.0))
}
