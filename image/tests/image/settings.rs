//! The `[image]` table of `delivery.toml`.

use image::settings::{ImageBuilder, ImageSettings};

use crate::support::Project;

fn parse(image: &str) -> anyhow::Result<ImageSettings> {
    ImageSettings::parse(&format!("[image]\n{image}"))
}

#[test]
fn a_name_is_all_that_an_image_needs() {
    let settings = parse("name = \"myapp\"").expect("parses");
    assert_eq!(settings.builder, ImageBuilder::Cargo);
    assert!(settings.files.is_empty() && !settings.dockerfile_adds_files);
}

#[test]
fn the_settings_of_this_repository_parse() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../delivery.toml");
    ImageSettings::read(path.as_ref()).expect("parses");
}

#[test]
fn wrong_settings_are_refused_with_what_is_wrong() {
    let file = |target: &str| format!("name = \"a\"\nfiles = [{{ source = \"x\", target = \"{target}\" }}]");
    let cases = [
        ("nam = \"a\"".to_owned(), "unknown field `nam`"),
        (String::new(), "missing field `name`"),
        ("name = \"My App\"".to_owned(), "a repository's name has lower-case letters"),
        ("name = \"-a\"".to_owned(), "a repository's name has lower-case letters"),
        ("name = \"a\"\nbuilder = \"podman\"".to_owned(), "unknown variant `podman`"),
        (file("etc/x"), "is not absolute"),
        (file("/"), "plain absolute path"),
        (file("/a/../b"), "plain absolute path"),
        (file("/a//b"), "plain absolute path"),
        (file("/a/./b"), "plain absolute path"),
        (file("/a/"), "plain absolute path"),
        (file("/a/.wh.b"), "plain absolute path"),
        (file("/app"), "two files want to be /app"),
        (file("/app/x"), "/app is a file"),
        (
            "name = \"a\"\nfiles = [{ source = \"x\", target = \"/x\", mode = \"0999\" }]".to_owned(),
            "permission bits in octal",
        ),
        ("name = \"a\"\nfiles = [{ source = \"x\", target = \"/x\", owner = 1 }]".to_owned(), "unknown field `owner`"),
    ];
    for (text, expected) in cases {
        let error = format!("{:#}", parse(&text).expect_err(&text));
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn the_command_line_can_ask_which_builder_is_chosen() {
    let project = Project::new();
    assert_eq!(project.image(&["builder"]).expect_code(0).output, "cargo\n");
    project.write("delivery.toml", "[image]\nname = \"a\"\nbuilder = \"docker\"");
    assert_eq!(project.image(&["builder"]).expect_code(0).output, "docker\n");
}
