//! The rehearsal as one page of HTML: nothing of it comes from elsewhere, so it can be kept and sent.

mod chart;

use std::fmt::Write as _;

use jiff::Timestamp;

use super::timeline::{Check, Scene, Step, Timeline, took};
use crate::snapshot::ServiceView;

const STYLE: &str = include_str!("page/style.css");

/// The page of a timeline.
pub(crate) fn page(timeline: &Timeline) -> String {
    let verdict = if timeline.passed() { "passed" } else { "failed" };
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>Rehearsal {verdict}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n"
    );
    let _ = writeln!(
        html,
        "<header>\n<h1>Rehearsal <span class=\"badge {verdict}\">{verdict}</span></h1>\n\
         <p class=\"verdict\">{}</p>\n<p class=\"faint\">{}</p>\n</header>",
        escape(&timeline.verdict()),
        escape(&timeline.setting)
    );
    html += &contents(timeline);
    html += "<main>\n";
    html += &traffic(timeline);
    for (number, scene) in (1..).zip(&timeline.scenes) {
        html += &story(number, scene);
    }
    html += &cloud(&timeline.services);
    html += &time(timeline);
    html += "</main>\n</body>\n</html>\n";
    html
}

fn contents(timeline: &Timeline) -> String {
    let mut html = "<nav aria-label=\"Scenarios\">\n<ol>\n".to_owned();
    for (number, scene) in (1..).zip(&timeline.scenes) {
        let _ = writeln!(
            html,
            "<li>{}<a href=\"#scene-{number}\">{}</a> <span class=\"faint\">{}</span></li>",
            mark(scene.passed()),
            escape(&scene.name),
            took(scene.took())
        );
    }
    html + "</ol>\n</nav>\n"
}

fn traffic(timeline: &Timeline) -> String {
    let requests = &timeline.requests;
    let mut html = "<section aria-labelledby=\"traffic\">\n<h2 id=\"traffic\">Traffic on production</h2>\n".to_owned();
    if requests.sent == 0 {
        return html + "<p>No requests were sent: production never served.</p>\n</section>\n";
    }
    let p99 = requests.p99.map(|p99| format!(", 99 of 100 answered within {:.1} ms", p99.as_secs_f64() * 1e3));
    let _ = writeln!(
        html,
        "<p><strong>{}</strong> requests, <strong class=\"{}\">{} failed</strong>{}.</p>",
        requests.sent,
        if requests.failed == 0 { "good" } else { "bad" },
        requests.failed,
        p99.unwrap_or_default()
    );
    html += &chart::chart(timeline);
    if !requests.failures.is_empty() {
        html += "<details>\n<summary>Failed requests</summary>\n<ul>\n";
        for (reason, count) in &requests.reasons {
            let _ = writeln!(html, "<li>{count} × {}</li>", escape(reason));
        }
        for failure in &requests.failures {
            let _ = writeln!(html, "<li>{}</li>", escape(failure));
        }
        html += "</ul>\n</details>\n";
    }
    html + "</section>\n"
}

fn story(number: usize, scene: &Scene) -> String {
    let mut html = format!(
        "<section class=\"scene\" aria-labelledby=\"scene-{number}\">\n\
         <h2 id=\"scene-{number}\"><span class=\"number\">{number}</span> {} {}</h2>\n<p>{}</p>\n<ol class=\"steps\">\n",
        escape(&scene.name),
        badge(scene.passed()),
        escape(&scene.about)
    );
    for step in &scene.steps {
        html += &told(step);
    }
    html += "</ol>\n";
    if let Some(broke) = &scene.broke {
        let _ = writeln!(html, "<p class=\"bad\">It broke off: {}</p>", escape(broke));
    }
    html + "</section>\n"
}

fn told(step: &Step) -> String {
    let state = if step.passed() { "passed" } else { "failed" };
    let ending = step.ending();
    let ending = if ending.is_empty() {
        String::new()
    } else {
        let tone = if step.exited_as_expected() { "good" } else { "bad" };
        format!("<span class=\"{tone}\">{}</span>, ", escape(&ending))
    };
    let mut html = format!(
        "<li class=\"step {state}\">\n<h3>{}{}</h3>\n<p class=\"faint\">{ending}{}, at {}</p>\n",
        mark(step.passed()),
        escape(&step.title),
        took(step.took),
        took(step.began)
    );
    if let Some(command) = &step.command {
        let _ = writeln!(html, "<pre class=\"command\"><code>{}</code></pre>", escape(command));
    }
    if !step.checks.is_empty() {
        html += "<ul class=\"checks\">\n";
        for check in &step.checks {
            html += &checked(check);
        }
        html += "</ul>\n";
    }
    let output = step.output.iter().map(|line| format!("{:>6.1}  {}", line.after.as_secs_f64(), line.text));
    html += &folded("Output", &output.collect::<Vec<_>>(), !step.passed());
    html += &folded("Events of the services", &step.events, false);
    html + "</li>\n"
}

fn checked(check: &Check) -> String {
    let found = if check.holds {
        String::new()
    } else {
        format!(": <span class=\"bad\">found {}</span>", escape(&check.found))
    };
    format!("<li>{}{}{found}</li>\n", mark(check.holds), escape(&check.what))
}

fn folded(what: &str, lines: &[String], open: bool) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let open = if open { " open" } else { "" };
    let count = if lines.len() == 1 { "1 line".to_owned() } else { format!("{} lines", lines.len()) };
    let text = escape(&lines.join("\n"));
    format!(
        "<details{open}>\n<summary>{what} <span class=\"faint\">{count}</span></summary>\n\
         <pre tabindex=\"0\" aria-label=\"{what}\">{text}</pre>\n</details>\n"
    )
}

fn cloud(services: &[ServiceView]) -> String {
    if services.is_empty() {
        return String::new();
    }
    let mut html = "<section aria-labelledby=\"cloud\">\n<h2 id=\"cloud\">The cloud at the end</h2>\n".to_owned();
    for service in services {
        let _ = writeln!(
            html,
            "<h3>{} <span class=\"faint\">{} of {} tasks run</span></h3>\n\
             <div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Deployments of {0}\">\n<table>\n\
             <thead><tr><th scope=\"col\">deployment</th><th scope=\"col\">status</th><th scope=\"col\">image</th>\
             <th scope=\"col\">began</th><th scope=\"col\">took</th><th scope=\"col\">why</th></tr></thead>\n<tbody>",
            escape(&format!("{}/{}", service.cluster, service.name)),
            service.running,
            service.desired
        );
        for deployment in &service.service_deployments {
            let _ = writeln!(
                html,
                "<tr><td>{}</td><td class=\"{}\">{}</td><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td></tr>",
                escape(last(&deployment.arn)),
                tone(&deployment.status),
                escape(&deployment.status.to_lowercase().replace('_', " ")),
                escape(&short(deployment.digest.as_deref())),
                clock(deployment.created_at),
                deployment.finished_at.map(|end| between(deployment.created_at, end)).unwrap_or_default(),
                escape(deployment.status_reason.as_deref().unwrap_or_default())
            );
        }
        html += "</tbody>\n</table>\n</div>\n";
    }
    html + "</section>\n"
}

fn time(timeline: &Timeline) -> String {
    let mut html = "<section aria-labelledby=\"time\">\n<h2 id=\"time\">Where the time goes</h2>\n\
                    <table>\n<thead><tr><th scope=\"col\">part</th><th scope=\"col\">time</th></tr></thead>\n<tbody>\n"
        .to_owned();
    let spent = timeline.spent.iter().map(|spent| (spent.on.as_str(), spent.time));
    let scenes = timeline.scenes.iter().map(|scene| (scene.name.as_str(), scene.took()));
    for (part, time) in spent.chain(scenes) {
        let _ = writeln!(html, "<tr><th scope=\"row\">{}</th><td>{}</td></tr>", escape(part), took(time));
    }
    let _ = writeln!(html, "</tbody>\n<tfoot><tr><th scope=\"row\">in all</th><td>{}</td></tr></tfoot>", {
        took(timeline.took)
    });
    html + "</table>\n</section>\n"
}

fn mark(good: bool) -> &'static str {
    if good {
        "<span class=\"mark good\" role=\"img\" aria-label=\"passed\">✓</span> "
    } else {
        "<span class=\"mark bad\" role=\"img\" aria-label=\"failed\">✗</span> "
    }
}

fn badge(good: bool) -> String {
    let word = if good { "passed" } else { "failed" };
    format!("<span class=\"badge {word}\">{word}</span>")
}

/// How the end of a service deployment looks.
fn tone(status: &str) -> &'static str {
    match status {
        "SUCCESSFUL" => "good",
        "PENDING" | "IN_PROGRESS" => "",
        _ => "bad",
    }
}

fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

fn short(digest: Option<&str>) -> String {
    digest.map(|digest| digest.trim_start_matches("sha256:").chars().take(12).collect()).unwrap_or_default()
}

fn clock(time: Timestamp) -> String {
    time.strftime("%H:%M:%S").to_string()
}

fn between(began: Timestamp, ended: Timestamp) -> String {
    took(std::time::Duration::try_from(ended.duration_since(began)).unwrap_or_default())
}

/// Text inside an element or an attribute.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests;
