//! `cargo xtask …`: every chore that is more than one cargo command.
#![expect(clippy::print_stdout, reason = "a command-line tool talks to a person")]

mod arm64;
mod bench;
mod browser;
mod chaos;
mod containers;
mod cross;
mod demo;
mod deny;
mod emulation;
mod image;
mod install;
mod package;
mod panel;
mod process;
mod suites;

use clap::{Parser, Subcommand};

/// Chores of the Minuano repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Builds everything, lets three stations live through a day of real weather, and shows the panel.
    Demo(demo::Options),
    /// Installs what the tests need where it is missing, and runs everything.
    Test(suites::Options),
    /// Measures what things cost, beside a peer or a goal.
    Bench(bench::Options),
    /// Makes the README's two pictures of the panel, docs/panel-now.png and docs/panel-charts.png.
    Screenshots,
    /// Builds for the Raspberry Pi: with cross and Docker, or with Debian's own cross toolchain.
    Cross(cross::Options),
    /// Makes the card image for the Raspberry Pi, with what Raspberry Pi Imager wants beside it.
    Image(image::Options),
    /// Makes Debian packages of station and gateway, with units, man pages and completions.
    Package(package::Options),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().chore {
        Chore::Demo(options) => demo::run(&options),
        Chore::Test(options) => suites::run(&options),
        Chore::Bench(options) => bench::run(&options),
        Chore::Screenshots => browser::screenshots(),
        Chore::Cross(options) => cross::run(&options),
        Chore::Image(options) => image::run(&options),
        Chore::Package(options) => package::run(&options),
    }
}
