//! Text of others, made harmless for a terminal and for the log of a workflow.

/// The text without control characters but for line feeds, and without what Actions would take for
/// commands: `##[...]` anywhere in a line. (`::...` is one at the beginning of a line only, where our
/// lines have a time or a bar.)
pub(super) fn text(text: &str) -> String {
    let plain = |c: char| match c {
        '\n' => '\n',
        // Letters that turn the direction of writing can make a line read as another.
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => ' ',
        c if c.is_control() => ' ',
        c => c,
    };
    without_sequences(text).chars().map(plain).collect::<String>().replace("##[", "## [")
}

/// The text without the sequences that colour a terminal, which programs write into their logs.
fn without_sequences(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '\u{1b}' && letters.peek() == Some(&'[') {
            letters.next();
            while letters.next_if(|c| ('\u{20}'..='\u{3f}').contains(c)).is_some() {}
            letters.next_if(|c| ('\u{40}'..='\u{7e}').contains(c));
        } else {
            out.push(letter);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_that_steers_a_terminal_or_a_workflow_comes_through() {
        for (text, expected) in [
            ("plain \u{fc}\nlines", "plain \u{fc}\nlines"),
            ("\u{1b}[1;31mred\u{1b}[0m", "red"),
            ("\u{1b}[2K\rnothing happened", " nothing happened"),
            ("\u{1b}]0;title\u{7}", " ]0;title "),
            ("##[set-env name=A]b", "## [set-env name=A]b"),
            ("a\u{202e}b", "a b"),
            ("cut \u{1b}[31", "cut "),
        ] {
            assert_eq!(super::text(text), expected, "{text:?}");
        }
    }
}
