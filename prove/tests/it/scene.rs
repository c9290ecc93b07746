//! A release with a schema and queries, and what comes after it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::str::FromStr as _;

use prove::queries::Query;
use prove::release::Release;
use prove::verdict::Verdict;
use schema::Folder;
use serde_json::json;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, SqlSafeStr as _};

/// The schema of the release.
pub(crate) const SCHEMA: &str = "SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE links (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slug text NOT NULL,
    url text NOT NULL,
    kind text NOT NULL DEFAULT 'short',
    hits bigint NOT NULL DEFAULT 0,
    note text,
    mood mood,
    made_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT links_slug_unique UNIQUE (slug)
);
CREATE TABLE clicks (
    link_id bigint NOT NULL REFERENCES links (id),
    day date NOT NULL,
    count bigint NOT NULL,
    PRIMARY KEY (link_id, day)
);
CREATE VIEW busy_links AS SELECT id, slug, hits FROM links WHERE hits > 0;
";

/// What the release asks.
pub(crate) const QUERIES: [&str; 8] = [
    "INSERT INTO links (slug, url) VALUES ($1, $2) RETURNING id",
    "INSERT INTO links (slug, url, note) VALUES ($1, $2, $3) ON CONFLICT (slug) DO UPDATE SET url = excluded.url",
    "SELECT id, url, hits, note FROM links WHERE slug = $1",
    "UPDATE links SET hits = hits + 1 WHERE slug = $1",
    "SELECT slug AS \"slug!\", hits AS \"hits!\" FROM busy_links",
    "SELECT slug, day, count FROM links JOIN clicks ON clicks.link_id = links.id WHERE day >= $1",
    "SELECT slug, mood AS \"mood: Mood\" FROM links WHERE mood = $1",
    "INSERT INTO clicks (link_id, day, count) SELECT * FROM unnest($1::bigint[], $2::date[], $3::bigint[])
        ON CONFLICT (link_id, day) DO UPDATE SET count = clicks.count + excluded.count",
];

/// A query whose columns are those of its table.
pub(crate) const EVERYTHING: &str = "SELECT * FROM links ORDER BY id";

pub(crate) fn server() -> PgConnectOptions {
    let url = std::env::var("DATABASE_URL").expect("`cargo xtask test` names a server");
    PgConnectOptions::from_str(&url).expect("it is a URL")
}

/// The files of migrations: each an up file with a down file that undoes nothing.
pub(crate) fn folder(migrations: &[(&str, &str)]) -> Folder {
    let up = |(name, text): &(&str, &str)| (format!("{name}.up.sql"), (*text).to_owned());
    let down = |(name, _): &(&str, &str)| (format!("{name}.down.sql"), "SELECT 1;".to_owned());
    Folder { files: migrations.iter().map(up).chain(migrations.iter().map(down)).collect() }
}

/// The metadata that a release commits of its queries, file by file, as the compiler would write it.
pub(crate) async fn metadata(queries: &[&str]) -> Vec<(String, String)> {
    let name = format!("scene_{}", unique());
    let mut admin = server().connect().await.expect("the server answers");
    admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE template0"))).await.expect("a database");
    let mut connection = server().database(&name).connect().await.expect("it can be reached");
    connection.execute(AssertSqlSafe(SCHEMA.replace(" LOCAL", ""))).await.expect("the schema can be made");
    let mut files = Vec::new();
    for (number, query) in queries.iter().enumerate() {
        let described = connection.describe(AssertSqlSafe((*query).to_owned()).into_sql_str()).await;
        let described = described.expect("the query fits the schema");
        let file = json!({"db_name": "PostgreSQL", "query": query, "describe": described, "hash": number.to_string()});
        files.push((format!("query-{number}.json"), file.to_string()));
    }
    connection.close().await.expect("it can be left");
    admin.execute(AssertSqlSafe(format!("DROP DATABASE {name}"))).await.expect("it can be dropped");
    files
}

fn unique() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// What the queries of the release meet behind these migrations.
pub(crate) async fn verdict(queries: &[&str], new: &[(&str, &str)]) -> Verdict {
    static OF_ALL: tokio::sync::OnceCell<Vec<(String, String)>> = tokio::sync::OnceCell::const_new();
    let files = if queries == QUERIES {
        OF_ALL.get_or_init(|| metadata(&QUERIES)).await.clone()
    } else {
        metadata(queries).await
    };
    let queries = files.iter().map(|(name, text)| Query::read(name, text).expect("it is metadata")).collect();
    let migrations = folder(&[("0001_first", SCHEMA)]);
    let release = Release { commit: "0123456789abcdef".to_owned(), migrations, queries };
    let all = [&[("0001_first", SCHEMA)], new].concat();
    prove::queries::prove(&release, &folder(&all), &server()).await.expect("the server answers")
}

/// A repository with the release as its only commit, tagged `v1`.
pub(crate) async fn repository(root: &Path) {
    write(root, "migrations/0001_first.up.sql", SCHEMA);
    write(root, "migrations/0001_first.down.sql", "DROP VIEW busy_links; DROP TABLE clicks, links; DROP TYPE mood;");
    for (name, text) in metadata(&QUERIES).await {
        write(root, &format!("app/.sqlx/{name}"), &text);
    }
    git(root, &["init", "--quiet", "--initial-branch=main"]);
    commit(root);
    git(root, &["tag", "v1"]);
}

pub(crate) fn write(root: &Path, path: &str, text: &str) {
    let file = root.join(path);
    fs::create_dir_all(file.parent().expect("it is in a folder")).expect("a folder");
    fs::write(file, text).expect("a file");
}

pub(crate) fn commit(root: &Path) {
    git(root, &["add", "--all"]);
    git(root, &["commit", "--quiet", "--allow-empty", "--message", "A scene"]);
}

pub(crate) fn git(root: &Path, arguments: &[&str]) {
    let author = ["-c", "user.name=prove", "-c", "user.email=prove@example.com"];
    let status = Command::new("git").args(author).args(arguments).current_dir(root).status();
    assert!(status.expect("git runs").success(), "git {arguments:?} failed");
}
