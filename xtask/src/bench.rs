//! Measures what things cost: speed as ratios against a peer in the same run, the station against its goals.

mod lake;
mod quality;
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
    /// A year of readings, a million exported, 500 listeners: time, bytes, memory.
    Http,
    /// Bytes a row in the lake, beside other ways and another layout; what DuckDB leaves out. Writes its tables into
    /// docs/benchmarks.md.
    Lake,
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
            Benchmark::Lake => lake::run()?,
            Benchmark::Panel => crate::browser::bench()?,
            Benchmark::Ingest => of_the_gateway("bench-ingest", &options.arguments)?,
            Benchmark::Http => of_the_gateway("bench-http", &options.arguments)?,
            Benchmark::Quality => {
                quality::run(options.arguments.first().map_or("../shared/data", String::as_str))?;
            }
            Benchmark::Telemetry => {
                must(cargo().args(["bench", "--package", "minuano-telemetry", "--bench", "decode"]))?;
            }
            Benchmark::Station => station::run()?,
        }
    }
    Ok(())
}

/// Runs a program of `tests/` on the gateway, both optimised.
fn of_the_gateway(program: &str, arguments: &[String]) -> anyhow::Result<()> {
    must(cargo().args(["build", "--release", "--package", "minuano-gateway"]))?;
    must(cargo().args(["build", "--release", "--package", "minuano-tests", "--bin", program]))?;
    must(Command::new(target().join("release").join(program)).args(arguments))
}
