//! `cargo xtask test image`: the card image boots in QEMU with emulated sensors, and what it promises is seen to hold.
//! What was seen, and when: docs/image.md.
//!
//! # Layout
//!
//! - [`board`]: the emulated sensors, served to a guest as a USB adapter
//! - [`card`], [`machine`], [`host`]: the image with a minuano.toml, QEMU, and what stands beside it
//! - [`proofs`]: what the image promises, one file a promise
//! - [`report`]: what was seen, into docs/image.md
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a failed expectation is a test's way of failing"
)]

mod board;
mod card;
mod host;
mod machine;
mod proofs;
mod report;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Instant;

use clap::{Parser, Subcommand, ValueEnum};
use proofs::{Given, Proof};

const EXAMPLES: &str = "\
Examples:
  image board --listen 127.0.0.1:18900 --control 127.0.0.1:18901
  qemu-system-aarch64 … -device qemu-xhci -chardev socket,id=board,host=127.0.0.1,port=18900 -device usb-redir,chardev=board
  echo 'weather 21.5 1013.2 48 1200' | nc -N 127.0.0.1 18901";

/// The card image on an emulated board.
#[derive(Debug, Parser)]
#[command(name = "image", after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// See what the image promises; all of it, or what is named
    Prove {
        /// The image, as cargo xtask image makes it
        #[arg(long)]
        image: PathBuf,
        /// Which promise; may be given more than once
        #[arg(long, value_enum)]
        only: Vec<Proof>,
        /// How often the power goes
        #[arg(long, default_value_t = 20)]
        cuts: u32,
        /// Repeats the moments at which it goes
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Where pictures of the panel go
        #[arg(long, default_value = "target/image")]
        pictures: PathBuf,
        /// The document that is told what was seen
        #[arg(long)]
        report: Option<PathBuf>,
    },
    /// Serve the emulated board alone, to be played with by hand
    Board {
        /// Where QEMU's character device connects to
        #[arg(long, default_value = "127.0.0.1:18900")]
        listen: SocketAddr,
        /// Where commands are taken, one a line
        #[arg(long, default_value = "127.0.0.1:18901")]
        control: SocketAddr,
    },
}

fn main() {
    match Cli::parse().command {
        Command::Prove { image, only, cuts, seed, pictures, report } => {
            let only = if only.is_empty() { Proof::value_variants() } else { &only };
            prove(&Given { image, cuts, seed, pictures }, only, report.as_deref());
        }
        Command::Board { listen, control } => board::by_hand(listen, control).expect("both ports are free"),
    }
}

/// One after the other. A proof that fails is a panic, with the end of the machine's console.
fn prove(given: &Given, proofs: &[Proof], report: Option<&std::path::Path>) {
    let mut failed = 0;
    for &proof in proofs {
        println!("── image: {}", proof.title());
        let begun = Instant::now();
        let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| proof.see(given)));
        let seconds = begun.elapsed().as_secs();
        match seen {
            Ok(seen) => {
                println!("test image::{} ... ok, {seconds} s: {seen}", proof.title());
                if let Some(report) = report {
                    report::write(report, proof.title(), &seen);
                }
            }
            Err(_) => {
                println!("test image::{} ... FAILED after {seconds} s", proof.title());
                failed += 1;
            }
        }
    }
    println!("test result: {} passed; {failed} failed; 0 ignored", proofs.len() - failed);
    std::process::exit(i32::from(failed > 0));
}
