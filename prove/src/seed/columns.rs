//! What has to be known of tables to fill them, those first that others refer to.

use std::collections::BTreeSet;

use sqlx::{PgConnection, Row as _};

/// A table that holds rows.
#[derive(Clone)]
pub(crate) struct Table {
    /// Its name with its schema, quoted where it has to be.
    pub(crate) name: String,
    pub(crate) columns: Vec<Column>,
}

#[derive(Clone)]
pub(crate) struct Column {
    /// Quoted where it has to be.
    pub(crate) name: String,
    /// The name of its type; of a domain, of the type below it.
    pub(crate) kind: String,
    /// Whether it may not be NULL.
    pub(crate) is_required: bool,
    /// Whether the database finds its value: an identity, a generated column, a sequence.
    pub(crate) is_filled: bool,
    /// Whether an index has it unique, alone or with others.
    pub(crate) is_unique: bool,
    /// The labels of its enum, or the strings that a check of it alone names, as SQL.
    pub(crate) labels: Vec<String>,
    /// The table and the column that it refers to.
    pub(crate) refers: Option<(String, String)>,
}

const COLUMNS: &str = r"
SELECT format('%I.%I', n.nspname, c.relname) AS table,
    quote_ident(a.attname) AS name,
    coalesce(b.typname, t.typname)::text AS kind,
    a.attnotnull OR t.typnotnull AS is_required,
    a.attidentity <> '' OR a.attgenerated <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%', false)
        AS is_filled,
    EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisunique AND a.attnum = ANY (i.indkey))
        AS is_unique,
    coalesce((SELECT array_agg(quote_literal(e.enumlabel) ORDER BY e.enumsortorder) FROM pg_enum AS e
            WHERE e.enumtypid = coalesce(b.oid, t.oid)),
        (SELECT array_agg(quote_literal(found[1])) FROM pg_constraint AS k,
            regexp_matches(pg_get_constraintdef(k.oid), '''([^'']*)''::text', 'g') AS found
            WHERE k.conrelid = c.oid AND k.contype = 'c' AND k.conkey = ARRAY[a.attnum]),
        '{}') AS labels,
    (SELECT format('%I.%I', fn.nspname, f.relname) FROM pg_constraint AS k JOIN pg_class AS f ON f.oid = k.confrelid
        JOIN pg_namespace AS fn ON fn.oid = f.relnamespace
        WHERE k.conrelid = c.oid AND k.contype = 'f' AND a.attnum = ANY (k.conkey) LIMIT 1) AS refers_table,
    (SELECT quote_ident(fa.attname) FROM pg_constraint AS k
        JOIN pg_attribute AS fa ON fa.attrelid = k.confrelid
            AND fa.attnum = k.confkey[array_position(k.conkey, a.attnum)]
        WHERE k.conrelid = c.oid AND k.contype = 'f' AND a.attnum = ANY (k.conkey) LIMIT 1) AS refers_column
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_type AS b ON t.typtype = 'd' AND b.oid = t.typbasetype
LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_%'
ORDER BY 1, a.attnum";

/// The tables, each behind those that it refers to as far as there is such an order.
pub(crate) async fn read(connection: &mut PgConnection) -> Result<Vec<Table>, sqlx::Error> {
    let mut tables: Vec<Table> = Vec::new();
    for row in sqlx::query(COLUMNS).fetch_all(connection).await? {
        let table: String = row.try_get("table")?;
        let refers = Option::zip(row.try_get("refers_table")?, row.try_get("refers_column")?);
        let column = Column {
            name: row.try_get("name")?,
            kind: row.try_get("kind")?,
            is_required: row.try_get("is_required")?,
            is_filled: row.try_get("is_filled")?,
            is_unique: row.try_get("is_unique")?,
            labels: row.try_get("labels")?,
            refers,
        };
        match tables.last_mut().filter(|last| last.name == table) {
            Some(last) => last.columns.push(column),
            None => tables.push(Table { name: table, columns: vec![column] }),
        }
    }
    Ok(ordered(tables))
}

fn ordered(mut tables: Vec<Table>) -> Vec<Table> {
    let mut ordered: Vec<Table> = Vec::new();
    let mut there: BTreeSet<String> = BTreeSet::new();
    while !tables.is_empty() {
        let is_ready = |table: &Table| {
            let refers = table.columns.iter().filter_map(|column| column.refers.as_ref());
            refers.into_iter().all(|(other, _)| other == &table.name || there.contains(other))
        };
        // In a circle somebody has to begin.
        let next = tables.iter().position(is_ready).unwrap_or_default();
        let table = tables.remove(next);
        there.insert(table.name.clone());
        ordered.push(table);
    }
    ordered
}
