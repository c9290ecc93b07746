//! A production with users, in which a release serves and the next one has been verified by staging.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::Parser as _;
use delivery::arguments::Arguments;
use delivery::edge::Stop;
use delivery::progress::{Event, Listener, Moment, Progress};
use delivery::report::Ended;
use delivery::verbs;
use jiff::Timestamp;
use rehearsal::scenery::Scenery;
use rehearsal::simulation::OneOff;

use crate::exposure::Exposure;
use crate::stage::{Built, SETTINGS, Stage};
use crate::users::Users;

const SEED: u64 = 1;
/// How long users have come before the next release does: long enough for alarms to know them.
const BEFORE: Duration = Duration::from_mins(5);

pub(crate) struct Scene {
    pub(crate) stage: Stage,
    /// What is to be brought in.
    pub(crate) next: Built,
    pub(crate) users: Users,
    /// How users are exposed to it.
    pub(crate) exposure: Exposure,
}

/// When a watch came to a verdict.
#[derive(Clone, Default)]
pub(crate) struct Verdicts(Arc<Mutex<Vec<(Timestamp, String)>>>);

impl Listener for Verdicts {
    fn take(&self, moment: Moment) {
        if let Event::Judged { watch, judgement, .. } = moment.event {
            self.0.lock().expect("nobody panicked").push((moment.at, format!("{watch}: {judgement}")));
        }
    }
}

impl Verdicts {
    pub(crate) fn last(&self) -> Option<(Timestamp, String)> {
        self.0.lock().expect("nobody panicked").last().cloned()
    }
}

impl Scene {
    /// With these lines in production's settings from now on.
    pub(crate) async fn new(lines: &str) -> Self {
        let mut stage = Stage::bare(SEED, &Scenery::default(), Arc::new(|_| OneOff::default())).await;
        let [first, next] = [1, 2].map(|number| stage.built(&format!("{number:040x}")));
        for (line, release) in [
            ("deploy-staging".to_owned(), &first),
            (format!("promote --image-tag {}", first.commit), &first),
            ("deploy-staging".to_owned(), &next),
        ] {
            let ended = run(&stage, release, &line, &Verdicts::default()).await;
            assert_eq!(ended.code, 0, "{line}: {:?}", ended.lines);
        }
        stage.settings = SETTINGS.replace("alarms = [\"errors\"]\n", &format!("alarms = [\"errors\"]\n{lines}\n"));
        let users = Users::come(&stage.cloud, &stage.app);
        let exposure = Exposure::watch(&stage.cloud, &next.digest);
        tokio::time::sleep(BEFORE).await;
        let saw = users.saw();
        assert_eq!((saw.failed, saw.slow), (0, 0), "users are well before it");
        Self { stage, next, users, exposure }
    }

    /// Runs the engine to its end.
    pub(crate) async fn run(&self, line: &str, verdicts: &Verdicts) -> Ended {
        run(&self.stage, &self.next, line, verdicts).await
    }

    pub(crate) async fn promote(&self, verdicts: &Verdicts) -> Ended {
        self.run(&format!("promote --image-tag {}", self.next.commit), verdicts).await
    }
}

async fn run(stage: &Stage, release: &Built, line: &str, verdicts: &Verdicts) -> Ended {
    let (_stopper, stop) = Stop::pair();
    let session = stage.session(release, stop, Progress::new(Arc::new(verdicts.clone()), stage.clock));
    let arguments = Arguments::try_parse_from(["delivery"].into_iter().chain(line.split_whitespace()));
    verbs::perform(&session, arguments.expect("it is one").verb).await
}
