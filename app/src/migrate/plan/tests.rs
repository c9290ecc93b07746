//! Plans and refusals, as a table of cases.

use sqlx::migrate::MigrationType;
use sqlx::{AssertSqlSafe, SqlSafeStr};

use super::*;

fn migration(version: i64, migration_type: MigrationType) -> Migration {
    let sql = AssertSqlSafe(format!("SELECT {version}")).into_sql_str();
    Migration::new(version, format!("step {version}").into(), migration_type, sql, false)
}

/// Versions 1 to 3 with a way back, and 4 without.
fn known() -> Vec<Migration> {
    let mut known: Vec<_> = (1..=4).map(|version| migration(version, MigrationType::ReversibleUp)).collect();
    known.extend((1..=3).map(|version| migration(version, MigrationType::ReversibleDown)));
    known.sort();
    known
}

fn applied(versions: &[i64]) -> Vec<Applied> {
    let as_applied = |version: &i64| Applied {
        version: *version,
        checksum: migration(*version, MigrationType::ReversibleUp).checksum.into_owned(),
    };
    versions.iter().map(as_applied).collect()
}

fn versions(plan: Result<Vec<&Migration>, Refusal>) -> Result<Vec<i64>, String> {
    plan.map(|plan| plan.iter().map(|migration| migration.version).collect()).map_err(|refusal| refusal.to_string())
}

/// What is applied, where to go, and the plan or a part of the refusal.
type Case<'a> = (&'a [i64], Option<i64>, Result<&'a [i64], &'a str>);

#[track_caller]
fn check_plan(found: Result<Vec<i64>, String>, expected: Result<&[i64], &str>) {
    match expected {
        Ok(expected) => assert_eq!(found.as_deref(), Ok(expected)),
        Err(reason) => {
            let message = found.unwrap_err();
            assert!(message.contains(reason), "{message}");
        }
    }
}

#[test]
fn up_applies_what_is_missing_in_order_and_refuses_what_is_out_of_it() {
    let cases: &[Case] = &[
        (&[], None, Ok(&[1, 2, 3, 4])),
        (&[1, 2], None, Ok(&[3, 4])),
        (&[1], Some(3), Ok(&[2, 3])),
        (&[1, 2, 3, 4], None, Ok(&[])),
        (&[1, 2, 3, 4, 5], None, Ok(&[])),
        (&[1, 3], None, Err("0002 (step 2) comes before 0003")),
        (&[0, 1], None, Err("0000 is applied, but this release")),
        (&[1], Some(9), Err("no version 9")),
    ];
    for (have, to, expected) in cases {
        check_plan(versions(up(&known(), &applied(have), *to)), *expected);
    }
}

#[test]
fn down_undoes_the_last_or_all_after_one_and_refuses_what_has_no_way_back() {
    let cases: &[Case] = &[
        (&[], None, Ok(&[])),
        (&[1, 2, 3], None, Ok(&[3])),
        (&[1, 2, 3], Some(1), Ok(&[3, 2])),
        (&[1, 2, 3], Some(0), Ok(&[3, 2, 1])),
        (&[1, 2, 3, 4], Some(2), Err("0004 (step 4) has no down file")),
        (&[1, 2, 3, 4, 5], None, Err("0005 was applied by a later release")),
        (&[1, 2], Some(7), Err("no version 7")),
    ];
    for (have, to, expected) in cases {
        check_plan(versions(down(&known(), &applied(have), *to)), *expected);
    }
}

#[test]
fn a_file_that_was_changed_after_it_was_applied_is_refused_by_name() {
    let mut applied = applied(&[1, 2]);
    applied[1].checksum = vec![0];
    check_plan(versions(up(&known(), &applied, None)), Err("0002 (step 2) was changed after it was applied"));
}
