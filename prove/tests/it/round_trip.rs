//! Round trips of migrations that are good and of some that are bad in one way each, on a real PostgreSQL.

use std::str::FromStr as _;

use prove::round_trip::{Proof, prove};
use schema::Folder;
use sqlx::postgres::PgConnectOptions;

const LINKS: &str = "CREATE TABLE links (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    url text NOT NULL,
    hits bigint,
    kind text CHECK (kind IN ('short', 'long')),
    made_at timestamptz NOT NULL DEFAULT now()
);
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE clicks (link_id bigint NOT NULL REFERENCES links (id), day date NOT NULL, mood mood, PRIMARY KEY (link_id, day));";

/// The proof of one migration behind the first.
async fn proof(up: &str, down: &str) -> Proof {
    let url = std::env::var("DATABASE_URL").expect("`cargo xtask test` names a server");
    let server = PgConnectOptions::from_str(&url).expect("it is a URL");
    let files = [("0001_a.up.sql", LINKS), ("0001_a.down.sql", ""), ("0002_b.up.sql", up), ("0002_b.down.sql", down)];
    let folder = |count: usize| Folder {
        files: files[..count].iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect(),
    };
    let mut proofs = prove(&folder(4), &folder(2), &server).await.expect("the server answers");
    assert_eq!(proofs.len(), 1);
    proofs.remove(0)
}

#[tokio::test]
async fn a_migration_that_can_be_undone_passes_with_rows_in_every_table() {
    for (up, down) in [
        ("ALTER TABLE links ADD COLUMN owner text;", "ALTER TABLE links DROP COLUMN owner;"),
        (
            "-- no-transaction\nCREATE INDEX CONCURRENTLY links_url ON links (url);",
            "-- no-transaction\nDROP INDEX CONCURRENTLY links_url;",
        ),
        (
            "CREATE TABLE notes (id uuid PRIMARY KEY, link_id bigint REFERENCES links (id), body jsonb);",
            "DROP TABLE notes;",
        ),
        ("ALTER TABLE links ALTER COLUMN hits SET DEFAULT 0;", "ALTER TABLE links ALTER COLUMN hits DROP DEFAULT;"),
        ("UPDATE links SET hits = 0 WHERE hits IS NULL;", "-- Nothing to undo: a zero does no harm."),
        (
            "ALTER TABLE links ALTER COLUMN url DROP NOT NULL; ALTER TABLE links ADD COLUMN target text;",
            "UPDATE links SET url = coalesce(url, target, ''); ALTER TABLE links ALTER COLUMN url SET NOT NULL; ALTER TABLE links DROP COLUMN target;",
        ),
    ] {
        let proof = proof(up, down).await;
        assert_eq!((proof.wrong, proof.untold, proof.known), Default::default(), "{up}");
        assert!(proof.rows >= 32, "{} rows: {up}", proof.rows);
    }
}

#[track_caller]
fn says(lines: &[String], part: &str) {
    assert!(lines.iter().any(|line| line.contains(part)), "{part}: {lines:#?}");
}

#[tokio::test]
async fn a_down_that_loses_is_named_with_the_rows() {
    let proof = proof(
        "ALTER TABLE links ADD COLUMN owner text;",
        "DELETE FROM clicks; DELETE FROM links WHERE owner IS NOT NULL; ALTER TABLE links DROP COLUMN owner;",
    )
    .await;
    says(&proof.wrong, "down loses public.links: the row {\"id\":");
    says(&proof.wrong, "is gone");
}

#[tokio::test]
async fn an_up_whose_values_nobody_can_bring_back_is_named_with_the_rows() {
    let proof = proof("UPDATE links SET slug = upper(slug);", "SELECT 1;").await;
    says(&proof.wrong, "down loses public.links: slug of the row {\"id\":1} was \"row0\" and is \"ROW0\"");
}

#[tokio::test]
async fn what_a_contract_step_or_its_author_gives_up_is_told_and_no_refusal() {
    for (up, down) in [
        (
            "-- contract: since 0001\nALTER TABLE links DROP COLUMN url;",
            "ALTER TABLE links ADD COLUMN url text NOT NULL DEFAULT '';ALTER TABLE links ALTER COLUMN url DROP DEFAULT;",
        ),
        ("UPDATE links SET slug = upper(slug);", "-- loses: how slugs were written, which nobody reads\nSELECT 1;"),
    ] {
        let proof = proof(up, down).await;
        assert_eq!(proof.wrong, Vec::<String>::new(), "{up}");
        says(&proof.known, "of the row {\"id\":");
    }
}

#[tokio::test]
async fn what_a_down_leaves_behind_or_does_not_bring_back_is_named() {
    for (up, down, said) in [
        (
            "ALTER TABLE links ADD COLUMN a text; CREATE INDEX links_hits ON links (hits);",
            "ALTER TABLE links DROP COLUMN a;",
            "down leaves the index public.links_hits behind",
        ),
        (
            "ALTER TABLE links DROP CONSTRAINT links_kind_check;",
            "SELECT 1;",
            "down does not bring the constraint public.links.links_kind_check back",
        ),
        (
            "ALTER TABLE links ALTER COLUMN hits SET DEFAULT 1;",
            "ALTER TABLE links ALTER COLUMN hits SET DEFAULT 0;",
            "down leaves the column public.links.hits as `bigint default 0`, and it was `bigint`",
        ),
    ] {
        let proof = proof(up, down).await;
        says(&proof.wrong, said);
    }
}

#[tokio::test]
async fn a_file_that_fails_half_way_is_named_with_what_it_has_left() {
    let down = "-- no-transaction\nDO $$ BEGIN ALTER TABLE links DROP COLUMN a; COMMIT; ALTER TABLE links DROP COLUMN nothing; END $$;";
    let down = proof("ALTER TABLE links ADD COLUMN a text, ADD COLUMN b text;", down).await;
    says(&down.wrong, "down fails once the new shape has rows");
    says(&down.wrong, "it, failing half way, does not bring the column public.links.a back");
    let up = proof("ALTER TABLE links ALTER COLUMN hits SET NOT NULL;", "SELECT 1;").await;
    says(&up.wrong, "up fails on a schema with rows in it");
}

#[tokio::test]
async fn an_index_that_is_left_invalid_is_named() {
    let up = "-- no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY links_hits ON links (url);";
    let proof = proof(up, "-- no-transaction\nDROP INDEX CONCURRENTLY links_hits;").await;
    says(&proof.wrong, "up fails on a schema with rows in it");
    says(&proof.wrong, "leaves the index public.links_hits behind");
    says(&proof.wrong, "INVALID");
}

#[tokio::test]
async fn a_table_that_no_row_could_be_made_for_is_no_pass() {
    let odd = "CREATE TABLE odd (a text NOT NULL CHECK (length(a) = 37 AND a LIKE 'x%y'));";
    let proof = proof(odd, "DROP TABLE odd;").await;
    assert_eq!(proof.wrong, Vec::<String>::new());
    says(&proof.untold, "no row could be made for public.odd");
}
