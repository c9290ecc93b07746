//! What a browser makes of the page: an automatic check of accessibility, in light and dark, at the width
//! of a desk and of a phone, without a network.
//!
//! It needs a browser (`SLIPWAY_TEST_BROWSER`) and axe (`SLIPWAY_TEST_AXE`), which `cargo xtask test
//! --clients` names, and is left out, saying so, without them. Axe is a script, and the page forbids
//! scripts: it is run on a copy, inside a frame as wide as the screen that is played.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::made_up::{self, Made};

/// A desk and a phone.
const WIDTHS: [u32; 2] = [1280, 360];

#[test]
fn an_automatic_check_of_accessibility_finds_nothing() {
    let program = |name| std::env::var_os(name).map(PathBuf::from);
    let (Some(chromium), Some(axe)) = (program("SLIPWAY_TEST_BROWSER"), program("SLIPWAY_TEST_AXE")) else {
        eprintln!("skipped: no browser and no axe are named; `cargo xtask test --clients` does");
        return;
    };
    let axe = std::fs::read_to_string(axe).expect("axe can be read");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    std::fs::create_dir_all(&folder).expect("a folder");
    let pages: [(&str, Made); 6] = [
        ("success", made_up::success()),
        ("rollback", made_up::rolled_back()),
        ("abort", made_up::aborted()),
        ("not-back", made_up::not_back()),
        ("refusal", made_up::refused()),
        ("empty", made_up::empty()),
    ];
    let mut wrong = Vec::new();
    for (name, made) in pages {
        let page = made.page();
        std::fs::write(folder.join(format!("{name}.html")), &page).expect("a page");
        let path = folder.join(format!("{name}.check.html"));
        std::fs::write(&path, harness(&page, &axe)).expect("a page");
        for found in look(&chromium, &path).as_array().expect("a list") {
            let (as_shown, rules) = (&found["as"], found["violations"].as_array().expect("a list"));
            wrong.extend(rules.iter().map(|rule| format!("{name}, {as_shown}: {rule}")));
            let (width, wide) = (found["width"].as_u64(), found["wide"].as_u64());
            if wide > width {
                wrong.push(format!("{name}, {as_shown}: {wide:?} wide where there is room for {width:?}"));
            }
            assert!(found["passes"].as_u64() > Some(5), "{name}: axe has looked at it: {found}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A page that shows another at each width and in each scheme, has axe look at it, and writes what was
/// found where `--dump-dom` shows it.
fn harness(page: &str, axe: &str) -> String {
    let policy = page.find("<meta http-equiv").expect("a policy");
    let end = policy + page[policy..].find('>').expect("its end") + 1;
    let open = page.replace(&page[policy..end], "").replace("<details>", "<details open>");
    let dark = open.replace("@media (prefers-color-scheme: dark)", "@media all");
    let light = open.replace("@media (prefers-color-scheme: dark)", "@media not all");
    let pages = serde_json::json!({ "light": light, "dark": dark }).to_string().replace("</", "<\\/");
    let axe = serde_json::to_string(axe).expect("text").replace("</", "<\\/");
    format!(
        "<!doctype html><html lang=\"en\"><title>check</title><body><pre id=\"found\"></pre><script>
const pages = {pages}, axe = {axe}, found = [];
const look = async (scheme, width) => {{
  const frame = document.createElement('iframe');
  frame.width = width; frame.height = 2000; frame.style.border = 0;
  frame.srcdoc = pages[scheme];
  await new Promise(done => {{ frame.onload = done; document.body.append(frame); }});
  const inner = frame.contentWindow;
  inner.eval(axe);
  const result = await inner.axe.run(inner.document, {{ iframes: false }});
  found.push({{ as: scheme + ' at ' + width, passes: result.passes.length, width,
    wide: inner.document.documentElement.scrollWidth,
    violations: result.violations.map(rule => ({{ id: rule.id, help: rule.help,
      nodes: rule.nodes.slice(0, 5).map(node => node.html.slice(0, 200) + ' ' + node.failureSummary) }})) }});
  frame.remove();
}};
(async () => {{
  try {{
    for (const scheme of ['light', 'dark']) for (const width of {WIDTHS:?}) await look(scheme, width);
    document.getElementById('found').textContent = 'FOUND' + btoa(unescape(encodeURIComponent(JSON.stringify(found)))) + 'END';
  }} catch (error) {{ document.getElementById('found').textContent = 'BROKE ' + error; }}
}})();
</script></body></html>"
    )
}

/// What the harness has found.
fn look(chromium: &Path, page: &Path) -> Value {
    use base64::Engine as _;
    let profile = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(chromium);
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--dump-dom"]);
    // Nobody is reached: whatever the page asks for fails to be found.
    command.args(["--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=120000"]);
    command.arg(format!("--user-data-dir={}", profile.path().display()));
    let output = command.arg(format!("file://{}", page.display())).output().expect("chromium starts");
    let text = String::from_utf8_lossy(&output.stdout);
    // In the element, not in the script.
    let found = text.split("<pre id=\"found\">FOUND").nth(1).and_then(|rest| rest.split("END").next());
    let found = found.unwrap_or_else(|| panic!("{}: {}", page.display(), String::from_utf8_lossy(&output.stderr)));
    let found = base64::engine::general_purpose::STANDARD.decode(found).expect("base64");
    serde_json::from_slice(&found).expect("JSON")
}
