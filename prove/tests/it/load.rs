//! Migrations on tables with rows in them, while others read and write.

use std::time::Duration;

use prove::load::{Asked, prove};
use prove::verdict::Verdict;

use crate::scene::{SCHEMA, folder, server};

/// What is told of a migration behind the schema of the release.
async fn verdict(up: &str, longest_stall: Duration) -> Verdict {
    let merged = folder(&[("0001_first", SCHEMA)]);
    let all = folder(&[("0001_first", SCHEMA), ("0002_next", up)]);
    let asked = Asked { rows: 5000, longest_stall };
    let mut verdicts = prove(&all, &merged, &server(), asked).await.expect("the server answers");
    assert_eq!(verdicts.len(), 1, "{verdicts:#?}");
    verdicts.remove(0)
}

/// Longer than any machine takes for it.
const LONG: Duration = Duration::from_mins(2);

#[tokio::test]
async fn a_migration_that_keeps_nobody_waiting_passes_and_says_what_was_measured() {
    for (up, tables) in [
        ("ALTER TABLE links ADD COLUMN owner text;", "5000 rows in public.links;"),
        ("-- no-transaction\nCREATE INDEX CONCURRENTLY links_url ON links (url);", "5000 rows in public.links;"),
        ("ALTER TABLE clicks ADD COLUMN owner text;", "5000 rows in public.links, public.clicks;"),
    ] {
        let verdict = verdict(up, LONG).await;
        assert_eq!((&verdict.wrong, &verdict.untold), (&Vec::new(), &Vec::new()), "{up}");
        for part in [tables, "longest lock wait ", "longest stall "] {
            assert!(verdict.tried.contains(part), "{}", verdict.tried);
        }
    }
}

#[tokio::test]
async fn a_lock_that_others_wait_for_too_long_is_refused() {
    let up = "ALTER TABLE links ADD COLUMN owner text; SELECT pg_sleep(1.5);";
    let verdict = verdict(up, Duration::from_millis(300)).await;
    assert!(verdict.wrong.iter().any(|line| line.starts_with("others wait for a lock for ")), "{verdict:#?}");
}

#[tokio::test]
async fn a_migration_that_does_not_end_in_its_time_is_refused() {
    let up = "SET LOCAL statement_timeout = '50ms'; SELECT pg_sleep(60) FROM (SELECT FROM links LIMIT 1) AS one;";
    let verdict = verdict(up, LONG).await;
    assert!(verdict.wrong.iter().any(|line| line.contains("does not end in its time")), "{verdict:#?}");
}

#[tokio::test]
async fn rows_that_only_this_proof_would_write_are_no_refusal() {
    let up = "ALTER TABLE links ADD CONSTRAINT links_url_https CHECK (url LIKE 'https://%');";
    let verdict = verdict(up, LONG).await;
    assert_eq!(verdict.wrong, Vec::<String>::new());
    assert!(verdict.untold.iter().any(|line| line.contains("fails on the rows that were made")), "{verdict:#?}");
}

#[tokio::test]
async fn a_new_table_keeps_nobody_waiting() {
    let verdict = verdict("CREATE TABLE owners (id bigint PRIMARY KEY);", LONG).await;
    assert_eq!(verdict.tried, "it touches no table that was there");
    assert_eq!((verdict.wrong, verdict.untold), Default::default());
}
