//! The checks: what they cost, by criterion, and how good they are, written into docs/quality.md.

use std::fs;

use anyhow::Context;
use serde_json::Value;

use crate::process::{cargo, must, target};

/// Readings a second and core that the checks are to take.
const GOAL: f64 = 1e6;

/// Measures, then writes the report. The series lie in `folder`.
pub fn run(folder: &str) -> anyhow::Result<()> {
    must(cargo().args(["bench", "--package", "minuano-gateway", "--bench", "quality"]))?;
    let mut rates = Vec::new();
    for (name, readings, what) in [
        ("station", 1.0, "a station's checks"),
        ("engine", 1.0, "the engine, one station"),
        ("engine_neighbours", 3.0, "the engine, three neighbours"),
    ] {
        let rate = READINGS * readings / seconds(name)?;
        println!("{what}: {:.2} M readings/s a core, {:.2} of the goal of 1 M", rate / 1e6, rate / GOAL);
        rates.push(format!("{:.2}", rate / 1e6));
    }
    let example = ["run", "--release", "--package", "minuano-gateway", "--example", "quality", "--", folder];
    let output = cargo().args(example).args(rates).output()?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::write("docs/quality.md", &output.stdout)?;
    let report = String::from_utf8_lossy(&output.stdout);
    let cost = report.split("## Cost").nth(1).and_then(|rest| rest.split("\n## ").next());
    println!("{}\nwritten: docs/quality.md", cost.unwrap_or_default().trim());
    Ok(())
}

/// Readings of each station that the benchmark takes in one run.
const READINGS: f64 = 25_920.0;

/// The mean time of one run.
fn seconds(name: &str) -> anyhow::Result<f64> {
    let file = target().join("criterion/quality").join(name).join("new/estimates.json");
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let estimates: Value = serde_json::from_str(&text).with_context(|| file.display().to_string())?;
    let ns = estimates["mean"]["point_estimate"].as_f64().with_context(|| format!("{name}: no mean"))?;
    Ok(ns / 1e9)
}
