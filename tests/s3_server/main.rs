//! An S3 server for the compose stacks' tests: what stands in for a real one, where none can be pulled.
//!
//! `s3-server ADDRESS FOLDER BUCKET`, with its key in `S3_ACCESS_KEY_ID` and `S3_SECRET_ACCESS_KEY`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test's part fails loudly")]

use std::path::PathBuf;

use minuano_tests::s3::{serve_well, service};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut next =
        |what: &str| arguments.next().unwrap_or_else(|| panic!("s3-server ADDRESS FOLDER BUCKET: no {what}"));
    let (address, folder, bucket) = (next("ADDRESS"), PathBuf::from(next("FOLDER")), next("BUCKET"));
    std::fs::create_dir_all(folder.join(bucket)).expect("the folder can be written");
    let key = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let service = service(&folder, &key("S3_ACCESS_KEY_ID"), &key("S3_SECRET_ACCESS_KEY"));

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind(&address).await.unwrap_or_else(|error| panic!("{address}: {error}"));
        let mut terminated = signal(SignalKind::terminate()).unwrap();
        tokio::select! {
            () = serve_well(listener, service) => {}
            _ = terminated.recv() => {}
        }
    });
}
