//! A rollback during the bake of a blue-green deployment: from the decision to the flip of weights.

use std::time::Duration;

use jiff::Timestamp;
use rehearsal::faults::TaskRule;
use rehearsal::world::{TaskFault, When};

use crate::arm::Strategy;
use crate::outcome::seconds;
use crate::scene::{Scene, Verdicts};
use crate::stage::SERVICE;

/// How long it has baked when somebody changes their mind.
const BAKED: Duration = Duration::from_mins(3);
/// When a release turns bad, from its tasks' start.
const TURNS: Duration = Duration::from_mins(6);

/// Each way back, told.
pub(crate) async fn in_the_bake() -> Vec<String> {
    let mut lines = vec![
        "| Who takes it back in the bake | From the decision until ECS is asked | Until users are at the old release |"
            .to_owned(),
        "| --- | --- | --- |".to_owned(),
    ];
    for (who, (decided, asked, flipped)) in [
        ("promote, by its verdict", by_promote().await),
        ("`monitor --roll-back`, by its verdict", by_monitor().await),
        ("`rollback`, from its start", by_somebody().await),
    ] {
        lines.push(format!("| {who} | {:.1} s | {:.1} s |", seconds(decided, asked), seconds(decided, flipped)));
    }
    lines
}

/// The decision, the call to ECS, and the flip.
type Times = (Timestamp, Timestamp, Timestamp);

async fn by_promote() -> Times {
    let scene = turning().await;
    let verdicts = Verdicts::default();
    let ended = scene.promote(&verdicts).await;
    assert_eq!(ended.code, 21, "{:?}", ended.lines);
    scene.times(verdicts.decision())
}

async fn by_monitor() -> Times {
    let scene = turning().await;
    scene.left_in_the_bake().await;
    let verdicts = Verdicts::default();
    let ended = scene.run("monitor --environment production --for 14m --roll-back", &verdicts).await;
    assert_eq!(ended.code, 21, "{:?}", ended.lines);
    scene.times(verdicts.decision())
}

async fn by_somebody() -> Times {
    let scene = Scene::new(&Strategy::BlueGreen.settings()).await;
    scene.left_in_the_bake().await;
    tokio::time::sleep(BAKED).await;
    let decided = scene.stage.cloud.now();
    let ended = scene.run("rollback --environment production", &Verdicts::default()).await;
    assert_eq!(ended.code, 0, "{:?}", ended.lines);
    scene.times(decided)
}

/// A release that turns bad in the bake.
async fn turning() -> Scene {
    let scene = Scene::new(&Strategy::BlueGreen.settings()).await;
    let fault = TaskFault::Errors { rate: 0.5 }.only(When::Age(TURNS));
    let rule = TaskRule::NextDeployment(SERVICE.to_owned());
    scene.stage.cloud.faults(|faults| faults.add_task(rule, fault, None));
    scene
}

impl Scene {
    async fn left_in_the_bake(&self) {
        let line = format!("promote --image-tag {} --no-wait", self.next.commit);
        let ended = self.run(&line, &Verdicts::default()).await;
        assert_eq!(ended.code, 0, "{:?}", ended.lines);
        assert!((self.exposure.share() - 1.0).abs() < f64::EPSILON, "it has all users");
    }

    fn times(&self, decided: Timestamp) -> Times {
        let calls = self.stage.cloud.snapshot().calls;
        let asks = ["StopServiceDeployment", "ContinueServiceDeployment"];
        let mut asked = calls.iter().filter(|call| call.at >= decided && asks.contains(&call.operation.as_str()));
        let asked = asked.next().expect("ECS was asked").at;
        (decided, asked, self.exposure.ended().expect("users are back"))
    }
}

impl Verdicts {
    fn decision(&self) -> Timestamp {
        let (at, words) = self.last().expect("a verdict");
        assert!(words.ends_with("failed"), "{words}");
        at
    }
}
