//! What people see meanwhile: a live line for the step that runs on a terminal, plain lines elsewhere.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use super::timeline::{Scene, Step, Timeline, took};

/// How many lines of the output of a step that failed are shown; the page has all.
const SHOWN: usize = 60;

/// Where and how it is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    live: bool,
    colour: bool,
}

/// What a piece of text says about itself by its colour.
#[derive(Clone, Copy, Debug)]
enum Tone {
    Good,
    Bad,
    Faint,
    Strong,
}

impl Terminal {
    /// As this process's standard error wants it, and `NO_COLOR`.
    pub(crate) fn of_this_process() -> Self {
        let live = std::io::stderr().is_terminal();
        let wants_none = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { live, colour: live && !wants_none }
    }

    /// Plain text.
    #[cfg(test)]
    pub(crate) fn plain() -> Self {
        Self { live: false, colour: false }
    }

    /// A line of its own.
    #[expect(clippy::unused_self, reason = "all that is said goes through here")]
    pub(crate) fn say(self, text: &str) {
        eprintln!("{text}");
    }

    /// A scenario begins.
    pub(crate) fn scene(self, name: &str, about: &str) {
        eprintln!("\n{}  {about}", self.in_tone(Tone::Strong, name));
    }

    /// A step has begun.
    pub(crate) fn began(self, step: &str) {
        if !self.live {
            eprintln!("  {step} ...");
        }
    }

    /// A step goes on.
    pub(crate) fn goes_on(self, step: &str, time: Duration) {
        if self.live {
            let text = self.in_tone(Tone::Faint, &format!("{} s", time.as_secs()));
            let _ = write!(std::io::stderr(), "\r\u{1b}[2K  … {step}  {text}");
        }
    }

    /// A step has ended.
    pub(crate) fn ended(self, step: &Step) {
        let clear = if self.live { "\r\u{1b}[2K" } else { "" };
        eprint!("{clear}{}", self.step(step));
    }

    /// What a step came to, with the output of one that failed.
    fn step(self, step: &Step) -> String {
        let mut text = String::new();
        let ending = [step.ending(), took(step.took)].into_iter().filter(|part| !part.is_empty());
        let ending = self.in_tone(Tone::Faint, &ending.collect::<Vec<_>>().join(", "));
        let _ = writeln!(text, "  {} {}  {ending}", self.mark(step.passed()), step.title);
        if let Some(command) = &step.command {
            let _ = writeln!(text, "      {}", self.in_tone(Tone::Faint, &format!("$ {command}")));
        }
        for check in &step.checks {
            let found = if check.holds { String::new() } else { format!(": found {}", check.found) };
            let _ = writeln!(text, "      {} {}{found}", self.mark(check.holds), check.what);
        }
        if !step.passed() {
            let hidden = step.output.len().saturating_sub(SHOWN);
            if hidden > 0 {
                let _ = writeln!(text, "      ┆ {hidden} lines more are on the page");
            }
            for line in step.output.iter().skip(hidden) {
                let _ = writeln!(text, "      ┆ {:>5.1} {}", line.after.as_secs_f64(), line.text);
            }
            for event in &step.events {
                let _ = writeln!(text, "      ┆ event  {event}");
            }
        }
        text
    }

    /// The table at the end.
    pub(crate) fn summary(self, timeline: &Timeline) -> String {
        let width = timeline.scenes.iter().map(|scene| scene.name.chars().count()).max().unwrap_or(8).max(8);
        let mut text = format!("\n{:width$}    steps   time\n", "scenario");
        for scene in &timeline.scenes {
            let _ = writeln!(text, "{}", self.row(scene, width));
        }
        if !timeline.spent.is_empty() {
            let parts = timeline.spent.iter().map(|spent| format!("{} {}", spent.on, took(spent.time)));
            let _ = writeln!(text, "\ntime: {}", parts.collect::<Vec<_>>().join(", "));
        }
        let requests = &timeline.requests;
        if requests.sent > 0 {
            let p99 = requests.p99.map(|p99| format!(", p99 {:.1} ms", p99.as_secs_f64() * 1e3)).unwrap_or_default();
            let _ =
                writeln!(text, "traffic on production: {} requests, {} failed{p99}", requests.sent, requests.failed);
            for (reason, count) in &requests.reasons {
                let _ = writeln!(text, "  {count} x {reason}");
            }
            for failure in requests.failures.iter().take(5) {
                let _ = writeln!(text, "  {failure}");
            }
        }
        let _ = writeln!(text, "{} {}", self.mark(timeline.passed()), timeline.verdict());
        text
    }

    fn row(self, scene: &Scene, width: usize) -> String {
        let passed = scene.steps.iter().filter(|step| step.passed()).count();
        let mark = self.mark(scene.passed());
        let broke = scene.broke.as_ref().map(|why| format!("  {why}")).unwrap_or_default();
        format!("{:width$}  {mark} {passed:>2}/{:<2}  {:>6}{broke}", scene.name, scene.steps.len(), took(scene.took()))
    }

    fn mark(self, good: bool) -> String {
        if good { self.in_tone(Tone::Good, "✓") } else { self.in_tone(Tone::Bad, "✗") }
    }

    fn in_tone(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Good => "32",
            Tone::Bad => "31;1",
            Tone::Faint => "2",
            Tone::Strong => "1",
        };
        if self.colour && !text.is_empty() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::timeline::tests::step;
    use super::super::timeline::{Exit, Requests, Spent};
    use super::*;

    fn outdented(text: &str) -> String {
        text.lines().fold(String::new(), |text, line| text + line.strip_prefix("  ").unwrap_or(line) + "\n")
    }

    #[test]
    fn a_step_that_failed_shows_its_output_and_one_that_passed_does_not() {
        let terminal = Terminal::plain();
        expect![[r"
              ✓ build  exit 0, 2.3 s
                  $ cargo xtask build
                  ✓ there is an image
        "]]
        .assert_eq(&outdented(&terminal.step(&step(
            "build",
            &[0],
            Some(Exit::Code(0)),
            &[("there is an image", true)],
        ))));
        expect![[r"
              ✗ promote  exit 0 instead of 21, 2.3 s
                  $ cargo xtask promote
                  ✗ the old release serves: found something else
                  ┆   0.0 output of <promote>
                  ┆ event  staging: (service myapp-api) has reached a steady state.
        "]]
        .assert_eq(&outdented(&terminal.step(&step(
            "promote",
            &[21],
            Some(Exit::Code(0)),
            &[("the old release serves", false)],
        ))));
    }

    #[test]
    fn the_table_tells_scenarios_time_and_traffic() {
        let scene =
            |name: &str, step| Scene { name: name.to_owned(), about: String::new(), steps: vec![step], broke: None };
        let timeline = Timeline {
            spent: vec![Spent { on: "compile".to_owned(), time: Duration::from_secs(3) }],
            scenes: vec![
                scene("build", step("build", &[0], Some(Exit::Code(0)), &[])),
                scene("deploy-staging", step("deploy", &[0], Some(Exit::Code(1)), &[])),
            ],
            requests: Requests { sent: 900, p99: Some(Duration::from_millis(7)), ..Requests::default() },
            took: Duration::from_secs(70),
            ..Timeline::default()
        };
        expect![[r"

            scenario          steps   time
            build           ✓  1/1    2.3 s
            deploy-staging  ✗  0/1    2.3 s

            time: compile 3.0 s
            traffic on production: 900 requests, 0 failed, p99 7.0 ms
            ✗ 1 of 2 steps passed, 0 of 900 requests failed, 1 min 10 s
        "]]
        .assert_eq(&Terminal::plain().summary(&timeline));
    }
}
