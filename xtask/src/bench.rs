//! Measures speed as ratios against a peer in the same run.

use clap::{Args, ValueEnum};

use std::process::Command;

use crate::process::{cargo, must, target};

/// What is measured.
#[derive(Debug, Args)]
#[command(
    after_help = "Figures and method stand in docs/benchmarks.md.\n\nExamples:\n  cargo xtask bench telemetry\n  cargo xtask bench ingest\n  \
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
    /// From the broker to the lake: rate, CPU, memory, latency, idling.
    Ingest,
}

/// Runs the chosen benchmarks, optimised.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let chosen =
        Benchmark::value_variants().iter().filter(|one| options.which.is_none_or(|which| which == **one));
    for benchmark in chosen {
        match benchmark {
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
            Benchmark::Telemetry => {
                must(cargo().args(["bench", "--package", "minuano-telemetry", "--bench", "decode"]))?;
            }
        }
    }
    Ok(())
}
