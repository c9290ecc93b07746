//! What the verbs make of the programs that they start: in a repository with nothing in it, with
//! programs that only note how they were called and end as the test says.

mod scene;

use self::scene::Scene;

const UNEXPECTED: i32 = 1;
const USAGE: i32 = 2;
const REFUSED: i32 = 10;
const COULD_NOT_TELL: i32 = 11;

const CI: [&str; 3] = ["ci", "--advisory-db", "advisories"];

#[test]
fn ci_passes_when_every_gate_does_and_leaves_a_summary() {
    let scene = Scene::new();
    let ran = scene.xtask(&CI).expect(0, "ratio");
    for gate in ["lint", "test", "prove", "build", "scan"] {
        assert!(ran.output.contains(&format!("{gate}: passed in")), "{}", ran.output);
        assert!(scene.read("summary").contains(&format!("| {gate} | passed |")), "{}", scene.read("summary"));
    }
}

#[test]
fn one_failing_gate_hides_no_other_and_the_worst_decides() {
    let scene = Scene::new().failing("fmt", 1).failing("image -- scan", COULD_NOT_TELL);
    let ran = scene.xtask(&CI).expect(REFUSED, "lint: refused in");
    ran.says("scan: could not tell in").says("test: passed in").says("error: refused by lint");
    assert!(scene.read("summary").contains("| refused by format |"), "{}", scene.read("summary"));
}

#[test]
fn a_gate_that_could_not_tell_is_no_pass() {
    let scene = Scene::new().failing("image -- scan", COULD_NOT_TELL);
    scene.xtask(&CI).expect(COULD_NOT_TELL, "error: could not tell: scan");
}

#[test]
fn the_scan_has_not_passed_when_there_is_no_image_to_scan() {
    let scene = Scene::new().failing("auditable build", 101);
    let ran = scene.xtask(&CI).expect(UNEXPECTED, "build: broke in");
    ran.says("scan: could not tell in").says("not run: build did not pass");
}

#[test]
fn coverage_is_judged_by_the_lines_of_the_report() {
    let scene = Scene::new();
    scene.write("lcov", "LF:100\nLH:80\n");
    scene.xtask(&["test", "--coverage"]).expect(0, "80.00 % of lines (80 of 100)");
    scene.write("lcov", "LF:100\nLH:79\n");
    scene.xtask(&["test", "--coverage"]).expect(REFUSED, "79.00 % of lines (79 of 100)");
    scene.write("lcov", "");
    scene.xtask(&["test", "--coverage"]).expect(COULD_NOT_TELL, "the report holds no line");
}

#[test]
fn what_the_workflows_that_deploy_wait_for_is_told_and_is_no_failure() {
    let scene = Scene::new();
    let ran = scene.xtask(&["doctor", "--delivery"]).expect(0, "Set AWS_STAGING_ROLE and AWS_PRODUCTION_ROLE among");
    ran.says("deploy-production, rollback");
    assert!(scene.read("summary").contains("### Nothing is deployed yet"), "{}", scene.read("summary"));
    assert_eq!(scene.read("calls"), "", "it started something");
}

#[test]
fn whether_a_person_is_asked_is_no_pass_when_github_does_not_say_and_the_token_is_no_argument() {
    let scene = Scene::new().failing("curl", 7);
    scene.xtask(&["doctor", "--protection", "production"]).expect(COULD_NOT_TELL, "GitHub was not reached at");
    let calls = scene.read("calls");
    assert!(calls.contains("https://api.github.example/repos/myorg/myapp/environments/production"), "{calls}");
    assert!(!calls.contains("token-of-the-scene"), "{calls}");
    // It answers, with nothing.
    Scene::new().xtask(&["doctor", "--protection", "production"]).expect(COULD_NOT_TELL, "GitHub answered");
}

#[test]
fn tests_that_fail_are_a_refusal_and_filters_reach_nextest() {
    let scene = Scene::new();
    scene.xtask(&["test", "--gates", "--", "some_filter"]).expect(0, "");
    assert!(scene.read("calls").contains("nextest run --workspace --locked --profile gates some_filter"));
    Scene::new().failing("nextest run", 100).xtask(&["test"]).expect(REFUSED, "the tests failed");
}

#[test]
fn programs_that_others_wrote_have_a_run_of_their_own() {
    let scene = Scene::new();
    scene.xtask(&["test", "--clients", "--", "docker"]).expect(0, "");
    assert!(scene.read("calls").contains("nextest run --workspace --locked --profile clients docker"));
    scene.failing("nextest run", 100).xtask(&["test", "--clients"]).expect(REFUSED, "other people's programs failed");
}

#[test]
fn a_dirty_tree_is_built_and_marked() {
    let scene = Scene::new();
    scene.xtask(&["build", "--json"]).expect(0, "");
    assert!(!scene.read("calls").contains("-dirty"), "{}", scene.read("calls"));
    scene.write("new.txt", "not in the commit");
    scene.xtask(&["build", "--builder", "cargo"]).expect(0, "the tree differs from commit");
    assert!(scene.read("calls").contains("-dirty"), "{}", scene.read("calls"));
}

#[test]
fn the_verdict_of_the_image_program_is_that_of_the_scan() {
    for code in [0, REFUSED, COULD_NOT_TELL, USAGE] {
        let scene = Scene::new().failing("image -- scan", code);
        scene.write("target/image/index.json", "{}");
        scene.xtask(&["scan", "--advisory-db", "advisories", "--max-database-age", "9d"]).expect(code, "");
        scene.xtask(&["scan", "--report", "report.json", "--advisory-db", "advisories", "--json"]).expect(code, "");
    }
    Scene::new().xtask(&["scan", "--advisory-db", "advisories"]).expect(USAGE, "make one with `cargo xtask build`");
}

#[test]
fn the_service_is_migrated_and_then_served() {
    let scene = Scene::new();
    scene.xtask(&["run", "--listen", "127.0.0.1:1"]).expect(0, "serving on http://127.0.0.1:1");
    let calls = scene.read("calls");
    let (migrated, served) = (calls.find("migrate up"), calls.find("-- serve"));
    assert!(migrated.is_some() && migrated < served, "{calls}");
    scene.xtask(&["migrate", "status"]).expect(0, "");
    Scene::new().failing("app -- migrate", 2).xtask(&["migrate", "sideways"]).expect(USAGE, "did not accept");
}

#[test]
fn the_status_of_an_environment_is_asked_of_the_release_engine() {
    for environment in [&["--environment", "staging"][..], &["--environment=staging"]] {
        let scene = Scene::new();
        scene.xtask(&[&["migrate", "status"], environment].concat()).expect(0, "");
        let calls = scene.read("calls");
        assert!(calls.contains(&format!("delivery.toml migrate-status {}", environment.join(" "))), "{calls}");
        assert!(!calls.contains("app -- migrate"), "{calls}");
    }
    let scene = Scene::new().failing("delivery -- --settings", COULD_NOT_TELL);
    scene.xtask(&["migrate", "status", "--environment", "staging"]).expect(COULD_NOT_TELL, "");
}

#[test]
fn migrations_are_proved_where_they_or_the_queries_have_changed() {
    let scene = Scene::new();
    scene.xtask(&["migrate", "prove"]).expect(0, "migrate prove: skipped");
    assert!(!scene.read("calls").contains("--package prove"), "{}", scene.read("calls"));
    scene.write("changed", "migrations/0002_b.up.sql\n");
    scene.xtask(&["migrate", "prove"]).expect(0, "");
    assert!(scene.read("calls").contains("--package prove --"), "{}", scene.read("calls"));
    for code in [REFUSED, COULD_NOT_TELL] {
        let scene = Scene::new().failing("prove -- queries", code);
        scene.xtask(&["migrate", "prove", "queries", "--release", "v1"]).expect(code, "migrate prove");
    }
    Scene::new()
        .failing("schema -- changed", COULD_NOT_TELL)
        .xtask(&CI)
        .expect(COULD_NOT_TELL, "prove: could not tell");
}

#[test]
fn a_verb_of_the_release_engine_ends_as_the_engine_does_and_adds_no_word() {
    for code in [0, UNEXPECTED, USAGE, REFUSED, COULD_NOT_TELL, 20, 21, 22, 130] {
        let scene = Scene::new().failing("delivery -- --settings", code);
        let ran = scene.xtask(&["promote", "--image-tag", "abc", "--json"]).expect(code, "");
        assert_eq!(ran.output, "", "exit code {code}");
    }
    Scene::new().failing("delivery -- --settings", 101).xtask(&["status"]).expect(UNEXPECTED, "the release engine");
}

#[test]
fn a_verb_of_the_release_engine_passes_on_its_arguments_help_included() {
    for verb in ["deploy-staging", "promote", "rollback", "status", "history", "plan"] {
        let scene = Scene::new();
        scene.xtask(&[verb, "--environment", "production", "word", "--help", "--", "-x"]).expect(0, "");
        let calls = scene.read("calls");
        let passed_on = format!("delivery.toml {verb} --environment production word --help -- -x");
        assert!(calls.contains(&passed_on), "{calls}");
    }
}

#[test]
fn tools_that_end_in_another_way_than_by_a_finding_could_not_tell() {
    let cases = [
        ("zizmor", 14, "workflows", REFUSED),
        ("zizmor", 1, "workflows", COULD_NOT_TELL),
        ("typos", 2, "spelling", REFUSED),
        ("typos", 70, "spelling", COULD_NOT_TELL),
        ("cargo-deny", 4, "dependencies", REFUSED),
        ("cargo-deny", 1, "dependencies", COULD_NOT_TELL),
    ];
    for (tool, code, check, expected) in cases {
        Scene::new().failing(tool, code).xtask(&["lint", check]).expect(expected, check);
    }
}

#[test]
fn doctor_lists_what_is_there_and_the_line_that_mends_what_is_not() {
    let scene = Scene::new();
    let ran = scene.xtask(&["doctor"]);
    ran.says("cargo-nextest").says("0.9.143").says("PostgreSQL").says("local: a server");
}

#[test]
fn a_wrong_word_is_a_usage_error() {
    Scene::new().xtask(&["lint", "everything"]).expect(USAGE, "possible values");
}
