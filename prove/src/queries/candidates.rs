//! Values that a query is tried with: what the tables hold, what they do not hold yet, edges of types.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, PgConnection};

use crate::seed::{columns, values};

/// What the tables hold, as SQL, by the name of the type.
pub(super) struct Candidates(BTreeMap<String, Vec<String>>);

/// So many values of a column are looked at.
const OF_A_COLUMN: usize = 8;

/// What is fresh has a number from here on, which no row has that was made before.
const FRESH: usize = 1000;

impl Candidates {
    pub(super) async fn read(connection: &mut PgConnection) -> anyhow::Result<Self> {
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for table in columns::read(connection).await? {
            for column in &table.columns {
                let (name, of) = (&column.name, &table.name);
                let sql = format!(
                    "SELECT DISTINCT quote_literal({name}::text) FROM {of} WHERE {name} IS NOT NULL ORDER BY 1 LIMIT {OF_A_COLUMN}"
                );
                let held: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut *connection).await?;
                let known = found.entry(column.kind.clone()).or_default();
                known.extend(held.into_iter().chain(column.labels.iter().cloned()));
            }
        }
        for known in found.values_mut() {
            known.sort();
            known.dedup();
        }
        Ok(Self(found))
    }

    /// A value for a parameter in an attempt: the first is of fresh ones alone, the next of held ones.
    pub(super) fn pick(&self, kind: &str, attempt: usize, parameter: usize) -> String {
        if let Some(element) = kind.strip_prefix('_') {
            let (one, other) = (self.pick(element, attempt, parameter), self.pick(element, attempt + 1, parameter));
            let both = if attempt.is_multiple_of(3) { format!("{one}, {other}") } else { one };
            return format!("ARRAY[{both}]::{kind}");
        }
        let drawn = drawn(attempt, parameter);
        let fresh = || values::of_its_own(kind, FRESH + attempt * 16 + parameter);
        let held = || self.0.get(kind).and_then(|held| chosen(held, drawn / 8));
        let edge = || chosen(&values::edges(kind), drawn / 8);
        let found = match (attempt, drawn % 8) {
            (0, _) | (3.., 0..=2) => fresh().or_else(held).or_else(edge),
            (1 | 2, _) | (3.., 3..=6) => held().or_else(fresh).or_else(edge),
            _ => edge().or_else(held).or_else(fresh),
        };
        found.unwrap_or_else(|| "''".to_owned())
    }
}

fn chosen(from: &[String], at: usize) -> Option<String> {
    from.get(at % from.len().max(1)).cloned()
}

/// Numbers that look drawn and are the same in every run.
fn drawn(attempt: usize, parameter: usize) -> usize {
    let seed = (attempt as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ (parameter as u64 + 1).wrapping_mul(0xd1b5_4a32_d192_ed03);
    let mixed = (seed ^ (seed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    usize::try_from((mixed ^ (mixed >> 32)) & 0xffff_ffff).unwrap_or_default()
}
