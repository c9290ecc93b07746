//! The edges of types, as SQL.

/// The values of a type that are most likely to be trouble; none for a type that is not known.
pub(crate) fn edges(kind: &str) -> Vec<String> {
    let values: &[&str] = match kind {
        "text" | "varchar" | "bpchar" | "citext" | "name" => {
            &["''", "'a'", "'ünï ✓'", "E'two\\nlines'", "'''quoted'''"]
        }
        "int2" => &["0", "1", "-1", "32767", "-32768"],
        "int4" => &["0", "1", "-1", "2147483647", "-2147483648"],
        "int8" => &["0", "1", "-1", "9223372036854775807", "-9223372036854775808"],
        "numeric" => &["0", "1.5", "-99999.99", "0.00001"],
        "float4" | "float8" => &["0", "1.5", "-1e30", "'Infinity'"],
        "bool" => &["true", "false"],
        "date" => &["'1970-01-01'", "'2000-02-29'", "'9999-12-31'"],
        "timestamp" | "timestamptz" => &["'1970-01-01T00:00:00Z'", "'2026-01-02T03:04:05.678901Z'", "'infinity'"],
        "time" | "timetz" => &["'00:00:00'", "'23:59:59.999999'"],
        "interval" => &["'0'", "'1 year 2 months 3 days 04:05:06'", "'-1 day'"],
        "json" | "jsonb" => &["'{}'", "'[1, \"x\", null]'", "'null'"],
        "bytea" => &["'\\x'", "'\\x00ff'"],
        "uuid" => &["'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"],
        "inet" | "cidr" => &["'127.0.0.1'", "'::1'"],
        kind if kind.starts_with('_') => &["'{}'"],
        kind if kind.ends_with("range") => &["'empty'"],
        _ => &[],
    };
    values.iter().map(ToString::to_string).collect()
}

/// A plain value that no other number has; none for types with too few values.
pub(crate) fn of_its_own(kind: &str, number: usize) -> Option<String> {
    Some(match kind {
        "text" | "varchar" | "bpchar" | "citext" | "name" => format!("'row{number}'"),
        "int2" | "int4" | "int8" | "numeric" | "float4" | "float8" => (number + 1).to_string(),
        "date" => format!("date '2026-01-01' + {number}"),
        "timestamp" | "timestamptz" => format!("timestamptz '2026-01-02T03:04:05Z' + interval '{number} s'"),
        "uuid" => format!("'00000000-0000-4000-8000-{number:012}'"),
        "bytea" => format!("'\\x{number:08x}'"),
        "jsonb" => format!("'{{\"row\": {number}}}'"),
        _ => return None,
    })
}
