//! `cargo xtask bench ingest`: what the way from the broker to the lake costs. Method and figures: docs/benchmarks.md.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark that cannot measure has failed"
)]

mod burst;
mod latency;
mod load;
mod paced;
mod peer;
mod quiet;

use clap::{Parser, Subcommand};

/// Measures the gateway from the broker to the lake, beside a subscriber that discards.
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Clone, Debug, Subcommand)]
enum What {
    /// As fast as it goes: 50 publishers, QoS 1, 1,000 stations.
    Burst {
        /// Readings in each round.
        #[arg(long, default_value_t = 300_000)]
        readings: u64,
        /// Rounds of subscriber and gateway, turn about.
        #[arg(long, default_value_t = 2)]
        rounds: u32,
        /// Through the embedded broker alone.
        #[arg(long)]
        embedded: bool,
    },
    /// At a steady rate.
    Paced {
        /// Readings a second.
        #[arg(long, default_value_t = 2_000)]
        rate: u64,
        /// Seconds.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// Stations that share the rate.
        #[arg(long, default_value_t = 1_000)]
        stations: u64,
        /// With a store of at most 16 MiB, so that retention and vacuum have work: what they hold up.
        #[arg(long)]
        bounded: bool,
    },
    /// From a station's time to the event on `/stream`.
    Latency {
        /// Readings a second.
        #[arg(long, default_value_t = 1_000)]
        rate: u64,
        /// Seconds.
        #[arg(long, default_value_t = 30)]
        seconds: u64,
    },
    /// Nothing to do: connected, without a broker, and with 10,000 stations at rest.
    Quiet {
        /// Seconds for each.
        #[arg(long, default_value_t = 30)]
        seconds: u64,
    },
    /// The peer: a bare rumqttc subscriber that discards.
    #[command(hide = true)]
    Discard { port: u16, readings: u64 },
}

fn main() {
    match Cli::parse().what {
        None => {
            burst::run(300_000, 2, false);
            burst::run(300_000, 1, true);
            paced::run(2_000, 60, 1_000, false);
            paced::run(5_000, 120, 1_000, true);
            latency::run(1_000, 30);
            quiet::run(30);
        }
        Some(What::Burst { readings, rounds, embedded }) => burst::run(readings, rounds, embedded),
        Some(What::Paced { rate, seconds, stations, bounded }) => {
            paced::run(rate, seconds, stations, bounded);
        }
        Some(What::Latency { rate, seconds }) => latency::run(rate, seconds),
        Some(What::Quiet { seconds }) => quiet::run(seconds),
        Some(What::Discard { port, readings }) => peer::discard(port, readings),
    }
}
