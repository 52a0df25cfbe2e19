//! Measures what things cost: speed as ratios against a peer in the same run, the station against its goals.

mod station;

use clap::{Args, ValueEnum};

use crate::process::{cargo, must};

/// What is measured.
#[derive(Debug, Args)]
#[command(
    after_help = "Figures and method stand in docs/benchmarks.md.\n\nExample:\n  cargo xtask bench telemetry\n  cargo xtask bench station"
)]
pub struct Options {
    /// One benchmark; all of them where not given.
    #[arg(value_enum)]
    which: Option<Benchmark>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Benchmark {
    /// Decoding of messages: messages a second, beside serde_json's untyped parser.
    Telemetry,
    /// The station as firmware: memory, instructions, bytes on disk, size, start.
    Station,
}

/// Runs the chosen benchmarks, optimised.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let chosen =
        Benchmark::value_variants().iter().filter(|one| options.which.is_none_or(|which| which == **one));
    for benchmark in chosen {
        match benchmark {
            Benchmark::Telemetry => {
                must(cargo().args(["bench", "--package", "minuano-telemetry", "--bench", "decode"]))?;
            }
            Benchmark::Station => station::run()?,
        }
    }
    Ok(())
}
