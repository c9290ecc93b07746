//! Migrations in which `migrate check` finds nothing, and which break the release before them.

use schema::check;

use crate::scene::{EVERYTHING, QUERIES, SCHEMA, folder, verdict};

/// A migration: what it does, its files, the query that breaks, and how.
struct Case {
    what: &'static str,
    files: &'static [&'static str],
    query: &'static str,
    how: &'static str,
}

const SAFE: &str = "SET LOCAL lock_timeout = '2s';\nSET LOCAL statement_timeout = '30s';\n";

const CASES: [Case; 15] = [
    Case {
        what: "a column that has to have a value, in the three safe steps",
        files: &[
            "ALTER TABLE links ADD CONSTRAINT links_note_present CHECK (note IS NOT NULL) NOT VALID;",
            "ALTER TABLE links VALIDATE CONSTRAINT links_note_present;",
            "ALTER TABLE links ALTER COLUMN note SET NOT NULL;\nALTER TABLE links DROP CONSTRAINT links_note_present;",
        ],
        query: "INSERT INTO links (slug, url) VALUES",
        how: "null value in column \"note\" of relation \"links\" violates not-null constraint",
    },
    Case {
        what: "a check",
        files: &["ALTER TABLE links ADD CONSTRAINT links_url_https CHECK (url LIKE 'https://%') NOT VALID;"],
        query: "INSERT INTO links (slug, url) VALUES",
        how: "violates check constraint \"links_url_https\"",
    },
    Case {
        what: "a check that rows which are there do not meet, when they are next written",
        files: &["ALTER TABLE links ADD CONSTRAINT links_url_https CHECK (url LIKE 'https://%') NOT VALID;"],
        query: "UPDATE links SET hits = hits + 1",
        how: "violates check constraint \"links_url_https\"",
    },
    Case {
        what: "a default that is gone",
        files: &["-- contract: since 0001\nALTER TABLE links ALTER COLUMN kind DROP DEFAULT;"],
        query: "INSERT INTO links (slug, url) VALUES",
        how: "null value in column \"kind\"",
    },
    Case {
        what: "a default that is NULL",
        files: &["ALTER TABLE links ALTER COLUMN kind SET DEFAULT NULL;"],
        query: "INSERT INTO links (slug, url) VALUES",
        how: "null value in column \"kind\"",
    },
    Case {
        what: "a narrower type",
        files: &[
            "-- allow changing-column-type: the table is small\nALTER TABLE links ALTER COLUMN url TYPE varchar(6);",
        ],
        query: "INSERT INTO links (slug, url) VALUES",
        how: "value too long for type character varying(6)",
    },
    Case {
        what: "a view that shows something else",
        files: &[
            "CREATE OR REPLACE VIEW busy_links AS SELECT id, slug, CASE WHEN hits > 5 THEN hits END AS hits FROM links;",
        ],
        query: "SELECT slug AS \"slug!\", hits AS \"hits!\" FROM busy_links",
        how: "returns NULL as `hits`",
    },
    Case {
        what: "a trigger that refuses",
        files: &["CREATE FUNCTION note_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF NEW.note IS NULL THEN RAISE EXCEPTION 'a link without a note'; END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER links_noted BEFORE INSERT ON links FOR EACH ROW EXECUTE FUNCTION note_it();"],
        query: "INSERT INTO links (slug, url) VALUES",
        how: "a link without a note",
    },
    Case {
        what: "a trigger that drops rows in silence",
        files: &["CREATE FUNCTION note_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF NEW.note IS NULL THEN RETURN NULL; END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER links_noted BEFORE INSERT ON links FOR EACH ROW EXECUTE FUNCTION note_it();"],
        query: "INSERT INTO links (slug, url) VALUES",
        how: "returns no row any more",
    },
    Case {
        what: "a label of an enum",
        files: &["ALTER TYPE mood ADD VALUE 'angry';"],
        query: "SELECT slug, mood AS \"mood: Mood\" FROM links",
        how: "`mood` may be `angry` now",
    },
    Case {
        what: "a unique index",
        files: &["-- no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY links_url ON links (url);"],
        query: "INSERT INTO links (slug, url) VALUES",
        how: "duplicate key value violates unique constraint \"links_url\"",
    },
    Case {
        what: "a column whose name a join has already",
        files: &["ALTER TABLE clicks ADD COLUMN slug text;"],
        query: "SELECT slug, day, count FROM links JOIN clicks",
        how: "column reference \"slug\" is ambiguous",
    },
    Case {
        what: "a column more, where connections have all of them prepared",
        files: &["ALTER TABLE links ADD COLUMN owner text;"],
        query: EVERYTHING,
        how: "on connections that were open before it fails until they are closed: cached plan",
    },
    Case {
        what: "a foreign key",
        files: &[
            "CREATE TABLE kinds (name text PRIMARY KEY);",
            "ALTER TABLE links ADD CONSTRAINT links_kind FOREIGN KEY (kind) REFERENCES kinds (name) NOT VALID;",
        ],
        query: "INSERT INTO links (slug, url) VALUES",
        how: "violates foreign key constraint \"links_kind\"",
    },
    Case {
        what: "a contract step that comes before its release",
        files: &["-- contract: since 0001\nALTER TABLE links DROP COLUMN note;"],
        query: "SELECT id, url, hits, note FROM links",
        how: "every use of it fails: column \"note\" does not exist",
    },
];

impl Case {
    /// Its files as they would be committed.
    fn migrations(&self) -> Vec<(String, String)> {
        let file = |(number, text): (usize, &&str)| {
            let head = if text.starts_with("-- no-transaction") { "" } else { SAFE };
            // A contract mark may come first.
            let (mark, rest) = match text.split_once('\n') {
                Some((mark, rest)) if mark.starts_with("-- contract") => (format!("{mark}\n"), rest),
                _ => (String::new(), *text),
            };
            (format!("{:04}_next", number + 2), format!("{mark}{head}{rest}"))
        };
        self.files.iter().enumerate().map(file).collect()
    }
}

#[tokio::test]
async fn what_check_lets_pass_and_the_previous_release_does_not_survive_is_caught_with_the_query() {
    let merged = folder(&[("0001_first", SCHEMA)]);
    for case in CASES {
        let migrations = case.migrations();
        let new: Vec<_> = migrations.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let all = folder(&[&[("0001_first", SCHEMA)], &new[..]].concat());
        let findings = check::check(&all, Some(&merged));
        assert!(findings.is_empty(), "{}: check finds {findings:#?}", case.what);

        let queries = if case.query == EVERYTHING { vec![EVERYTHING] } else { QUERIES.to_vec() };
        let verdict = verdict(&queries, &new).await;
        let is_it = |line: &&String| line.starts_with(&format!("`{}", case.query)) && line.contains(case.how);
        assert!(verdict.wrong.iter().any(|line| is_it(&line)), "{}: {verdict:#?}", case.what);
        assert_eq!(verdict.untold, Vec::<String>::new(), "{}", case.what);
    }
}
