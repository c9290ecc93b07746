//! Secrets planted wherever one can be, and looked for in everything that comes out.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_credential_types::Credentials;
use delivery::edge::Variables;
use delivery::environment::Environment;
use delivery::evidence::{Check, Evidence, Judgement, Verdict};
use delivery::exit::Ending;
use delivery::preflight::Needs;
use delivery::progress::{Event, Listener as _, Moment, Outcome, Step};
use delivery::report::{Ended, Report, Style};
use delivery::secret::Redactor;
use rehearsal::faults::ApiFault;
use serde_json::json;

use crate::cloud::{REPOSITORY, Scene, commit, start};

/// What the engine knows: it read them from its environment.
const KNOWN: [&str; 2] = ["flows-token-8842", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"];

/// What nobody told it, and the texts in which they come: the secret, and the text around it.
const UNKNOWN: [(&str, &str); 9] = [
    ("pg-pass-1", "could not connect to postgres://app:pg-pass-1@db.internal:5432/app?sslmode=require"),
    ("pg/pass@2", "dsn=postgresql://app:pg/pass@2@db/app"),
    ("bearer-token-3", "> Authorization: Bearer bearer-token-3"),
    ("YmFzaWMtdG9rZW4tNA==", "authorization: Basic YmFzaWMtdG9rZW4tNA=="),
    ("AKIAIOSFODNN7EXAMPLE", "using AKIAIOSFODNN7EXAMPLE"),
    ("session-5-secret", "AWS_SESSION_TOKEN=session-5-secret"),
    ("json-pass-6", r#"{"level":"error","db_password":"json-pass-6"}"#),
    ("env-pass-7", "environment: DATABASE_PASSWORD=env-pass-7 PORT=8080"),
    ("query-8-token", "GET /v1/links?api_key=query-8-token 401"),
];

fn texts() -> Vec<String> {
    let known = KNOWN.iter().map(|secret| format!("the service said {secret}, twice: {secret}"));
    known.chain(UNKNOWN.iter().map(|(_, text)| (*text).to_owned())).collect()
}

#[track_caller]
fn check(place: &str, text: &str) {
    for secret in KNOWN.into_iter().chain(UNKNOWN.map(|(secret, _)| secret)) {
        assert!(!text.contains(secret), "{secret} is in {place}: {text}");
    }
}

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("a page").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn events(text: &str) -> Vec<Event> {
    let (step, text) = (Step::Follow, text.to_owned());
    vec![
        Event::Began { step, what: text.clone(), limit: None },
        Event::Said { step, what: text.clone() },
        Event::Warned { step, what: text.clone() },
        Event::Log { task: "0123456789abcdef".to_owned(), line: text.clone() },
        Event::Ended { step, outcome: Outcome::Failed, what: text, took: Duration::from_secs(1) },
    ]
}

#[test]
fn none_is_in_what_people_programs_or_the_summary_page_get() {
    for style in [Style::PLAIN, Style { colours: true, live: true, width: 80 }] {
        let page = Page::default();
        let report = Report::new(style, page.clone(), Redactor::knowing(KNOWN));
        for event in texts().iter().flat_map(|text| events(text)) {
            report.take(Moment { at: start(), event });
        }
        let error = anyhow::Error::from(Ending::Refused(texts())).context(texts().join(" and "));
        let result = json!({ "lines": texts(), "nested": [{ "more": texts() }] });
        for ended in [Ended::badly("promote", &error), Ended::well("promote", texts(), result)] {
            report.close(&ended);
            check("the document", &report.document(&ended));
            check("the summary", &report.summary(&ended));
            check("the answer", &report.safe(&ended.lines.join("\n")));
        }
        let told = String::from_utf8(page.0.lock().expect("a page").clone()).expect("text");
        check("what was told", &told);
        assert!(told.contains("db.internal:5432") && told.contains("PORT=8080"), "the rest stays: {told}");
    }
}

#[tokio::test(start_paused = true)]
async fn none_is_in_anything_that_is_stored_beside_an_image() {
    let scene = Scene::new();
    let release = scene.seed(&commit('a'));
    let checks = texts().iter().map(|text| Check::new("smoke", Judgement::Failed, text.as_str())).collect();
    let verdict = Verdict {
        environment: Environment::Staging,
        judgement: Judgement::Failed,
        release: release.clone(),
        reason: texts().join("\n"),
        service_deployment: None,
        checks,
        by: "arn:aws:iam::123456789012:user/ann".to_owned(),
        began: start(),
        ended: start(),
        schema: None,
        survivor: None,
    };
    verdict.record(&scene.registry, &Redactor::knowing(KNOWN)).await.expect("it is recorded");
    let repository = scene.cloud.registry().repository(REPOSITORY).expect("a repository");
    for (digest, stored) in &repository.manifests {
        check(digest.as_str(), &String::from_utf8_lossy(&stored.bytes));
    }
    for (digest, blob) in &repository.blobs {
        check(digest.as_str(), &String::from_utf8_lossy(&blob.bytes().expect("bytes")));
    }
    let evidence = Evidence::about(&scene.registry, &release.digest).await.expect("an answer");
    check("the refusal", &evidence.admits(&release).expect_err("it failed").to_string());
}

#[tokio::test(start_paused = true)]
async fn none_is_in_what_preflight_says_of_secrets_or_in_a_failed_login() {
    let scene = Scene::new();
    for secret in KNOWN {
        let parameter = json!({ "Name": format!("/{}", secret.len()), "Type": "String", "Value": secret });
        scene.ask("AmazonSSM.PutParameter", parameter).await;
    }
    let secrets = KNOWN.map(|secret| ("TOKEN".to_owned(), format!("/{}", secret.len())));
    let mut needs = Needs { secrets: secrets.into(), ..Needs::default() };
    needs.secrets.push(("OTHER".to_owned(), "/missing".to_owned()));
    let findings = needs.look(&scene.clients).await;
    check("the findings", &format!("{findings:?}"));
    assert_eq!(findings.wrong.len(), 1);
    let login = scene.clients.registry_login().await.expect("a login");
    let token = login.authorization.to_str().expect("text").trim_start_matches("Basic ").to_owned();
    scene.fault("HEAD", ApiFault::ServerError, 0, u64::MAX);
    let folder = tempfile::tempdir().expect("a folder");
    crate::layout::write_layout(folder.path(), commit('b').as_str(), b"layer");
    let layout = delivery::registry::Layout::read(folder.path()).expect("a layout");
    let error = scene.registry.push(&layout, commit('b').as_str()).await.expect_err("the registry is broken");
    for text in [format!("{error:#}"), format!("{error:?}"), format!("{login:?}"), format!("{:?}", scene.registry)] {
        assert!(!text.contains(&token), "{text}");
    }
}

#[test]
fn none_is_in_the_debug_output_of_what_holds_them() {
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", KNOWN[1], Some(KNOWN[0].to_owned()), None, "a test");
    let variables = Variables::from_iter([("A", KNOWN[0]), ("B", KNOWN[1])]);
    let secret = delivery::secret::Secret::new(KNOWN[0]);
    let text = format!("{credentials:?} {variables:?} {secret:?} {:?}", Redactor::knowing(KNOWN));
    for secret in KNOWN {
        assert!(!text.contains(secret), "{text}");
    }
}
