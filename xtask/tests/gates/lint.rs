//! What `lint` is for.

use crate::copy::Copy;

const REFUSED: i32 = 10;
const WORKFLOW: &str = ".github/workflows/ci.yml";
const CHECKOUT: &str = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1";

#[test]
fn a_format_error_is_refused() {
    let copy = Copy::of_repository();
    copy.replace("xtask/src/main.rs", "fn main() ->", "fn  main()->");
    copy.xtask(&["lint", "format"]).expect(REFUSED, "xtask/src/main.rs");
}

#[test]
fn a_clippy_warning_is_refused() {
    let copy = Copy::of_repository();
    copy.append(
        "xtask/src/exit.rs",
        "\npub(crate) fn first(words: &[&str]) -> usize {\n    words.get(0).unwrap().len()\n}\n",
    );
    let ran = copy.xtask(&["lint", "clippy"]);
    ran.expect(REFUSED, "get_first");
    ran.expect(REFUSED, "unwrap_used");
}

#[test]
fn a_broken_link_in_the_documentation_is_refused() {
    let copy = Copy::of_repository();
    copy.replace("xtask/src/exit.rs", "[`UNEXPECTED`]", "[`Unexpected`]");
    copy.xtask(&["lint", "docs"]).expect(REFUSED, "unresolved link to `Unexpected`");
}

#[test]
fn an_unpinned_action_is_refused_twice() {
    let copy = Copy::of_repository();
    copy.replace(WORKFLOW, CHECKOUT, "actions/checkout@v7");
    copy.xtask(&["lint", "workflows"]).expect(REFUSED, "unpinned-uses");
    copy.xtask(&["lint", "tidy"]).expect(REFUSED, "pin it to a commit");
}

#[test]
fn a_branch_in_a_step_is_refused() {
    let copy = Copy::of_repository();
    copy.replace(WORKFLOW, "run: cargo xtask lint", "run: if true; then cargo xtask lint; fi");
    copy.xtask(&["lint", "tidy"]).expect(REFUSED, "exactly one `cargo xtask` line");
}

#[test]
fn a_deployment_that_may_be_cut_off_is_refused() {
    let copy = Copy::of_repository();
    let workflow = ".github/workflows/deploy-production.yml";
    copy.replace(workflow, "cancel-in-progress: false\n      queue: max", "cancel-in-progress: true");
    copy.xtask(&["lint", "tidy"]).expect(REFUSED, "it deploys, so its own `concurrency` has");
}

#[test]
fn the_role_of_production_outside_its_environment_is_refused() {
    let copy = Copy::of_repository();
    let workflow = ".github/workflows/deploy-production.yml";
    copy.replace(workflow, "environment: production", "environment: staging");
    copy.xtask(&["lint", "tidy"]).expect(REFUSED, "AWS_PRODUCTION_ROLE is taken in `environment: production`");
}

#[test]
fn a_missing_down_migration_is_refused() {
    let copy = Copy::of_repository();
    let down = copy.files("migrations", ".down.sql").remove(0);
    copy.remove(&down);
    copy.xtask(&["lint", "migrations"]).expect(REFUSED, &format!("{down} is missing"));
}

#[test]
fn a_migration_that_would_break_what_runs_is_refused() {
    let copy = Copy::of_repository();
    let timeouts = "SET LOCAL lock_timeout = '2s';\nSET LOCAL statement_timeout = '30s';\n";
    copy.write("migrations/9999_drop_slug.up.sql", format!("{timeouts}ALTER TABLE links DROP COLUMN slug;\n"));
    copy.write("migrations/9999_drop_slug.down.sql", "-- Nothing brings it back.\n");
    let ran = copy.xtask(&["migrate", "check", "--base", "HEAD"]);
    ran.expect(REFUSED, "migrations/9999_drop_slug.up.sql:3: ban-drop-column");
    ran.expect(REFUSED, "in production: the release before names the column");
}

#[test]
fn stale_metadata_of_a_query_is_refused_and_renewed_on_request() {
    let copy = Copy::of_repository();
    let metadata = copy.files("app/.sqlx", ".json").remove(0);
    copy.remove(&metadata);
    let name = metadata.rsplit('/').next().expect("a file has a name");
    copy.xtask(&["lint", "queries"]).expect(REFUSED, &format!("missing   {name}"));
    copy.xtask(&["lint", "queries", "--fix"]).expect(0, "renewed");
    copy.xtask(&["lint", "queries"]).expect(0, "passed");
}

#[test]
fn a_forbidden_licence_is_refused() {
    let copy = Copy::of_repository();
    copy.replace("deny.toml", "    \"MIT\",\n", "");
    copy.xtask(&["lint", "dependencies"]).expect(REFUSED, "license");
}

#[test]
fn a_misspelt_word_is_refused() {
    let copy = Copy::of_repository();
    // Put together here, or this file would be refused itself.
    copy.append("README.md", &format!("\nThis word is {}.\n", ["mispel", "led"].concat()));
    copy.xtask(&["lint", "spelling"]).expect(REFUSED, "README.md");
}

#[test]
fn one_check_that_refuses_hides_no_other() {
    let copy = Copy::of_repository();
    copy.replace("xtask/src/main.rs", "fn main() ->", "fn  main()->");
    copy.remove(&copy.files("migrations", ".up.sql").remove(0));
    let ran = copy.xtask(&["lint", "format", "migrations", "spelling"]);
    ran.expect(REFUSED, "refused by format, migrations");
    ran.expect(REFUSED, "spelling    passed");
}

#[test]
fn outside_a_repository_the_error_says_where_to_go() {
    let copy = Copy::of_repository();
    crate::copy::run(copy.command().current_dir("/").arg("lint")).expect(2, "is in no Slipway repository");
}
