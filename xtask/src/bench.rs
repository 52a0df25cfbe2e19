//! Measures what things cost: speed as ratios against a peer in the same run, the station against its goals.

mod station;

use clap::{Args, ValueEnum};

use std::process::Command;

use crate::process::{cargo, must, target};

/// What is measured.
#[derive(Debug, Args)]
#[command(
    after_help = "Figures and method stand in docs/benchmarks.md.\n\nExamples:\n  cargo xtask bench telemetry\n  cargo xtask bench station\n  cargo xtask bench ingest\n  \
                  cargo xtask bench ingest -- paced --rate 10000 --stations 100000 --seconds 600"
)]
pub struct Options {
    /// One benchmark; all of them where not given.
    #[arg(value_enum)]
    which: Option<Benchmark>,
    /// What the benchmark itself is told; see cargo xtask bench ingest -- --help.
    #[arg(last = true)]
    arguments: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Benchmark {
    /// Decoding of messages: messages a second, beside serde_json's untyped parser.
    Telemetry,
    /// The station as firmware: memory, instructions, bytes on disk, size, start.
    Station,
    /// From the broker to the lake: rate, CPU, memory, latency, idling.
    Ingest,
    /// The panel in Chromium: first values painted, 100,000 points redrawn beside Chart.js.
    Panel,
    /// Checks: faults found in real series, false alarms, cost. Writes docs/quality.md; the series lie in
    /// ../shared/data, or in the folder that is given as an argument.
    Quality,
}

/// Runs the chosen benchmarks, optimised.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let chosen =
        Benchmark::value_variants().iter().filter(|one| options.which.is_none_or(|which| which == **one));
    for benchmark in chosen {
        match benchmark {
            Benchmark::Panel => crate::browser::bench()?,
            Benchmark::Ingest => {
                must(cargo().args(["build", "--release", "--package", "minuano-gateway"]))?;
                must(cargo().args([
                    "build",
                    "--release",
                    "--package",
                    "minuano-tests",
                    "--bin",
                    "bench-ingest",
                ]))?;
                must(Command::new(target().join("release/bench-ingest")).args(&options.arguments))?;
            }
            Benchmark::Quality => {
                let folder = options.arguments.first().map_or("../shared/data", String::as_str);
                let example = ["run", "--release", "--package", "minuano-gateway", "--example", "quality"];
                let output = cargo().args(example).args(["--", folder]).output()?;
                anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                std::fs::write("docs/quality.md", &output.stdout)?;
            }
            Benchmark::Telemetry => {
                must(cargo().args(["bench", "--package", "minuano-telemetry", "--bench", "decode"]))?;
            }
            Benchmark::Station => station::run()?,
        }
    }
    Ok(())
}
