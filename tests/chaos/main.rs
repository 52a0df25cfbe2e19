//! `cargo xtask test chaos`: everything that can break on the way of a reading breaks, again and again, and at the
//! end measured = stored + lost with nothing lost, the lake holds what the store holds, once, and the rollups
//! are what a recount gives. What was run by hand, and when: docs/chaos.md.
//!
//! # Layout
//!
//! - [`stations`]: many stations in this process, with the station's own log and acknowledgement
//! - [`connection`]: some of them over one connection to the broker
//! - [`faults`]: what breaks, in an order that the seed gives
//! - [`accounts`]: what must be so at the end
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failed expectation is a test's way of failing"
)]

mod accounts;
mod connection;
mod faults;
mod stations;

use std::time::{Duration, Instant};

use clap::Parser;
use minuano_station::random::Random;
use minuano_tests::{Bucket, Gateway, Mosquitto, Settings, SmallDisk};

use faults::Faults;
use stations::Fleet;

/// Room for a million readings with their rollups.
const DISK: &str = "1g";

/// Stations, broker, gateway and S3 server, of which all but the stations break.
#[derive(Clone, Debug, Parser)]
struct Cli {
    /// Repeats a run: the same faults in the same order, the same readings.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many stations.
    #[arg(long, default_value_t = 40)]
    stations: u64,
    /// How many readings of all stations together, at the least: they are taken until the last fault is over.
    #[arg(long, default_value_t = 24_000)]
    readings: u64,
    /// Over how many seconds they are taken, while things break: each kind of fault at least once.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// How long the rest may take.
    #[arg(long, default_value_t = 180)]
    patience: u64,
    /// With the gateway's own broker, which dies with it.
    #[arg(long)]
    embedded: bool,
}

fn main() {
    let cli = Cli::parse();
    say_how_to_repeat(&cli);
    let begun = Instant::now();
    let mut random = Random::seeded(cli.seed);
    let broker = (!cli.embedded).then(Mosquitto::start);
    let bucket = Bucket::start();
    let disk = SmallDisk::mount(DISK);
    let settings = Settings {
        name: "chaos",
        broker: broker.as_ref().map(|broker| broker.port),
        // Small batches, so that many uploads meet trouble.
        lake: format!("{}close_after = \"2s\"\nclose_rows = 20000\n", bucket.settings()),
        store: disk.as_ref().map(|disk| disk.folder().to_owned()),
        ..Settings::default()
    };
    let gateway = Gateway::start(&settings);
    let fleet = Fleet::start(gateway.mqtt_port, &cli, &mut random);

    let mut faults = Faults::new(gateway, broker, bucket, disk, random);
    let until = begun + Duration::from_secs(cli.seconds);
    while Instant::now() < until || !faults.had_all() {
        faults.next(&fleet);
    }
    faults.heal();
    println!("   {} in {:.0} s", faults.summary(), begun.elapsed().as_secs_f64());

    let truth = fleet.finish(Duration::from_secs(cli.patience), || faults.gateway_must_run());
    println!("   all acknowledged after {:.0} s", begun.elapsed().as_secs_f64());
    let account = accounts::check(&truth, faults.gateway(), faults.bucket());
    println!(
        "   seed {}{}: {account}, in {:.0} s",
        cli.seed,
        if cli.embedded { ", embedded broker" } else { "" },
        begun.elapsed().as_secs_f64()
    );
}

/// What fails names the command that fails again.
fn say_how_to_repeat(cli: &Cli) {
    let Cli { seed, stations, readings, seconds, patience, embedded } = cli.clone();
    let embedded = if embedded { " --embedded" } else { "" };
    let command = format!(
        "cargo xtask test chaos -- --seed {seed} --stations {stations} --readings {readings} --seconds {seconds} \
         --patience {patience}{embedded}"
    );
    println!("── chaos: {command}");
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        usual(info);
        println!("\nthe same again: {command}");
    }));
}
