//! What `delivery.toml` says of proofs. The release engine checks the file whole; this reads one value.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

/// How long a migration may keep others waiting unless the file says.
const LONGEST_STALL: Duration = Duration::from_secs(2);

/// `longest_stall` in `[migrations]`.
pub(crate) fn longest_stall(root: &Path) -> anyhow::Result<Duration> {
    let path = root.join("delivery.toml");
    let text = match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(LONGEST_STALL),
        read => read.with_context(|| format!("failed to read {}", path.display()))?,
    };
    let file: toml::Table = text.parse().with_context(|| format!("{} is no TOML", path.display()))?;
    let Some(value) = file.get("migrations").and_then(|table| table.get("longest_stall")) else {
        return Ok(LONGEST_STALL);
    };
    value.as_str().and_then(duration).with_context(|| {
        format!("migrations.longest_stall in {} is no duration: write \"2s\" or \"500ms\"", path.display())
    })
}

fn duration(text: &str) -> Option<Duration> {
    let milliseconds = |number: &str, unit: u64| number.parse::<u64>().ok()?.checked_mul(unit);
    let units = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];
    let read = units.iter().find_map(|(unit, length)| milliseconds(text.strip_suffix(unit)?, *length));
    read.filter(|milliseconds| *milliseconds > 0).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stall_is_a_whole_number_and_a_unit() {
        for (text, expected) in [("2s", Some(2000)), ("500ms", Some(500)), ("1m", Some(60_000))] {
            assert_eq!(duration(text), expected.map(Duration::from_millis), "{text}");
        }
        for text in ["", "2", "s", "2 s", "-1s", "0s", "1.5s"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn this_repository_says_two_seconds() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        assert_eq!(longest_stall(&root).expect("it can be read"), Duration::from_secs(2));
    }
}
