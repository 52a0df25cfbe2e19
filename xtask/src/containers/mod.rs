//! The suite `containers`: both images built, pushed to a registry, pulled from it and run with nothing that they do
//! not need, and the stacks around them, over a real engine. No image can be pulled on every machine, so whatever they
//! stand on is made from Debian's packages.
//!
//! # Layout
//!
//! - [`engine`]: an engine and a registry of this run's own
//! - [`debian`]: base images from packages, and programs of a newer release
//! - [`images`]: our two images, for both architectures
//! - [`stages`]: the same from their sources alone
//! - [`together`]: broker, gateway and station, hardened
//! - [`stack`]: compose, [`stacks`]: what each stack has to do
//! - [`compose`]: every compose file, run here or not
//! - [`kubernetes`]: the manifests against their schemas
//! - [`panel`]: what is seen from outside

mod compose;
mod debian;
mod engine;
mod images;
mod kubernetes;
mod panel;
mod stack;
mod stacks;
mod stages;
mod together;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::arm64::Outcome;
use crate::install;
use crate::process::target;
use engine::Engine;
use images::{AMD64, ARM64, GATEWAY, Images, Product, STATION};

/// What the suite runs, by Debian package.
const PROGRAMS: [(&str, &str); 7] = [
    ("docker.io", "/usr/sbin/dockerd"),
    ("iptables", "/usr/sbin/iptables"),
    ("mmdebstrap", "/usr/bin/mmdebstrap"),
    ("docker-registry", "/usr/bin/docker-registry"),
    ("qemu-user-static", "/usr/bin/qemu-aarch64-static"),
    ("arch-test", "/usr/bin/arch-test"),
    ("curl", "/usr/bin/curl"),
];
const WITHIN: Duration = Duration::from_secs(120);

/// How much is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Both images for this machine: what a test run has time for.
    Amd64,
    /// Both architectures and every stack.
    All,
    /// The same with binaries as they are released, their sizes, and the Dockerfiles' own compiling.
    Released,
}

type Test = fn(&Images<'_>) -> anyhow::Result<()>;
const QUICK: [(&str, Test); 1] =
    [("a_gateway_for_amd64_takes_what_a_station_for_amd64_measures", |images| {
        together::together(images, AMD64, AMD64)
    })];
const MORE: [(&str, Test); 9] = [
    ("the_demo_runs_by_compose_and_keeps_its_readings", stacks::demo),
    ("the_servers_stack_with_monitoring_takes_a_stations_readings_by_tls", stacks::server),
    ("every_compose_file_is_a_stack_of_bounded_services", compose::files),
    ("alert_rules_say_what_they_should", stacks::alert_rules),
    ("kubernetes_manifests_fit_their_schemas", kubernetes::manifests),
    ("a_gateway_for_amd64_takes_what_a_station_for_arm64_measures", |images| {
        together::together(images, ARM64, AMD64)
    }),
    ("a_gateway_for_arm64_takes_what_a_station_for_arm64_measures", |images| {
        together::together(images, ARM64, ARM64)
    }),
    ("the_stations_tag_has_both_architectures", |images| one_tag(images, STATION)),
    ("the_gateways_tag_has_both_architectures", |images| one_tag(images, GATEWAY)),
];
const LONG: [(&str, Test); 2] = [
    ("the_dockerfile_builds_the_station_for_arm64_from_sources", stages::station),
    ("the_dockerfile_builds_the_panel_from_sources", stages::panel),
];

/// Builds, pushes, pulls and runs what has one of these words in its name, or everything; or says why not.
pub fn run(extent: Extent, words: &[String]) -> anyhow::Result<Outcome> {
    let mut tests: Vec<(&str, Test)> = match extent {
        Extent::Amd64 => QUICK.to_vec(),
        Extent::All => QUICK.into_iter().chain(MORE).collect(),
        Extent::Released => QUICK.into_iter().chain(MORE).chain(LONG).collect(),
    };
    tests.retain(|(name, _)| words.is_empty() || words.iter().any(|word| name.contains(word)));
    ensure!(!tests.is_empty(), "no test of containers has {words:?} in its name");
    if let Some(why) = obstacle() {
        println!("skipped: {why}");
        return Ok(Outcome { skipped: u64::try_from(tests.len())?, ..Outcome::default() });
    }
    install::programs(&PROGRAMS)?;
    let folder = target().join("containers");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let engine = Engine::start(&folder)?;
    let images = Images::new(&engine, &folder, extent == Extent::Released);
    let mut outcome = Outcome::default();
    for (name, test) in tests {
        let begun = Instant::now();
        match test(&images) {
            Ok(()) => {
                println!("test containers::{name} ... ok ({} s)", begun.elapsed().as_secs());
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

/// Who pulls gets what his machine can run.
fn one_tag(images: &Images<'_>, product: Product) -> anyhow::Result<()> {
    let tag = images.one_tag(product)?;
    for platform in [ARM64, AMD64] {
        images.pull(&tag, platform)?;
        let said = images.engine.says(&["run", "--rm", "--network=none", &tag, "--version"])?;
        ensure!(said.starts_with(product.package), "{tag} for {} said {said}", platform.name);
    }
    Ok(())
}

/// Waits until something holds.
fn until(what: &str, mut holds: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<()> {
    let deadline = Instant::now() + WITHIN;
    loop {
        match holds() {
            Ok(()) => return Ok(()),
            Err(error) if Instant::now() > deadline => {
                return Err(error.context(format!("{what} did not come within {} s", WITHIN.as_secs())));
            }
            Err(_) => std::thread::sleep(Duration::from_millis(200)),
        }
    }
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
