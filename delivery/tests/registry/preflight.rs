//! What is looked at before anything is touched.

use delivery::exit;
use delivery::preflight::Needs;
use rehearsal::faults::ApiFault;
use serde_json::json;

use crate::cloud::Scene;

const MISSING_ROLE: &str = "arn:aws:iam::123456789012:role/myapp-task";
const MISSING_SECRET: &str = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:myapp/other-AbCdEf";

#[tokio::test(start_paused = true)]
async fn everything_that_is_missing_or_rings_is_said_at_once_and_no_secret_is_read() {
    let scene = Scene::new();
    scene
        .ask(
            "secretsmanager.CreateSecret",
            json!({ "Name": "myapp/url", "SecretString": "hunter2", "ClientRequestToken": "a".repeat(36) }),
        )
        .await;
    let described = scene.ask("secretsmanager.DescribeSecret", json!({ "SecretId": "myapp/url" })).await;
    let described: serde_json::Value = serde_json::from_str(&described).expect("JSON");
    let arn = described["ARN"].as_str().expect("an ARN").to_owned();
    scene
        .ask("AmazonSSM.PutParameter", json!({ "Name": "/myapp/token", "Type": "SecureString", "Value": "hunter2" }))
        .await;
    let alarm = json!({ "AlarmName": "errors", "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1,
        "MetricName": "m", "Namespace": "n", "Period": 60, "Statistic": "Sum", "Threshold": 1.0 });
    scene.ask("GraniteServiceVersion20100801.PutMetricAlarm", alarm).await;
    let owned = |pairs: &[(&str, &str)]| -> Vec<_> {
        pairs.iter().map(|(one, two)| ((*one).to_owned(), (*two).to_owned())).collect()
    };
    let mut needs = Needs {
        roles: Vec::new(),
        secrets: owned(&[("DATABASE_URL", &format!("{arn}:password::")), ("API_TOKEN", "/myapp/token")]),
        alarms: vec!["errors".to_owned()],
    };
    let findings = needs.look(&scene.clients).await;
    assert_eq!(findings.looked_at, 3);
    assert_eq!(findings.judge(false), Ok(Vec::new()));

    let ring = json!({ "AlarmName": "errors", "StateValue": "ALARM", "StateReason": "a test" });
    scene.ask("GraniteServiceVersion20100801.SetAlarmState", ring).await;
    needs.roles.push(MISSING_ROLE.to_owned());
    needs.secrets.extend(owned(&[("A", MISSING_SECRET), ("B", "/myapp/none")]));
    needs.alarms.push("latency".to_owned());
    let findings = needs.look(&scene.clients).await;
    let told = findings.wrong.join("\n");
    for what in [MISSING_ROLE, MISSING_SECRET, "/myapp/none for B", "errors rings already", "latency does not exist"] {
        assert!(told.contains(what), "{what}: {told}");
    }
    assert_eq!(findings.wrong.len(), 5, "{told}");
    assert_eq!(findings.judge(true).expect_err("much is wrong").code(), exit::REFUSED);
    for reading in ["GetSecretValue", "GetParameter", "GetParameters"] {
        assert_eq!(scene.count(reading), 0, "{reading}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_does_not_answer_is_no_pass() {
    for operation in ["GetRole", "DescribeSecret", "DescribeParameters", "DescribeAlarms"] {
        let scene = Scene::new();
        scene.fault(operation, ApiFault::ServerError, 0, u64::MAX);
        let pair = |one: &str, two: &str| (one.to_owned(), two.to_owned());
        let needs = match operation {
            "GetRole" => Needs { roles: vec![MISSING_ROLE.to_owned()], ..Needs::default() },
            "DescribeSecret" => Needs { secrets: vec![pair("A", MISSING_SECRET)], ..Needs::default() },
            "DescribeParameters" => Needs { secrets: vec![pair("A", "/myapp/none")], ..Needs::default() },
            _ => Needs { alarms: vec!["errors".to_owned()], ..Needs::default() },
        };
        let ending = needs.look(&scene.clients).await.judge(true).expect_err("nobody knows");
        assert_eq!(ending.code(), exit::COULD_NOT_TELL, "{operation}: {ending}");
    }
}
