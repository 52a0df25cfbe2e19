//! The suite `containers`: both images built, pushed to a registry, pulled from it and run with nothing that they do
//! not need, over a real engine. No image can be pulled on every machine, so the bases are made from Debian's packages.

mod engine;
mod images;
mod run;

use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::arm64::Outcome;
use crate::cross::Target;
use crate::install;
use crate::process::target;
use engine::Engine;
use images::{Images, Platform};

/// What the suite runs, by Debian package.
const PROGRAMS: [(&str, &str); 6] = [
    ("docker.io", "/usr/sbin/dockerd"),
    ("iptables", "/usr/sbin/iptables"),
    ("mmdebstrap", "/usr/bin/mmdebstrap"),
    ("docker-registry", "/usr/bin/docker-registry"),
    ("qemu-user-static", "/usr/bin/qemu-aarch64-static"),
    ("arch-test", "/usr/bin/arch-test"),
];

/// The platforms that one run proves.
const AMD64: Platform = Platform { name: "amd64", target: Target::Amd64 };
const ARM64: Platform = Platform { name: "arm64", target: Target::Arm64 };

/// Builds, pushes, pulls and runs, or says why not.
pub fn run() -> anyhow::Result<Outcome> {
    if let Some(why) = obstacle() {
        println!("skipped: {why}");
        return Ok(Outcome { skipped: 2, ..Outcome::default() });
    }
    install::programs(&PROGRAMS)?;
    let folder = target().join("containers");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let engine = Engine::start(&folder)?;
    let mut outcome = Outcome::default();
    for station in [AMD64, ARM64] {
        let name = format!("a_gateway_for_amd64_takes_what_a_station_for_{}_measures", station.name);
        match prove(&engine, station, &folder) {
            Ok(()) => {
                println!("test containers::{name} ... ok");
                outcome.passed += 1;
            }
            Err(error) => {
                println!("test containers::{name} ... FAILED\n{error:#}");
                outcome.failed += 1;
            }
        }
    }
    println!("test result: {} passed; {} failed; 0 ignored", outcome.passed, outcome.failed);
    Ok(outcome)
}

fn prove(engine: &Engine, station: Platform, folder: &Path) -> anyhow::Result<()> {
    let images = Images { engine, folder };
    images.base(AMD64)?;
    images.base(station)?;
    let gateway = images.through_registry("minuano-gateway", "docker/gateway.Dockerfile", AMD64)?;
    let station = images.through_registry("minuano-station", "docker/station.Dockerfile", station)?;
    run::together(engine, &gateway, &station, folder)
}

/// Why no engine can run here, if that is known without trying.
fn obstacle() -> Option<String> {
    if !Path::new("/usr/bin/apt-get").exists() {
        return Some("there is no apt-get here".to_owned());
    }
    if !cfg!(target_arch = "x86_64") {
        return Some(format!("tried from x86_64 alone, this is {}", std::env::consts::ARCH));
    }
    (!rustix::process::geteuid().is_root()).then(|| "an engine and its networks need root".to_owned())
}
