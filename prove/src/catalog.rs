//! What a database is made of, an object a line, so that two can be told apart by what differs.

use std::collections::BTreeMap;

use sqlx::{PgConnection, Row as _};

/// Objects with how they are defined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Catalog(pub(crate) BTreeMap<String, String>);

/// How two differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) object: String,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

/// Objects of extensions and of PostgreSQL itself are left out; so is the order of columns, which nobody
/// can bring back.
const OBJECTS: &str = r"
WITH schemas AS (
    SELECT oid, nspname FROM pg_namespace
    WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND nspname NOT LIKE 'pg\_%'
), ours AS (
    SELECT c.*, s.nspname, s.nspname || '.' || c.relname AS name
    FROM pg_class AS c JOIN schemas AS s ON s.oid = c.relnamespace
    WHERE NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e')
)
SELECT 'schema ' || nspname AS object, '' AS definition FROM schemas
UNION ALL
SELECT 'table ' || name, concat_ws(', ', relkind::text, relpersistence::text,
    CASE WHEN relrowsecurity THEN 'row security' END)
FROM ours WHERE relkind IN ('r', 'p')
UNION ALL
SELECT 'column ' || o.name || '.' || a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod),
    CASE WHEN a.attnotnull THEN 'not null' END, nullif(a.attidentity, '')::text, nullif(a.attgenerated, '')::text,
    'default ' || pg_get_expr(d.adbin, d.adrelid))
FROM ours AS o JOIN pg_attribute AS a ON a.attrelid = o.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef AS d ON d.adrelid = o.oid AND d.adnum = a.attnum
WHERE o.relkind IN ('r', 'p')
UNION ALL
SELECT 'constraint ' || o.name || '.' || c.conname, pg_get_constraintdef(c.oid)
FROM pg_constraint AS c JOIN ours AS o ON o.oid = c.conrelid
UNION ALL
SELECT 'index ' || o.name, pg_get_indexdef(o.oid) || CASE WHEN i.indisvalid THEN '' ELSE ' INVALID' END
FROM ours AS o JOIN pg_index AS i ON i.indexrelid = o.oid
UNION ALL
SELECT 'view ' || name, pg_get_viewdef(oid) FROM ours WHERE relkind IN ('v', 'm')
UNION ALL
SELECT 'sequence ' || o.name, concat_ws(' ', format_type(s.seqtypid, NULL), s.seqincrement, s.seqmin, s.seqmax)
FROM ours AS o JOIN pg_sequence AS s ON s.seqrelid = o.oid
UNION ALL
SELECT 'trigger ' || o.name || '.' || t.tgname, pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text
FROM pg_trigger AS t JOIN ours AS o ON o.oid = t.tgrelid WHERE NOT t.tgisinternal
UNION ALL
SELECT 'policy ' || o.name || '.' || p.polname, concat_ws(' ', p.polcmd::text, pg_get_expr(p.polqual, p.polrelid),
    pg_get_expr(p.polwithcheck, p.polrelid))
FROM pg_policy AS p JOIN ours AS o ON o.oid = p.polrelid
UNION ALL
SELECT 'function ' || p.oid::regprocedure::text, pg_get_functiondef(p.oid)
FROM pg_proc AS p JOIN schemas AS s ON s.oid = p.pronamespace
WHERE p.prokind IN ('f', 'p') AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = p.oid AND d.deptype = 'e')
UNION ALL
SELECT 'type ' || s.nspname || '.' || t.typname, coalesce(
    (SELECT string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder) FROM pg_enum AS e WHERE e.enumtypid = t.oid),
    format_type(t.typbasetype, t.typtypmod))
FROM pg_type AS t JOIN schemas AS s ON s.oid = t.typnamespace
WHERE t.typtype IN ('e', 'd') AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = t.oid AND d.deptype = 'e')
UNION ALL
SELECT 'extension ' || extname, extversion FROM pg_extension
";

impl Catalog {
    pub(crate) async fn read(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let rows = sqlx::query(OBJECTS).fetch_all(connection).await?;
        let object = |row: &sqlx::postgres::PgRow| Ok((row.try_get(0)?, row.try_get(1)?));
        rows.iter().map(object).collect::<Result<_, sqlx::Error>>().map(Self)
    }

    /// What is not as it was.
    pub(crate) fn differences(&self, after: &Self) -> Vec<Difference> {
        let mut objects: Vec<&String> = self.0.keys().chain(after.0.keys()).collect();
        objects.sort();
        objects.dedup();
        let differing = objects.into_iter().filter(|object| self.0.get(*object) != after.0.get(*object));
        differing
            .map(|object| Difference {
                object: object.clone(),
                before: self.0.get(object).cloned(),
                after: after.0.get(object).cloned(),
            })
            .collect()
    }

    /// The indexes that no query uses, and every write keeps up.
    pub(crate) fn invalid_indexes(&self) -> impl Iterator<Item = &str> {
        let invalid = self.0.iter().filter(|(_, definition)| definition.ends_with(" INVALID"));
        invalid.filter_map(|(object, _)| object.strip_prefix("index "))
    }
}
