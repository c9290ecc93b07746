//! Tables of what is read out of a file.

use super::*;

fn texts(script: &Script) -> Vec<String> {
    script.statements.iter().map(|statement| script.excerpt(statement.range.clone())).collect()
}

const BATCHES: &str = "-- no-transaction
DO $$
DECLARE
    done bigint := 0;
BEGIN
    PERFORM set_config('lock_timeout', '2s', false);
    LOOP
        EXIT WHEN done > 5; -- not yet
        UPDATE links SET a = 1 WHERE id > done AND id <= done + 1000;
        COMMIT;
    END LOOP;
    IF done > 3 THEN DROP TABLE other; END IF;
END
$$;
";

#[test]
fn a_block_is_followed_by_what_runs_inside_of_it() {
    let script = Script::parse(BATCHES);
    assert_eq!(
        texts(&script)[1..],
        [
            "PERFORM set_config('lock_timeout', '2s', false)",
            "UPDATE links SET a = 1 WHERE id > done AND id <= done + 1000",
            "COMMIT",
            "DROP TABLE other"
        ]
    );
    let inside: Vec<_> = script.statements.iter().map(|its| (its.block, its.in_loop)).collect();
    let (once, repeated) = ((Some(0), false), (Some(0), true));
    assert_eq!(inside, [(None, false), once, repeated, repeated, once]);
    let lines: Vec<_> = script.statements.iter().map(|its| script.line(its.range.start)).collect();
    assert_eq!(lines, [2, 6, 9, 10, 12]);
}

#[test]
fn squawk_gets_the_statements_of_a_block_where_they_stand_and_no_comment() {
    let script = Script::parse(BATCHES);
    let shown = script.for_squawk();
    assert_eq!(shown.len(), BATCHES.len());
    assert_eq!(shown.find("DROP TABLE other;"), BATCHES.find("DROP TABLE other;"));
    for gone in ["DO $$", "--", "LOOP", "DECLARE"] {
        assert!(!shown.contains(gone), "{gone}: {shown}");
    }
}

#[test]
fn names_are_taken_as_postgresql_takes_them() {
    for (sql, name) in [
        ("ALTER TABLE Links x", "links"),
        ("ALTER TABLE \"Links\" x", "Links"),
        ("ALTER TABLE public.links x", "links"),
    ] {
        let script = Script::parse(sql);
        let words = &script.statements[0].words;
        assert_eq!(words.name(2).map(|(name, _)| name), Some(name), "{sql}");
    }
}

#[test]
fn strings_are_read_with_where_they_begin() {
    for (sql, content, start) in [
        ("DO 'BEGIN END'", "BEGIN END", 4),
        ("DO $$BEGIN END$$", "BEGIN END", 5),
        ("DO $x$BEGIN END$x$", "BEGIN END", 6),
    ] {
        let script = Script::parse(sql);
        let string = script.statements[0].words.0.iter().find_map(Word::string);
        assert_eq!(string, Some((content, start)), "{sql}");
    }
}
