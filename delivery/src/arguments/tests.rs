//! What command lines mean.

use clap::CommandFactory as _;
use clap::error::ErrorKind;

use super::*;

fn parse(line: &str) -> Result<Arguments, ErrorKind> {
    Arguments::try_parse_from(line.split_whitespace()).map_err(|error| error.kind())
}

#[test]
fn the_command_line_is_sound_and_ends_its_help_with_the_exit_codes() {
    Arguments::command().debug_assert();
    let help = Arguments::command().render_help().to_string();
    assert!(help.contains("22 the rollback failed"), "{help}");
}

#[test]
fn a_verb_takes_what_it_needs_and_no_more() {
    let sha = "0123456789abcdef0123456789abcdef01234567";
    let arguments = parse(&format!("delivery --settings a/b.toml promote --image-tag {sha} --json")).expect("good");
    assert_eq!(arguments.settings(&Variables::default()), PathBuf::from("a/b.toml"));
    assert!(arguments.verb.json() && !arguments.verb.only_looks());
    assert_eq!(arguments.verb.name(), "promote");
    for (line, looks) in [
        ("delivery deploy-staging", false),
        ("delivery deploy-staging --image-layout x --wait --break-lock", false),
        ("delivery deploy-staging --dry-run", true),
        ("delivery rollback --environment production", false),
        (&format!("delivery rollback --environment staging --to {sha} --dry-run"), true),
        ("delivery status --json", true),
        ("delivery history --environment staging", true),
        ("delivery plan deploy-staging", true),
    ] {
        assert_eq!(parse(line).expect(line).verb.only_looks(), looks, "{line}");
    }
    for (line, kind) in [
        ("delivery", ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand),
        ("delivery promote --image-tag main", ErrorKind::ValueValidation),
        ("delivery rollback --environment moon", ErrorKind::ValueValidation),
        ("delivery status --wait", ErrorKind::UnknownArgument),
        ("delivery deploy-staging --help", ErrorKind::DisplayHelp),
    ] {
        assert_eq!(parse(line), Err(kind), "{line}");
    }
}

#[test]
fn the_settings_and_the_image_may_be_named_by_variables_and_a_flag_goes_before() {
    let variables = |value| Variables::from_iter([("SLIPWAY_SETTINGS", value), ("SLIPWAY_IMAGE_LAYOUT", value)]);
    for (line, value, settings, layout) in [
        ("delivery deploy-staging", "", "delivery.toml", None),
        ("delivery deploy-staging", "x/y", "x/y", Some("x/y")),
        ("delivery --settings a deploy-staging --image-layout b", "x/y", "a", Some("b")),
    ] {
        let arguments = parse(line).expect(line);
        assert_eq!(arguments.settings(&variables(value)), PathBuf::from(settings), "{line}");
        let Verb::DeployStaging(verb) = arguments.verb else { panic!("{line}") };
        assert_eq!(verb.image_layout(&variables(value)), layout.map(PathBuf::from), "{line}");
    }
}

#[test]
fn to_plan_is_to_do_it_without_touching_anything() {
    let sha = "0123456789abcdef0123456789abcdef01234567";
    for (line, name) in [
        ("delivery plan deploy-staging".to_owned(), "deploy-staging"),
        (format!("delivery plan promote --image-tag {sha}"), "promote"),
        ("delivery plan rollback --environment staging --json".to_owned(), "rollback"),
    ] {
        let verb = parse(&line).expect("good").verb;
        assert_eq!(verb.name(), format!("plan {name}"));
        let json = verb.json();
        let resolved = verb.resolved();
        assert_eq!(resolved.name(), name);
        assert!(resolved.only_looks() && resolved.json() == json);
    }
}

#[test]
fn a_variable_stands_for_a_flag_that_is_not_given_and_an_empty_one_for_none() {
    let (sha, other) = ("a".repeat(40), "b".repeat(40));
    let promote = |line: &str, variable: &str| {
        let Verb::Promote(promote) = parse(line).expect(line).verb else { panic!("{line}") };
        promote.commit(&Variables::from_iter([("IMAGE_TAG", variable)])).map_err(|ending| ending.code())
    };
    let flag = format!("delivery promote --image-tag {sha}");
    assert_eq!(promote(&flag, &other).expect("the flag").as_str(), sha);
    assert_eq!(promote("delivery promote", &other).expect("the variable").as_str(), other);
    assert_eq!(promote("delivery promote", ""), Err(exit::USAGE));
    assert_eq!(promote("delivery promote", "main"), Err(exit::USAGE));

    let Verb::Rollback(rollback) = parse("delivery rollback").expect("good").verb else { panic!("it is") };
    let variables = |pairs: [(&'static str, &str); 2]| Variables::from_iter(pairs);
    let set = variables([("DEPLOY_ENVIRONMENT", "production"), ("ROLLBACK_TO", &sha)]);
    assert_eq!(rollback.environment(&set), Ok(Environment::Production));
    assert_eq!(rollback.to(&set).expect("a commit").expect("it is set").as_str(), sha);
    let empty = variables([("DEPLOY_ENVIRONMENT", ""), ("ROLLBACK_TO", "")]);
    assert_eq!(rollback.environment(&empty).map_err(|ending| ending.code()), Err(exit::USAGE));
    assert_eq!(rollback.to(&empty), Ok(None));
    let Looking { environment, .. } = Looking { environment: None, json: false };
    assert_eq!(environment, None);
}
