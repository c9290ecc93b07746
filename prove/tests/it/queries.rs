//! The queries of a release on schemas that do for it, and on some that do not.

use crate::scene::{QUERIES, verdict};

#[tokio::test]
async fn a_schema_that_does_for_the_release_passes_and_every_query_was_run() {
    for up in [
        "ALTER TABLE links ADD COLUMN owner text;",
        "ALTER TABLE links ADD COLUMN is_public boolean NOT NULL DEFAULT true;",
        "-- no-transaction\nCREATE INDEX CONCURRENTLY links_url ON links (url);",
        "CREATE TABLE owners (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);",
        "ALTER TABLE links ADD CONSTRAINT links_slug_short CHECK (length(slug) < 1000) NOT VALID;",
        "ALTER TABLE links ALTER COLUMN note SET DEFAULT '';",
        "ALTER TABLE links ALTER COLUMN kind TYPE varchar(2000);",
    ] {
        let verdict = verdict(&QUERIES, &[("0002_next", up)]).await;
        assert_eq!((verdict.wrong, verdict.untold, verdict.known), Default::default(), "{up}");
        assert!(verdict.tried.starts_with("8 queries, run "), "{}", verdict.tried);
        assert!(!verdict.tried.contains("not run"), "{}", verdict.tried);
    }
}

#[tokio::test]
async fn what_may_no_longer_be_written_is_no_refusal_when_its_author_says_why_nobody_writes_it() {
    let check = "ALTER TABLE links ADD CONSTRAINT links_url_plain CHECK (url LIKE 'row%') NOT VALID;";
    let said = format!("-- narrows: urls, which have all begun like this since the first release\n{check}");
    let refused = verdict(&QUERIES, &[("0002_next", check)]).await;
    let known = verdict(&QUERIES, &[("0002_next", said.as_str())]).await;
    assert_eq!(known.wrong, Vec::<String>::new());
    assert_eq!(known.known, refused.wrong);
    assert!(known.known.iter().any(|line| line.contains("links_url_plain")), "{:#?}", known.known);
    // Where nothing can be written at all, saying so helps nobody.
    let closed =
        "-- narrows: everything\nALTER TABLE links ADD CONSTRAINT links_closed CHECK (slug = 'nothing') NOT VALID;";
    let closed = verdict(&QUERIES, &[("0002_next", closed)]).await;
    assert!(closed.wrong.iter().any(|line| line.contains("links_closed")), "{closed:#?}");
}

#[tokio::test]
async fn what_may_be_read_now_is_no_refusal_when_its_author_says_why_nobody_writes_it_yet() {
    let null = "ALTER TABLE links ALTER COLUMN url DROP NOT NULL;";
    let label = "ALTER TYPE mood ADD VALUE 'angry';";
    for (up, mark, said) in [
        (null, "-- widens: urls, which the next release still writes", "`url` may be NULL now"),
        (null, "-- allow ban-drop-not-null: the next release still writes it", "`url` may be NULL now"),
        (label, "-- widens: moods, which the release after the next writes", "`mood` may be `angry` now"),
    ] {
        let refused = verdict(&QUERIES, &[("0002_next", up)]).await;
        let known = verdict(&QUERIES, &[("0002_next", format!("{mark}\n{up}").as_str())]).await;
        assert!(refused.wrong.iter().any(|line| line.contains(said)), "{refused:#?}");
        assert_eq!((known.wrong, known.known), (Vec::new(), refused.wrong), "{mark}");
    }
}

#[tokio::test]
async fn a_migration_that_fails_on_rows_of_the_release_is_named_and_so_is_what_it_breaks() {
    let up = "ALTER TABLE links ADD CONSTRAINT links_url_https CHECK (url LIKE 'https://%');";
    let verdict = verdict(&QUERIES, &[("0002_next", up)]).await;
    let says = |part: &str| assert!(verdict.wrong.iter().any(|line| line.contains(part)), "{part}: {verdict:#?}");
    says("0002_next.up.sql fails: check constraint \"links_url_https\"");
    says("(query-0): fails: new row for relation \"links\" violates check constraint");
}

#[tokio::test]
async fn a_schema_of_the_release_that_cannot_be_made_is_no_pass() {
    let verdict = verdict(&["SELECT slug FROM links"], &[("0002_next", "SELECT nothing;")]).await;
    assert!(verdict.wrong.iter().any(|line| line.contains("0002_next.up.sql fails")), "{verdict:#?}");
}
