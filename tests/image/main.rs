//! `cargo xtask test image`: the card image boots in QEMU with emulated sensors, and what it promises is seen to hold.
//! What was seen, and when: docs/image.md.
//!
//! # Layout
//!
//! - [`board`]: the emulated sensors, served to a guest as a USB adapter
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a failed expectation is a test's way of failing"
)]

mod board;

use std::net::SocketAddr;

use clap::{Parser, Subcommand};

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
        Command::Board { listen, control } => board::by_hand(listen, control).expect("both ports are free"),
    }
}
