//! Real parts for the end-to-end tests: each on a free port and in a folder of its own, so that tests run
//! side by side, and each ended by the handle that started it.
//!
//! Nothing here uses the product's own crates: what a test sees is what any other program would see.
//!
//! # Layout
//!
//! - [`mod@eventually`]: waits with a deadline, never for a fixed time
//! - [`ports`]: ports that nobody listens on
//! - [`process`]: a program with its log, its signals and its end
//! - [`mosquitto`], [`rabbitmq`], [`activemq`]: Debian's brokers
//! - [`certificates`]: a certificate authority, and passwords, for one test
//! - [`s3`]: a bucket whose server checks signatures
//! - [`elastic`]: a cluster that keeps Elasticsearch's rules
//! - [`gateway`], [`station`]: the product's binaries
//! - [`http`]: requests and answers; [`metrics`]: numbers in `/metrics`
//! - [`wire`]: an MQTT client that says anything, good or bad, and remembers what it heard
//! - [`publisher`]: one that publishes as fast as a broker takes it
//! - [`usage`]: what a process has used of CPU and memory
//! - [`payload`]: well-formed payloads to begin from
//! - [`browser`]: Chromium with the panel open
//! - [`receiver`]: a mail server, ntfy, a webhook
//! - [`python`]: scripts that read what the gateway wrote

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a failed expectation is a test's way of failing"
)]

pub mod activemq;
pub mod browser;
pub mod certificates;
pub mod elastic;
pub mod eventually;
pub mod gateway;
pub mod http;
pub mod metrics;
pub mod mosquitto;
pub mod payload;
pub mod ports;
pub mod process;
pub mod publisher;
pub mod python;
pub mod rabbitmq;
pub mod receiver;
pub mod s3;
pub mod station;
pub mod usage;
pub mod wire;

pub use browser::Browser;
pub use eventually::{SOON, eventually};
pub use gateway::{Gateway, Settings};
pub use mosquitto::Mosquitto;
pub use process::Process;
pub use receiver::Receiver;
pub use s3::Bucket;
pub use station::Station;
pub use wire::Wire;

use std::path::{Path, PathBuf};

/// The repository's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}
