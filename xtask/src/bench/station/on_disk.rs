//! Bytes written for a reading, on the file system that holds the target folder.

use anyhow::Context;
use serde_json::Value;

use super::say;
use crate::process::{cargo, output};

/// A day at 10 s, by the benchmark `log` of the station's crate.
pub fn measure() -> anyhow::Result<()> {
    let printed =
        output(cargo().args(["bench", "--quiet", "--package", "minuano-station", "--bench", "log"]))?;
    let line = printed.lines().rfind(|line| line.starts_with('{')).context("the benchmark said nothing")?;
    let figures: Value = serde_json::from_str(line)?;
    let of = |link: &str, what: &str| figures[link][what].as_f64().with_context(|| line.to_owned());
    say(
        "bytes to disk a reading, link up, pages as the kernel counts them",
        of("link_up", "disk_bytes")?,
        "B",
        100.0,
    );
    println!(
        "  of them the log's own {:.2} B; {} writes a day",
        of("link_up", "bytes")?,
        of("link_up", "syncs")?
    );
    println!(
        "bytes to disk a reading, link down: {:.0} B in pages, {:.2} B the log's own; {} writes a day",
        of("link_down", "disk_bytes")?,
        of("link_down", "bytes")?,
        of("link_down", "syncs")?
    );
    Ok(())
}
