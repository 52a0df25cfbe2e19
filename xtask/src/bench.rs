//! Measures speed as ratios against a peer in the same run.

use clap::{Args, ValueEnum};

use crate::process::{cargo, must};

/// What is measured.
#[derive(Debug, Args)]
#[command(
    after_help = "Figures and method stand in docs/benchmarks.md.\n\nExample:\n  cargo xtask bench telemetry"
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
        }
    }
    Ok(())
}
