//! The critical flows, as staging and production run them.

use flows::{Secret, Target};

use crate::support::database::TestDatabase;
use crate::support::in_process::{TOKEN, TestService};
use app::migrate::Command;

#[tokio::test]
async fn every_critical_flow_passes() {
    let database = TestDatabase::migrated().await;
    let service = TestService::ready(&database.url(), &[]).await;
    let report = ::flows::run(&target(&service)).await;
    assert!(report.passed(), "{report:#?}");
    assert_eq!(database.number("SELECT count(*) FROM links").await, 0);
}

#[tokio::test]
async fn every_critical_flow_passes_on_the_oldest_schema_that_will_do() {
    let database = TestDatabase::create().await;
    let needed = app::migrate::needed_version();
    database.migrate(Command::Up { to: Some(needed) }).await.expect("the migrations apply");
    let service = TestService::ready(&database.url(), &[]).await;
    let report = ::flows::run(&target(&service)).await;
    assert!(report.passed(), "{report:#?}");
}

fn target(service: &TestService) -> Target {
    let url = format!("http://{}", service.address).parse().expect("an address makes a URL");
    Target::new(url, Secret::new(TOKEN)).expect("it is a base URL")
}
