//! Documents: a link inside the repository leads somewhere.

use std::path::Path;

use crate::{assert_tidy, root};

/// The targets of the Markdown links in a text that are neither elsewhere nor within the page.
fn local_links(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines()).flat_map(|(number, line)| {
        line.split("](").skip(1).filter_map(move |rest| {
            let target = rest.split([')', ' ']).next()?.split('#').next()?;
            let elsewhere = target.is_empty() || target.contains("://") || target.starts_with("mailto:");
            (!elsewhere).then_some((number, target))
        })
    })
}

fn rule(path: &str, text: &str) -> Vec<String> {
    let folder = Path::new(path).parent().unwrap_or(Path::new(""));
    local_links(text)
        .filter(|(_, target)| !root().join(folder).join(target).exists())
        .map(|(number, target)| format!("{path}:{number}: the link to {target} leads nowhere"))
        .collect()
}

#[test]
fn links_between_documents_lead_somewhere() {
    assert_tidy(|path| path.ends_with(".md"), rule);
}

#[test]
fn the_rule_for_documents_finds_what_it_is_for() {
    let text = "[a](Cargo.toml) and [b](nowhere.md#part)\n[c](https://example.com/x) [d](#here)";
    assert_eq!(local_links(text).collect::<Vec<_>>(), [(1, "Cargo.toml"), (1, "nowhere.md")]);
    assert_eq!(rule("README.md", text), ["README.md:1: the link to nowhere.md leads nowhere"]);
}
