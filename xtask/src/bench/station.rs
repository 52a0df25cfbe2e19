//! What the station costs: memory, instructions, bytes on disk, its size, and the time to its first reading.
//!
//! The binary is the one that goes into the packages (profile `firmware`), the broker is mosquitto. The bus is the
//! emulated one, whose arithmetic is counted with the station's.

mod instructions;
mod memory;
mod on_disk;
mod rig;
mod start;

use std::time::Duration;

use self::rig::Rig;
use crate::cross::{self, Build, Target, Toolchain};
use crate::install;

const MIB: f64 = 1024.0 * 1024.0;
/// What the benchmark runs, by Debian package.
const PROGRAMS: [(&str, &str); 4] = [
    ("mosquitto", "/usr/sbin/mosquitto"),
    ("mosquitto-clients", "/usr/bin/mosquitto_sub"),
    ("openssl", "/usr/bin/openssl"),
    ("valgrind", "/usr/bin/valgrind"),
];
const WITHIN: Duration = Duration::from_secs(120);

/// Builds what is measured, measures, and prints each figure beside its goal.
pub fn run() -> anyhow::Result<()> {
    install::programs(&PROGRAMS)?;
    let here = firmware(Target::here()?)?;
    size()?;
    let rig = Rig::new(here)?;
    start::measure(&rig)?;
    on_disk::measure()?;
    memory::measure(&rig)?;
    instructions::measure(&rig)
}

fn firmware(target: Target) -> anyhow::Result<std::path::PathBuf> {
    Build { target, package: "minuano-station", profile: "firmware", toolchain: Toolchain::Debian }.run()
}

/// What goes onto the card.
fn size() -> anyhow::Result<()> {
    if let Some(why) = cross::obstacle() {
        println!("size of the arm64 binary: not measured: {why}");
        return Ok(());
    }
    let bytes = std::fs::metadata(firmware(Target::Arm64)?)?.len();
    #[expect(clippy::cast_precision_loss, reason = "megabytes")]
    say("size of the arm64 binary, TLS included", bytes as f64 / MIB, "MiB", 4.0);
    Ok(())
}

/// A figure beside its goal.
fn say(what: &str, figure: f64, unit: &str, goal: f64) {
    let verdict = if figure < goal { "met" } else { "MISSED" };
    println!("{what}: {figure:.2} {unit} (goal: under {goal} {unit}; {verdict})");
}
